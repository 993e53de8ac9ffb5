"""The logs of a run's nodes as a stream of lines, as they are written: those of all nodes, and of stdout and stderr, in
the order in which they came."""

import heapq
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from operator import itemgetter
from typing import Any, Final

import anyio
import re2
from anyio.to_thread import run_sync

from pipeline.engine.views import NodeView, RunView, pod_name
from pipeline.errors import UserError
from pipeline.serve.listing import Query
from pipeline.serve.problems import invalid
from pipeline.serve.runs import Runs
from pipeline.show.log_lines import Tail

_LOOK_SECONDS: Final = 0.1
_BATCH: Final = 2000  # lines between two looks at whether the client is still there
_OVER: Final = ("Succeeded", "Failed", "Error")
_FILES: Final = ("stdout.log", "stderr.log")
_SECOND: Final = 10**9

_Line = tuple[int, str, str]  # nanoseconds since 1970, pod, text


@dataclass
class _Open:
    pod: str
    tails: tuple[Tail, ...]
    begun: bool = False
    ended: bool = False


@dataclass
class LogStream:
    """The lines of one run. `pod`: of this one only. `last`: of each pod, so many, unless None. `since`: only what came
    then or later, in nanoseconds since 1970. `timed`: each line after its time, as Kubernetes writes it."""

    runs: Runs
    run: str
    pod: str = ""
    follow: bool = False
    last: int | None = None
    since: int = 0
    timed: bool = False
    wanted: Callable[[str], bool] = lambda _: True
    _open: dict[str, _Open] = field(default_factory=dict)

    async def entries(self) -> AsyncIterator[dict[str, Any]]:
        """One for each line, until the run ends, so that a client which reconnects at an end does not do so before."""
        over = False
        while not over:
            lines, over = await run_sync(self._look)
            while batch := await run_sync(lambda: list(islice(lines, _BATCH))):  # noqa: B023 - it is awaited
                for entry in batch:
                    yield entry
            if not over:
                await anyio.sleep(_LOOK_SECONDS)

    def _look(self) -> tuple[Iterator[dict[str, Any]], bool]:
        """What is new, to be read to its end, and whether nothing more will come."""
        try:
            view = self.runs.view(self.run)
        except UserError:  # deleted meanwhile
            return iter(()), True
        over = view.phase in _OVER or not self.follow
        parts = [self._of(known, ended=over or node.phase in _OVER) for node, known in self._opened(view)]
        return self._shown(heapq.merge(*parts, key=itemgetter(0))), over

    def _of(self, known: _Open, *, ended: bool) -> Iterator[_Line]:
        lines: Iterator[tuple[int, str]] = heapq.merge(
            *(tail.timed(ended=ended) for tail in known.tails), key=itemgetter(0)
        )
        if self.last is not None and not known.begun:
            lines = iter(deque(lines, self.last))
        known.begun, known.ended = True, ended
        for at, line in lines:
            if at >= self.since:
                yield at, known.pod, line

    def _shown(self, lines: Iterator[_Line]) -> Iterator[dict[str, Any]]:
        for at, pod, line in lines:
            content = f"{stamp(at)} {line}" if self.timed else line
            if self.wanted(content):
                yield {"content": content, "podName": pod}

    def _opened(self, view: RunView) -> list[tuple[NodeView, _Open]]:
        """The nodes that have a log which is wanted and not read to its end."""
        for node in view.nodes:
            if node.id not in self._open and node.log is not None and node.type == "Pod":
                pod, log = pod_name(view.id, node), node.log
                if self.pod in ("", pod, node.id):
                    self._open[node.id] = _Open(pod, tuple(Tail(log / name) for name in _FILES))
        known = [(node, self._open[node.id]) for node in view.nodes if node.id in self._open]
        return [(node, each) for node, each in known if not each.ended]


def stamp(at: int) -> str:
    """A time in nanoseconds since 1970 as Kubernetes writes those of log lines (RFC 3339)."""
    return f"{datetime.fromtimestamp(at // _SECOND, UTC):%Y-%m-%dT%H:%M:%S}.{at % _SECOND:09d}Z"


def log_stream(runs: Runs, name: str, query: Query) -> LogStream:
    """What a request asks for.

    Raises:
        Problem: there is no such run, `grep` is no pattern, or a number or time is none.
    """
    return LogStream(
        runs,
        runs.item(name).name,
        pod=query.get("podName", ""),
        follow=query.get("logOptions.follow") == "true",
        last=_count(query, "logOptions.tailLines"),
        since=_since(query),
        timed=query.get("logOptions.timestamps") == "true",
        wanted=_pattern(query.get("grep", "")),
    )


def _pattern(pattern: str) -> Callable[[str], bool]:
    if not pattern:
        return lambda _: True
    try:
        found = re2.compile(pattern)
    except re2.error:
        raise invalid(f"grep is {pattern!r:.60}, which is no regular expression of RE2") from None
    return lambda line: found.search(line) is not None


def _count(query: Query, name: str) -> int | None:
    """A number as `argo` writes it: 1e+06 for a million; None where there is none, or it is negative."""
    text = query.get(name)
    try:
        return int(found) if text and (found := float(text)) >= 0 else None
    except (ValueError, OverflowError):
        raise invalid(f"{name} is {text!r:.40}; wanted a whole number") from None


def _since(query: Query) -> int:
    seconds, text = _count(query, "logOptions.sinceSeconds"), query.get("logOptions.sinceTime", "")
    if seconds is not None and text:
        raise invalid("at most one of sinceTime and sinceSeconds may be given")
    if not text:
        return time.time_ns() - seconds * _SECOND if seconds is not None else 0
    try:
        return int(datetime.fromisoformat(text.strip('"')).timestamp()) * _SECOND
    except ValueError:
        raise invalid(f"sinceTime is {text!r:.40}; wanted a time such as 2026-01-31T00:00:00Z") from None
