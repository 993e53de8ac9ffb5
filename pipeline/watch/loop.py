"""The watch: in the foreground, it waits for what starts workflows, and starts them.

What that is, is a `Source` each: schedules (`watch_crons`) and uploads (`watch_uploads`). A source keeps what it needs
in the journal's file, so that the watch may be killed at any instant; it is asked often enough that a clock that jumps,
a machine that slept and a file that was edited are noticed, and otherwise not before something is due.
"""

import fcntl
import os
import select
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from pipeline.errors import UserError
from pipeline.laptop.children import Children
from pipeline.stack.state import make

LOOK_SECONDS: Final = 2.0  # between two looks, at most


class Source(Protocol):
    """Something that starts workflows."""

    def look(self, now: float) -> None:
        """Do what is to be done at `now`, seconds since 1970."""
        ...

    def next(self) -> float | None:
        """When there is certainly something to do."""
        ...

    def descriptors(self) -> list[int]:
        """Each becomes readable when there is something to do."""
        ...


class Clock(Protocol):
    """Time, as the watch knows it."""

    def now(self) -> float:
        """Seconds since 1970."""
        ...

    def wait(self, seconds: float, descriptors: Sequence[int]) -> None:
        """Wait so long, or until one of the descriptors is readable."""
        ...


class SystemClock:
    """The machine's time."""

    def now(self) -> float:
        """See `Clock`."""
        return time.time()

    def wait(self, seconds: float, descriptors: Sequence[int]) -> None:
        """See `Clock`."""
        poll = select.poll()
        for descriptor in descriptors:
            poll.register(descriptor, select.POLLIN)
        poll.poll(max(seconds, 0.0) * 1000 + 1)  # not a moment too early


def watch(sources: Sequence[Source], children: Children, clock: Clock) -> None:
    """Watch until interrupted.

    Raises:
        KeyboardInterrupt: it was asked to end, by Ctrl-C or SIGTERM.
    """
    while True:
        for source in sources:
            source.look(clock.now())
        ahead = min(filter(None, (source.next() for source in sources)), default=None)
        rest = LOOK_SECONDS if ahead is None else min(ahead - clock.now(), LOOK_SECONDS)
        clock.wait(rest, [*children.descriptors(), *(each for source in sources for each in source.descriptors())])


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Be the one watch of a state folder; the kernel ends that with the process, however it ends.

    Raises:
        UserError: there is another one.
    """
    make(home)
    with (home / "watch.lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise UserError(
                f"process {lock.read().strip() or '?'} watches here already; stop it first (`pipeline down`, where "
                f"`pipeline up` started it; its log is {home / 'logs' / 'watch.log'})"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


@contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM ends it as Ctrl-C does."""

    def end(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
