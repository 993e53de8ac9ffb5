"""The processes that execute runs for the watch: one `pipeline run --resume RUN` each, in a session of its own.

So several run at once, Ctrl-C on the watch does not reach them, and they outlive it. Two processes for one run do no
harm: the journal gives it to one of them.
"""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from pipeline.engine.places import folder_of
from pipeline.stack import processes

TRIES = 3  # processes for one run, if each ends without ending the run


def launch(home: Path, run: str) -> "subprocess.Popen[bytes]":
    """Start a process that executes or resumes the run, and outlives this one. It prints to `process.log` in the run's
    folder, and works in the present folder, where no package called `pipeline` is taken for ours. `home`: the state
    folder.

    Raises:
        OSError: no process can be made.
    """
    folder = folder_of(home, run)
    folder.mkdir(parents=True, exist_ok=True)
    inherited = {name: value for name, value in os.environ.items() if name != processes.MARK}  # not part of the watch
    return processes.launch(
        [sys.executable, "-P", "-m", "pipeline", "run", "--resume", run],
        environment={**inherited, "PIPELINE_HOME": str(home)},
        log=folder / "process.log",
    )


class Children:
    """The processes of one watch. `home`: the state folder."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._started: dict[str, tuple[subprocess.Popen[bytes], int]] = {}
        self._tries: Counter[str] = Counter()

    def start(self, run: str) -> bool:
        """Have a run executed or resumed; False if that has been tried often enough.

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
        """Whether a process that `start` made for the run is still there."""
        if run not in self._started:
            return False
        process, descriptor = self._started[run]
        if process.poll() is None:
            return True
        os.close(descriptor)
        del self._started[run]
        return False

    def descriptors(self) -> list[int]:
        """Each becomes readable when a process ends."""
        return [self._started[run][1] for run in list(self._started) if self.busy(run)]
