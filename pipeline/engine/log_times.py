"""When the lines of a log came. A step's process writes straight into its log, which stays the plain text that it is;
beside it lies `stdout.log.times` or `stderr.log.times`, which tells how long it was when: a line for each time that it
was found to have grown, with the nanoseconds since 1970 at which it was last written to, and its bytes.

A log that was shortened is as old as that. One without times, of an earlier version, is as old as its last byte.
"""

from array import array
from bisect import bisect_right
from contextlib import suppress
from os import SEEK_SET, stat_result
from pathlib import Path
from typing import Final

from pipeline.engine.places import Place

_UNKNOWN: Final = 2**62  # bytes; more than any log has


def _beside(log: Path) -> Path:
    return log.with_name(f"{log.name}.times")


class LogClock:
    """Writes down how the logs of a node grow. `place`: the node's."""

    def __init__(self, place: Place) -> None:
        self._sizes = dict.fromkeys((place.stdout, place.stderr), 0)

    def look(self) -> None:
        """Write down what has come since the last look. A log that cannot be read, or a full disk, is no error: the
        next look makes up for it."""
        for log, before in self._sizes.items():
            with suppress(OSError):
                now = log.stat()
                if now.st_size != before:
                    with _beside(log).open("a", encoding="ascii") as file:
                        file.write(f"{now.st_mtime_ns} {now.st_size}\n")
                    self._sizes[log] = now.st_size


class LogTimes:
    """Reads when the parts of a log came, also while it grows."""

    def __init__(self, log: Path) -> None:
        self._log, self._path = log, _beside(log)
        self._ends, self._times = array("q"), array("q")
        self._read_up_to = self._inode = 0

    def look(self) -> None:
        """Take in what was written down since the last look."""
        try:
            with self._path.open("rb") as file:
                self._begin_anew(self._path.stat())
                file.seek(self._read_up_to, SEEK_SET)
                whole, end, _ = file.read().rpartition(b"\n")
        except OSError:
            return
        self._read_up_to += len(whole + end)
        for line in whole.split(b"\n") if end else ():
            with suppress(ValueError):
                time, size = map(int, line.split())
                self._add(time, size)

    def _begin_anew(self, there: stat_result) -> None:
        if there.st_ino != self._inode or there.st_size < self._read_up_to:
            self._inode, self._read_up_to = there.st_ino, 0
            del self._ends[:], self._times[:]

    def _add(self, time: int, size: int) -> None:
        if self._ends and size < self._ends[-1]:  # it was shortened
            del self._ends[:], self._times[:]
        self._ends.append(size)
        self._times.append(time)

    def part(self, start: int) -> tuple[int, int]:
        """The part of the log that came together with the byte at `start`: where it ends, and when that was, in
        nanoseconds since 1970."""
        at = bisect_right(self._ends, start)
        if at < len(self._ends):
            return self._ends[at], self._times[at]
        try:
            return _UNKNOWN, self._log.stat().st_mtime_ns
        except OSError:
            return _UNKNOWN, 0
