"""The logs of a run's nodes as a stream of lines, as they are written.

A step has two logs, stdout and stderr, whose lines have no times: of each node those of the one come before those of
the other that were written since the last look.
"""

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import anyio
import re2
from anyio.to_thread import run_sync

from pipeline.engine.views import NodeView, RunView, pod_name
from pipeline.errors import UserError
from pipeline.serve.listing import Query, number
from pipeline.serve.problems import invalid
from pipeline.serve.runs import Runs
from pipeline.show.log_lines import Tail

_LOOK_SECONDS: Final = 0.1
_OVER: Final = ("Succeeded", "Failed", "Error")
_FILES: Final = ("stdout.log", "stderr.log")


@dataclass
class _Open:
    pod: str
    tails: tuple[Tail, ...]
    begun: bool = False
    ended: bool = False


@dataclass
class LogStream:
    """The lines of one run. `pod`: of this one only. `last`: of each pod, so many."""

    runs: Runs
    run: str
    pod: str = ""
    follow: bool = False
    last: int = 0
    wanted: Callable[[str], bool] = lambda _: True
    _open: dict[str, _Open] = field(default_factory=dict)

    async def entries(self) -> AsyncIterator[dict[str, Any]]:
        """One for each line, until the run ends, so that a client which reconnects at an end does not do so before."""
        while True:
            found, over = await run_sync(self._read)
            for entry in found:
                yield entry
            if over:
                return
            if not found:
                await anyio.sleep(_LOOK_SECONDS)

    def _read(self) -> tuple[list[dict[str, Any]], bool]:
        """The next part of what is new, and whether nothing more will come."""
        try:
            view = self.runs.view(self.run)
        except UserError:  # deleted meanwhile
            return [], True
        over = view.phase in _OVER or not self.follow
        entries = [entry for node in view.nodes for entry in self._of(view, node, over=over)]
        return entries, over and all(each.ended for each in self._open.values())

    def _of(self, view: RunView, node: NodeView, *, over: bool) -> Iterator[dict[str, Any]]:
        known = self._opened(view, node)
        if known is None or known.ended:
            return
        finished = over or node.phase in _OVER
        lines = list(self._part(known))
        if self.last and not known.begun:
            known.ended = finished
            lines = list(deque(self._rest(known, lines), self.last))
        elif finished and not lines:
            known.ended = True
            lines = [line for tail in known.tails for line in tail.lines(ended=True)]
        known.begun = True
        for line in lines:
            if self.wanted(line):
                yield {"content": line, "podName": known.pod}

    def _part(self, known: _Open) -> Iterator[str]:
        """What comes next: some megabytes at most, however large the log is."""
        return (line for tail in known.tails for line in tail.lines())

    def _rest(self, known: _Open, lines: list[str]) -> Iterator[str]:
        """All that is written by now and wanted."""
        while lines:
            yield from filter(self.wanted, lines)
            lines = list(self._part(known))
        if known.ended:
            yield from filter(self.wanted, (line for tail in known.tails for line in tail.lines(ended=True)))

    def _opened(self, view: RunView, node: NodeView) -> _Open | None:
        """The logs of a node; None where it has none, or none that is wanted."""
        if node.id not in self._open and node.log is not None and node.type == "Pod":
            pod, log = pod_name(view.id, node), node.log
            if self.pod in ("", pod, node.id):
                self._open[node.id] = _Open(pod, tuple(Tail(log / name) for name in _FILES))
        return self._open.get(node.id)


def log_stream(runs: Runs, name: str, query: Query) -> LogStream:
    """What a request asks for.

    Raises:
        Problem: there is no such run, or `grep` is no pattern.
    """
    run = runs.item(name).name
    pattern = query.get("grep", "")
    wanted: Callable[[str], bool] = lambda _: True  # noqa: E731 - a default
    if pattern:
        try:
            found = re2.compile(pattern)
        except re2.error:
            raise invalid(f"grep is {pattern!r:.60}, which is no regular expression of RE2") from None
        wanted = lambda line: found.search(line) is not None  # noqa: E731
    return LogStream(
        runs,
        run,
        pod=query.get("podName", ""),
        follow=query.get("logOptions.follow") == "true",
        last=number(query, "logOptions.tailLines"),
        wanted=wanted,
    )
