"""A process with helpers that KILL does not reach, such as containers, which run below a service or a monitor."""

import signal
import subprocess
from collections.abc import Iterable, Sequence
from contextlib import suppress

from pipeline.engine.host import Process


def with_ends(process: Process, endings: Iterable[Sequence[str]]) -> Process:
    """The process; KILL also calls the commands that end what is not of its group."""
    found = [each for each in endings if each]
    return _WithEnds(process, found) if found else process


class _WithEnds:
    """See `Process`. TERM is passed on by what runs in the group."""

    def __init__(self, process: Process, endings: list[Sequence[str]]) -> None:
        self._process, self._endings = process, endings
        self.pid, self.started = process.pid, process.started
        self.fileno, self.poll, self.release = process.fileno, process.poll, process.release
        self._ending: list[subprocess.Popen[bytes]] = []

    def kill(self, number: int) -> None:
        """See `Process`."""
        self._process.kill(number)
        if number == signal.SIGKILL and not self._ending:
            self._ending = [
                subprocess.Popen(each, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for each in self._endings
            ]

    def close(self) -> None:
        """See `Process`."""
        self._process.close()
        for each in self._ending:
            with suppress(subprocess.TimeoutExpired):
                each.wait(10)
