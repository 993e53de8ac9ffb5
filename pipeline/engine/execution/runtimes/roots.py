"""The file system that a sandbox shows: this machine's, read-only, with the step's own folders in it.

A folder that is the step's own, but is not on this machine, needs a folder above it that can hold it. Such a one is
merged: a folder of the node that shows, read-only, each thing that this machine has there.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final

PRIVATE: Final = ("/tmp", "/var/tmp")  # noqa: S108 - the step's own, of which nothing of this machine is shown
_MADE: Final = ("/dev", "/proc")  # by bubblewrap


class Root:
    """`own`: the folders that the step may write; `mounts`: where something else is mounted afterwards; `files`: the
    folder of the node in which the own ones are."""

    def __init__(self, own: Iterable[str], mounts: Iterable[str], files: Path) -> None:
        self._mounts = set(mounts)
        self._own = {each for each in (*PRIVATE, *own) if not self._mounted(each)}
        self._files = files
        self._below: dict[str, set[str]] = defaultdict(set)  # by folder: what in it leads to what is own or mounted
        for each in {*self._own, *self._mounts}:
            while each != "/":
                above = str(PurePosixPath(each).parent)
                self._below[above].add(each)
                each = above  # noqa: PLW2901 - up to the root

    def arguments(self) -> Iterator[str]:
        """For bubblewrap, in order."""
        if not self._merged("/"):
            yield from ("--ro-bind", "/", "/")
        yield from self._laid("/", shown=False)
        yield from ("--dev", "/dev", "--proc", "/proc")

    def _mounted(self, folder: str) -> bool:
        return any(folder == each or folder.startswith(f"{each}/") for each in self._mounts)

    def _merged(self, folder: str) -> bool:
        return folder in self._own or not all(map(self._can_hold, self._below[folder]))

    def _can_hold(self, path: str) -> bool:
        """Whether something of this machine is at `path` over which something can be laid."""
        there = Path(path)
        if there.is_symlink():
            return False
        return there.is_dir() or (there.exists() and not self._below[path])

    def _laid(self, folder: str, *, shown: bool) -> Iterator[str]:
        """`shown`: whether the node's folder is there already, because the one above is the node's."""
        if self._merged(folder):
            (self._files / folder.lstrip("/")).mkdir(parents=True, exist_ok=True)
            if not shown:
                yield from ("--bind", str(self._files / folder.lstrip("/")), folder)
            if folder in PRIVATE:
                return
            yield from self._of_the_machine(folder)
        for each in sorted(self._below[folder] - self._mounts):
            yield from self._laid(each, shown=self._merged(folder) and self._merged(each))

    def _of_the_machine(self, folder: str) -> Iterator[str]:
        """What is shown in a merged folder: all that nothing else is laid over, or that is not merged itself."""
        for entry in sorted(Path(folder).iterdir()) if Path(folder).is_dir() else ():
            path = str(entry)
            laid_over = path in self._below[folder] and (path in self._mounts or self._merged(path))
            if laid_over or path in _MADE:
                continue
            if entry.is_symlink():
                self._link(path, entry)
            else:
                yield from ("--ro-bind-try", path, path)

    def _link(self, path: str, entry: Path) -> None:
        """Have a link of this machine in the node's folder, which is mounted; bubblewrap's own would be in the way of
        its second try."""
        link = self._files / path.lstrip("/")
        if not link.is_symlink():
            link.symlink_to(entry.readlink())
