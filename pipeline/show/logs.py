"""Logs as they come: each line after its node's name, in a colour of the node's own; what the engine does in between.

Nothing tells when a log has grown, so the logs of running nodes are read ten times a second, a few system calls each.
The last that a node wrote is shown before the news that it has ended.
"""

import os
import sys
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console

from pipeline.engine.views import labels
from pipeline.report.tasks import FINISHED, NEVER_RAN
from pipeline.show.log_lines import Tail, spoken
from pipeline.show.plain import clean
from steps.pages.words import duration, elapsed

if TYPE_CHECKING:
    from pipeline.engine.views import NodeView, RunView

_LOOK = 0.1  # seconds
_WIDEST = 40
_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)  # of ANSI; red is for what failed
_LOGS = ("stdout.log", "stderr.log")
_LEAVES = ("Pod", "HTTP", "Suspend", "Skipped", "Container")


class Printer:
    """Writes lines after names, which are aligned. Writes nothing once its reader is gone."""

    def __init__(self, file: TextIO | None = None) -> None:
        self._file = file if file is not None else sys.stdout
        self._console = Console(file=self._file)
        terminal = self._console.is_terminal and not self._console.is_dumb_terminal
        self._colour = terminal and not self._console.no_color
        self._width = 0

    def logged(self, name: str, lines: Iterable[str]) -> None:
        """Print lines that a node wrote."""
        start = self._start(name, "|")
        self._write(f"{start}{line}\n" for line in lines)

    def said(self, name: str, words: str, *, bad: bool = False) -> None:
        """Print what the engine says of a node."""
        words = clean(words, self._console)
        start = self._start(name, "*")
        self._write([f"{start}{f'\x1b[31m{words}\x1b[0m' if bad and self._colour else words}\n"])

    def widen(self, names: Iterable[str]) -> None:
        """Make room for names to come."""
        self._width = min(max([self._width, *map(cell_len, names)]), _WIDEST)

    def _start(self, name: str, mark: str) -> str:
        name = clean(name, self._console)
        if cell_len(name) > _WIDEST:
            name = f"{name[: _WIDEST // 2 - 1]}..{name[-(_WIDEST // 2 - 1) :]}"
        self.widen([name])
        start = f"{set_cell_size(name, self._width)} {mark}"
        number = _COLOURS[zlib.crc32(name.partition(" #")[0].encode()) % len(_COLOURS)]
        return f"\x1b[{number}m{start}\x1b[0m " if self._colour else f"{start} "

    def _write(self, lines: Iterable[str]) -> None:
        encoding = self._console.encoding
        try:
            for line in lines:
                self._file.write(line.encode(encoding, "replace").decode(encoding))
            self._file.flush()
        except OSError:  # a pipe whose reader is gone, a full disk
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._file.fileno())  # so that no later write fails either


@dataclass(frozen=True)
class _Open:
    """The logs of a node that has not ended."""

    name: str
    tails: tuple[Tail, ...]
    wanted: bool


class LogStream:
    """Shows a run as its logs. `wanted`: what a node's name must contain; `told`: whether what happens is said too;
    `since`: what had ended before is not shown."""

    def __init__(self, printer: Printer, wanted: str = "", *, told: bool = True, since: datetime | None = None) -> None:
        self._printer = printer
        self._wanted = wanted
        self._told = told
        self._since = since
        self._open: dict[str, _Open] = {}
        self._done: set[str] = set()
        self._begun = self._over = False

    def update(self, run: "RunView") -> None:
        """Print what was written, and what happened, since the last call."""
        if not self._begun and run.started_at is not None:
            self._begun = True
            self._about(run.workflow, f"run {run.id}")
        nodes = self._to_show(run)
        self._open_logs(run, nodes)
        for node in nodes:
            found, ended = self._open[node.id], node.phase in FINISHED
            self._print(found, ended=ended)
            if ended:
                self._close_log(node, found)
        if run.phase in FINISHED and not self._over:
            self._over = True
            self._about(run.workflow, f"{_end(run)}{_because(run.message)}", bad=run.phase != "Succeeded")

    def close(self) -> None:
        """Print the rest of what interrupted nodes wrote."""
        for found in self._open.values():
            self._print(found, ended=True)

    def _to_show(self, run: "RunView") -> list["NodeView"]:
        """The nodes that have begun and whose end has not been shown."""
        if self._since is not None:
            self._done.update(node.id for node in run.nodes if node.finished_at and node.finished_at < self._since)
            self._since = None
        return [node for node in run.nodes if node.id not in self._done and (node.log or node.phase in FINISHED)]

    def _open_logs(self, run: "RunView", nodes: Iterable["NodeView"]) -> None:
        new = [node for node in nodes if node.id not in self._open]
        names = labels(run) if new else {}
        for node in new:
            wanted = self._wanted in names[node.id] or self._wanted in node.name.removeprefix(run.id)
            tails = tuple(Tail(node.log / name) for name in _LOGS) if wanted and node.log is not None else ()
            self._open[node.id] = _Open(names[node.id], tails, wanted)
        self._printer.widen(each.name for each in self._open.values() if each.tails)

    def _print(self, found: _Open, *, ended: bool) -> None:
        for tail in found.tails:
            self._printer.logged(found.name, map(spoken, tail.lines(ended=ended)))

    def _close_log(self, node: "NodeView", found: _Open) -> None:
        del self._open[node.id]
        self._done.add(node.id)
        if node.type in _LEAVES and found.wanted and self._told:
            said = node.message.removeprefix(f"{node.phase.lower()}: ")
            self._printer.said(found.name, f"{_end(node)}{_because(said)}", bad=node.phase in ("Failed", "Error"))

    def _about(self, name: str, words: str, *, bad: bool = False) -> None:
        if self._told and not self._wanted:
            self._printer.said(name, words, bad=bad)


def _because(message: str) -> str:
    return f": {message}" if message else ""


def _end(timed: "NodeView | RunView") -> str:
    end: datetime | None = timed.finished_at
    took = elapsed(timed.started_at, end, end) if end is not None and timed.phase not in NEVER_RAN else None
    return timed.phase.lower() if took is None else f"{timed.phase.lower()} after {duration(took)}"


@contextmanager
def live_logs() -> "Iterator[Callable[[RunView], None]]":
    """A function to call, from any thread, with each `RunView` of a run executed here. It does not wait: another thread
    reads and prints. When the context ends, everything has been printed."""
    latest: list[RunView] = []
    changed, closed = threading.Event(), threading.Event()
    stream = LogStream(Printer(), since=datetime.now(UTC))

    def show(run: "RunView") -> None:
        latest[:] = [run]
        changed.set()

    def work() -> None:
        while True:
            last = closed.is_set()
            changed.wait(_LOOK)
            changed.clear()
            if latest:
                stream.update(latest[0])
            if last:
                stream.close()
                return
            closed.wait(_LOOK / 2)

    thread = threading.Thread(target=work, name="live logs", daemon=True)
    thread.start()
    try:
        yield show
    finally:
        closed.set()
        changed.set()
        thread.join()
