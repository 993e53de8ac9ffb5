"""Locks that one process holds at a time, each a file; the kernel frees it when the process ends, however it ends."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from pipeline.engine.processes import is_alive, start_time
from pipeline.errors import PipelineError


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold the lock of this file, which names its holder meanwhile.

    Raises:
        BlockingIOError: it is held, and `wait` is False.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.truncate(descriptor, 0)
        with suppress(OSError):  # on a full disk servers can still be stopped
            os.write(descriptor, f"{os.getpid()} {start_time(os.getpid())}".encode())
        try:
            yield
        finally:
            os.truncate(descriptor, 0)
    finally:
        os.close(descriptor)


@contextmanager
def alone(path: Path, taken: Callable[[str], PipelineError]) -> Iterator[None]:
    """Hold the lock of this file, or raise what `taken` makes of the number of the process that holds it (`?` where
    that is not known)."""
    with ExitStack() as held:
        try:
            held.enter_context(locked(path, wait=False))
        except BlockingIOError:
            raise taken(str(holder(path) or "?")) from None
        yield


def holder(path: Path) -> int | None:
    """The process that holds the lock of this file, or None. The lock is not tried, which would keep others from it."""
    try:
        pid, started = path.read_text(encoding="utf-8").split()
        return int(pid) if is_alive(int(pid), float(started)) else None
    except (OSError, ValueError):
        return None
