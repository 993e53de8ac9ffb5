"""The watch: in the foreground, it waits for whatever starts workflows, and starts them.

That is a `Source` each: schedules (`schedules`) and uploads (`uploads`). A source keeps what it must not lose in the
journal's file, so that the watch may be killed at any instant. It is called when something is due, and otherwise often
enough to notice a clock that jumps, a machine that slept, and a file that was edited.
"""

import select
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final, Protocol

from pipeline.errors import PipelineError, UserError
from pipeline.laptop.children import Children
from pipeline.stack import locks
from pipeline.stack.state import make
from pipeline.stack.watcher import LOCK

LOOK_SECONDS: Final = 2.0  # between two looks, at most


class Source(Protocol):
    """Something that starts workflows."""

    def process(self, now: float) -> None:
        """Process whatever is due at `now`, seconds since 1970."""
        ...

    def next_due(self) -> float | None:
        """When something will be due for certain."""
        ...

    def descriptors(self) -> list[int]:
        """Each becomes readable when something is due."""
        ...


class Clock:
    """The machine's time."""

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def wait(self, seconds: float, descriptors: Sequence[int]) -> None:
        """Wait for that long, or until one of the descriptors is readable."""
        poll = select.poll()
        for descriptor in descriptors:
            poll.register(descriptor, select.POLLIN)
        poll.poll(max(seconds, 0.0) * 1000 + 1)  # not a moment too early


class Interruption:
    """Whether the watch was told to end."""

    def __init__(self) -> None:
        self.told = False

    def tell(self, _number: int, _frame: object) -> None:
        """What a signal does: end whatever is being done."""
        self.told = True
        raise KeyboardInterrupt


def watch(sources: Sequence[Source], children: Children, clock: Clock, interruption: Interruption) -> None:
    """Watch until interrupted, also if what was being done then, such as a library's callback, did not pass it on.

    Raises:
        KeyboardInterrupt: by Ctrl-C or SIGTERM.
    """
    while not interruption.told:
        for source in sources:
            source.process(clock.now())
        ahead = min(filter(None, (source.next_due() for source in sources)), default=None)
        rest = LOOK_SECONDS if ahead is None else min(ahead - clock.now(), LOOK_SECONDS)
        clock.wait(rest, [*children.descriptors(), *(each for source in sources for each in source.descriptors())])
    raise KeyboardInterrupt


def alone(home: Path) -> AbstractContextManager[None]:
    """Be the only watch of a state folder.

    Raises:
        UserError: there is another one.
    """

    def taken(process: str) -> PipelineError:
        return UserError(
            f"process {process} is watching here already; stop it first (with `pipeline down` if `pipeline up` started "
            f"it; its log is {home / 'logs' / 'watch.log'})"
        )

    make(home)
    return locks.alone(home / LOCK, taken)


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Within it, SIGTERM does what Ctrl-C does, and both are remembered."""
    interruption = Interruption()
    heard = [one for one in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(one) != signal.SIG_IGN]
    before = {number: signal.signal(number, interruption.tell) for number in heard}
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
