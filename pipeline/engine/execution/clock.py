"""Time as a run sees it. Whoever tests a workflow does not wait for what would come: a pause, the time between two
attempts, a deadline."""

import time
from typing import Protocol


class Clock(Protocol):
    """Seconds since 1970."""

    def now(self) -> float:
        """The time."""
        ...

    def idle_until(self, at: float) -> None:
        """Nothing can happen before `at` but that time passes."""
        ...


class SystemClock:
    """The machine's time, which passes by itself."""

    def now(self) -> float:
        """See `Clock`."""
        return time.time()

    def idle_until(self, at: float) -> None:
        """See `Clock`: it is waited for."""


class SkippingClock:
    """The machine's time, put forward over every wait."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        """See `Clock`."""
        return time.time() + self._ahead

    def idle_until(self, at: float) -> None:
        """See `Clock`: it is that time at once."""
        self._ahead = max(self._ahead, at - time.time())
