"""Manifests that people edit while they are watched: when they may be read again.

An editor or a copy writes in several steps, and what is read in between is half a file. So a change counts only once
nothing has been written for a moment.
"""

from pathlib import Path
from typing import Final

SETTLE_SECONDS: Final = 0.5


class Changes:
    """Tells when the manifests in a folder, or a file and those beside it, to which it may refer, have changed. `also`:
    another folder, whether it is there or not. `due`: when a change that was seen will have settled."""

    def __init__(self, place: Path, also: Path | None = None) -> None:
        self._place, self._also = place, also
        self._read: list[tuple[object, ...]] | None = None
        self._seen: list[tuple[object, ...]] | None = None
        self.due: float | None = None

    def settled(self, now: float) -> bool:
        """Whether they are to be read now: the first time, and after a change since then, once nothing has been written
        for SETTLE_SECONDS."""
        found = self._signature()
        if found == self._read:
            self._seen, self.due = found, None
            return False
        if self._read is not None and found != self._seen:
            self._seen, self.due = found, now + SETTLE_SECONDS
        if self.due is not None and self.due - SETTLE_SECONDS <= now < self.due:  # not if the clock was set back
            return False
        self._read, self._seen, self.due = found, found, None
        return True

    def _signature(self) -> list[tuple[object, ...]]:
        """Another one after a file was written, added or removed."""
        is_file = self._place.is_file()
        files = list(self._place.parent.glob("*.y*ml") if is_file else self._place.rglob("*.y*ml"))
        if self._also is not None:
            files += self._also.rglob("*.y*ml")
        found: list[tuple[object, ...]] = []
        for file in sorted(files):
            try:
                stat = file.stat()
            except OSError:
                continue
            found.append((file, stat.st_mtime_ns, stat.st_size, stat.st_ino))
        return found
