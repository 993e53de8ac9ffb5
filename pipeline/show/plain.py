"""The live tree's stand-in for files, pipes and terminals that cannot redraw: a line for each change."""

import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from pipeline.engine.views.views import origin
from pipeline.report.tasks import FINISHED, NEVER_RAN, Task, tasks
from steps.pages.words import duration, elapsed, one_line

if TYPE_CHECKING:
    from pipeline.engine.views.views import NodeView, RunView


@dataclass(frozen=True)
class _Change:
    """What a line says."""

    phase: str
    name: str
    started_at: datetime | None
    finished_at: datetime | None
    message: str


class PlainLines:
    """A line for each change: time, phase, name, duration, message."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._phases: dict[tuple[str, str], str] = {}

    def open(self) -> None:
        """Nothing to prepare."""

    def close(self) -> None:
        """Nothing to undo."""

    def show(self, run: "RunView") -> None:
        of_run = _Change(run.phase, run.workflow, run.started_at, run.finished_at, run.message)
        with self._lock:
            if run.phase not in FINISHED:
                self._say((run.id, ""), of_run)
            for task in tasks(run):
                name = task.key.lstrip("/")
                for node in (node for item in task.items for node in item.attempts[:-1]):
                    self._say((run.id, node.id), _of(node, f"{name}, attempt {node.attempt + 1}"))
                self._say((run.id, task.key), _of(task, name + count(task)))
            if run.phase in FINISHED:
                self._say((run.id, ""), of_run)

    def _say(self, key: tuple[str, str], change: _Change) -> None:
        if change.phase == "Pending" or self._phases.get(key) == change.phase:
            return
        self._phases[key] = change.phase
        ended = change.phase in FINISHED
        at = (change.finished_at if ended else change.started_at) or datetime.now(UTC)
        took = elapsed(change.started_at, at, at) if ended and change.phase not in NEVER_RAN else None
        told = change.message if tells(change) else ""
        parts = [change.name, "" if took is None else duration(took), told]
        words = "  ".join(clean(part, self._console) for part in parts if part)
        line = Text(f"{at.astimezone():%H:%M:%S}  {change.phase:<9}  {words}")
        with suppress(SystemExit):  # rich raises it once its reader is gone; the run goes on, unseen
            self._console.print(line, soft_wrap=True)


def _of(timed: "Task | NodeView", name: str) -> _Change:
    return _Change(timed.phase, name, timed.started_at, timed.finished_at, timed.message)


def tells(change: "_Change | Task") -> bool:
    """Whether its message is shown: after a success, only if it names the run that it was reused from."""
    return bool(change.message) and (change.phase != "Succeeded" or bool(origin(change.message)))


def count(task: Task) -> str:
    """How many items of a fan-out are done, and of how many."""
    return f" {task.done}/{len(task.items)}" if task.fanned else ""


def clean(text: str, console: Console) -> str:
    """`text` on one line, without control characters, and within the terminal's encoding."""
    return one_line(text).encode(console.encoding, "replace").decode(console.encoding)
