"""This machine as a place to run workflows: the state folder, the servers, the journal, and a run in the foreground.

A run is executed by the process that asked for it, and shows its live tree there. Ctrl-C ends the run's processes and
leaves the run where it was; so does any other end, since the journal has every transition.
"""

import os
import re
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from pipeline import engine
from pipeline.errors import RunFailed, UserError
from pipeline.stack import Stack
from pipeline.stack.host import LaptopHost

if TYPE_CHECKING:
    from pipeline.engine.views import RunSummary, RunView

ROOT = Path(__file__).parent.parent
MANIFESTS = ROOT / "manifests"


def home() -> Path:
    """The state folder: `$PIPELINE_HOME`, or `.pipeline` beside the code."""
    return Path(os.environ.get("PIPELINE_HOME") or ROOT / ".pipeline").absolute()


class Laptop:
    """Everything that `pipeline` commands share."""

    def __init__(self, folder: Path) -> None:
        self.home = folder
        self.stack = Stack(folder)
        self.host = LaptopHost(self.stack)

    @classmethod
    def here(cls) -> "Laptop":
        """The one whose state is in this checkout (or `$PIPELINE_HOME`)."""
        return cls(home())

    @cached_property
    def journal(self) -> engine.Journal:
        """All runs of this machine."""
        self.home.mkdir(parents=True, exist_ok=True)
        return engine.Journal(self.home / "journal.db")

    def up(self) -> None:
        """Start all servers that a run may need, and wait for them."""
        self.stack.start_in_background(["tracking", "fork-server"])
        for name in ("object-store", "fork-server", "tracking"):
            self.stack.ensure(name)

    def submit(self, name: str, parameters: dict[str, str]) -> str:
        """A new run of the workflow `name`, not started yet; its id.

        Raises:
            UserError: no manifest has that name, or a parameter is unknown or missing.
        """
        known: list[str] = []
        for folder in sorted(path for path in MANIFESTS.iterdir() if path.is_dir()):
            manifests = engine.load(folder)
            if name in manifests.names():
                return engine.submit(self.journal, manifests, name, parameters)
            known += manifests.names()
        raise UserError(f"no workflow {name!r} in manifests/; there are: {', '.join(sorted(known))}")

    def unfinished(self, name: str, parameters: dict[str, str]) -> str | None:
        """The run of that workflow with those parameters that was cut off, if the newest was."""
        for run in self.runs():
            if run.workflow == name and parameters.items() <= run.parameters.items():
                return run.id if run.interrupted else None
        return None

    def succeed(self, run: str) -> "RunView":
        """Execute a run to its end, showing it.

        Raises:
            UserError: there is no such run.
            RunFailed: it ended otherwise than well; or it was stopped, and can be resumed.
        """
        from pipeline.live import live_tree  # noqa: PLC0415 — rich is needed only to show a run

        self.view(run)  # there is such a run, before any server is started for it
        self.stack.start_in_background(["fork-server"])
        with live_tree() as show, _stoppable() as stop:
            ended = engine.execute(
                self.journal, run, self.host, self.home, cores=os.cpu_count() or 1, on_change=show, stop=stop
            )
        if ended.interrupted:
            raise RunFailed(f"{run} was stopped; go on with: pipeline run --resume {run}")
        if ended.phase != "Succeeded":
            raise RunFailed(f"{run} {ended.phase.lower()}: {_plainly(ended.message)}; see: pipeline logs {run}")
        return ended

    def runs(self) -> list["RunSummary"]:
        """All runs, newest first."""
        return engine.runs(self.journal)

    def newest(self) -> str:
        """The id of the newest run.

        Raises:
            UserError: there is none.
        """
        runs = self.runs()
        if not runs:
            raise UserError("no run yet; start one with: make run")
        return runs[0].id

    def view(self, run: str | None) -> "RunView":
        """A run (the newest, for None) as it stands.

        Raises:
            UserError: there is none of that id.
        """
        return engine.view(self.journal, run or self.newest())

    def stop(self, run: str) -> str:
        """Ask the process that executes the run to stop it; a line that says what happened."""
        return engine.stop(self.journal, run)

    def logs(self, run: str | None, node: str | None) -> Iterator[str]:
        """The lines that a run's nodes wrote, each after its node's name."""
        for seen in self.view(run).nodes:
            if seen.log is None or (node or "") not in seen.name:
                continue
            for stream in ("stderr.log", "stdout.log"):
                path = seen.log / stream
                if path.is_file():
                    text = path.read_text(encoding="utf-8", errors="replace")
                    yield from (f"{seen.display_name}: {line}" for line in text.splitlines())

    def report(self, runs: Sequence[str]) -> Path:
        """Write one page for those runs (the newest, for none); its path."""
        from pipeline.report import write  # noqa: PLC0415 — not needed to run

        views = [self.view(run) for run in (runs or [self.newest()])]
        return write(views, self.home / "reports" / f"{views[-1].id}.html")


def _plainly(message: str) -> str:
    """A node's message without what the controller puts before a step's own line."""
    return re.sub(r"main: Error \(exit code \d+\): (error: )?", "", message)


@contextmanager
def _stoppable() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set; a second signal of the kind has its usual effect."""
    stop = threading.Event()
    previous: dict[signal.Signals, signal.Handlers | int | Callable[[int, FrameType | None], Any] | None] = {}

    def ask(number: int, _frame: object) -> None:
        stop.set()
        signal.signal(number, previous[signal.Signals(number)])

    for number in (signal.SIGINT, signal.SIGTERM):
        previous[number] = signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
