"""The live tree's stand-in for files, pipes and terminals that cannot redraw: a line for each change."""

import threading
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from pipeline.engine.views import origin, plainly
from pipeline.report.tasks import FINISHED, NEVER_RAN, Task, tasks
from steps.pages.words import duration, elapsed, one_line

if TYPE_CHECKING:
    from pipeline.engine.views import NodeView, RunView


class PlainLines:
    """A line for each change: time, phase, name, duration, message."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._phases: dict[tuple[str, str], str] = {}

    def show(self, run: "RunView") -> None:
        """Print what has changed."""
        with self._lock:
            if run.phase not in FINISHED:
                self._say((run.id, ""), run.workflow, run)
            for task in _as_they_end(tasks(run)):
                name = task.key.lstrip("/")
                for node in (node for item in task.items for node in item.attempts[:-1]):
                    self._say((run.id, node.id), f"{name}, attempt {node.attempt + 1}", node)
                self._say((run.id, task.key), name + count(task), task)
            if run.phase in FINISHED:
                self._say((run.id, ""), run.workflow, run)

    def _say(self, key: tuple[str, str], name: str, change: "RunView | NodeView | Task") -> None:
        if change.phase == "Pending" or self._phases.get(key) == change.phase:
            return
        self._phases[key] = change.phase
        ended = change.phase in FINISHED
        at = (change.finished_at if ended else change.started_at) or datetime.now(UTC)
        took = elapsed(change.started_at, at, at) if ended and change.phase not in NEVER_RAN else None
        parts = [name, "" if took is None else duration(took), plainly(change.message) if shows_message(change) else ""]
        words = "  ".join(clean(part, self._console) for part in parts if part)
        line = Text(f"{at.astimezone():%H:%M:%S}  {change.phase:<9}  {words}")
        with suppress(SystemExit):  # rich raises it once its reader is gone; the run goes on, unseen
            self._console.print(line, soft_wrap=True)


def _as_they_end(found: list[Task]) -> list[Task]:
    """The same tasks, those that hold others and have ended after what they hold."""
    ended = [task for task in found if task.holder and task.phase in FINISHED]
    return [task for task in found if task not in ended] + ended[::-1]


def shows_message(change: "RunView | NodeView | Task") -> bool:
    """Whether its message is shown: after a success, only if it names the run that it was reused from."""
    return bool(change.message) and (change.phase != "Succeeded" or bool(origin(change.message)))


def count(task: Task) -> str:
    """How many items of a fan-out are done, and of how many."""
    return f" {task.done}/{len(task.items)}" if task.fanned else ""


def clean(text: str, console: Console) -> str:
    """`text` on one line, without control characters, and within the terminal's encoding."""
    return one_line(text).encode(console.encoding, "replace").decode(console.encoding)
