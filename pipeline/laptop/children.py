"""The processes that execute runs for the watch: one `pipeline run --resume RUN` each, in a session of its own.

So several run at once, Ctrl-C on the watch does not reach them, and they go on when the watch dies. Two that were
started for one run do no harm: the journal lets one of them have it.
"""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Protocol

from pipeline.engine.places import folder_of
from pipeline.stack.processes import MARK

TRIES = 3  # a run whose process ended without ending it is given to another one so many times in all


class Children(Protocol):
    """Whoever executes runs."""

    def start(self, run: str) -> bool:
        """Have a run executed, or gone on with; False where that has been tried often enough."""
        ...

    def busy(self, run: str) -> bool:
        """Whether a process that `start` made for the run is there."""
        ...

    def descriptors(self) -> list[int]:
        """Each becomes readable when a process ends."""
        ...


def launch(home: Path, run: str) -> "subprocess.Popen[bytes]":
    """Start a process that executes the run, or goes on with it, and outlives this one. What it prints is in
    `process.log` of the run's folder. It works in the present folder, where no package of that name is taken for
    ours. `home`: the state folder.

    Raises:
        OSError: no process can be made.
    """
    folder = folder_of(home, run)
    folder.mkdir(parents=True, exist_ok=True)
    inherited = {name: value for name, value in os.environ.items() if name != MARK}  # it is no part of the watch
    with (folder / "process.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "pipeline", "run", "--resume", run],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**inherited, "PIPELINE_HOME": str(home)},
            start_new_session=True,
        )


class Processes:
    """Children that are processes. `home`: the state folder."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._started: dict[str, tuple[subprocess.Popen[bytes], int]] = {}
        self._tries: Counter[str] = Counter()

    def start(self, run: str) -> bool:
        """See `Children`.

        Raises:
            OSError: no process can be made.
        """
        if self._tries[run] >= TRIES:
            return False
        self._tries[run] += 1
        process = launch(self._home, run)
        self._started[run] = process, os.pidfd_open(process.pid)
        return True

    def busy(self, run: str) -> bool:
        """See `Children`."""
        if run not in self._started:
            return False
        process, descriptor = self._started[run]
        if process.poll() is None:
            return True
        os.close(descriptor)
        del self._started[run]
        return False

    def descriptors(self) -> list[int]:
        """See `Children`."""
        return [self._started[run][1] for run in list(self._started) if self.busy(run)]
