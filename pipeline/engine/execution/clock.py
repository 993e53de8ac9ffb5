"""Time as a run sees it. Tests of a workflow need not wait for its pauses, the time between attempts, or deadlines."""

import time
from typing import Protocol


class Clock(Protocol):
    """Seconds since 1970."""

    def now(self) -> float:
        """The time."""
        ...

    def idle_until(self, at: float) -> None:
        """Nothing but the passing of time can happen before `at`."""
        ...


class SystemClock:
    """The machine's time."""

    def now(self) -> float:
        """See `Clock`."""
        return time.time()

    def idle_until(self, at: float) -> None:
        """See `Clock`: the run waits."""


class SkippingClock:
    """The machine's time, moved forward over every wait."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        """See `Clock`."""
        return time.time() + self._ahead

    def idle_until(self, at: float) -> None:
        """See `Clock`: that time comes at once."""
        self._ahead = max(self._ahead, at - time.time())
