"""The service alarm: does the challenger fail, or take too long, where the champion answers?

A sequential test, so that it may be looked at after every request. For a stream of calls, each *bad* or not, and the
share p0 of bad ones that is still right, the e-detector of Shiryaev and Roberts is M ← (M + 1) · (1 + λ · (bad − p0)),
averaged over some λ in (0, 1/p0). While a call is bad with at most p0, whatever came before, M − n is a
supermartingale: in n calls M reaches the level by mistake with a probability of at most n / level, and on average not
before `level` calls (Shin, Ramdas and Rinaldo, E-detectors, 2023: https://doi.org/10.51387/23-NEJSDS51).

| stream | bad is | right is at most | calls that are all bad until the alarm |
|---|---|---|---|
| failures | the challenger gave no answer of 200 to 299 in time, and the champion did | 1 % | 3 |
| slowness | it took more than twice the champion's 90th percentile, and 50 ms more | 20 % | 9 or 10 |

The champion's percentile is that of its last 200 answers, and is known from the 20th on. Since chance decides who gets
a request, a challenger as fast as the champion is above it in 10 % of calls, whatever is asked.
"""

from collections import deque
from typing import Final

LEVEL: Final = 100_000.0
_SHARES: Final = (0.1, 0.25, 0.5, 0.75)  # λ · p0
_REMEMBERED: Final = 200
_LEAST: Final = 20
_SLOWER: Final = 2.0
_FLOOR: Final = 0.05  # seconds


class Detector:
    """One stream of calls. `allowed`: p0."""

    def __init__(self, allowed: float) -> None:
        self._allowed = allowed
        self._sums = [0.0] * len(_SHARES)

    def see(self, *, bad: bool) -> None:
        """Count one call."""
        gain = float(bad) / self._allowed - 1
        self._sums = [(each + 1) * (1 + share * gain) for each, share in zip(self._sums, _SHARES, strict=True)]

    @property
    def evidence(self) -> float:
        """M: against `LEVEL`."""
        return sum(self._sums) / len(self._sums)


class Pace:
    """How long the champion takes, in seconds."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=_REMEMBERED)

    def see(self, seconds: float) -> None:
        """Count one answer."""
        self._seconds.append(seconds)

    @property
    def usual(self) -> float | None:
        """The 90th percentile; None while too little is known."""
        if len(self._seconds) < _LEAST:
            return None
        return sorted(self._seconds)[int(0.9 * (len(self._seconds) - 1))]

    @property
    def limit(self) -> float | None:
        """Above this a call is slow; None likewise."""
        usual = self.usual
        return None if usual is None else max(_SLOWER * usual, usual + _FLOOR)


class ServiceAlarm:
    """Both streams of one challenger."""

    def __init__(self) -> None:
        self.failures = Detector(0.01)
        self.slowness = Detector(0.2)

    def see(self, *, failed: bool, slow: bool | None) -> None:
        """Count one call. `slow`: None if it cannot be told, as where it failed."""
        self.failures.see(bad=failed)
        if slow is not None:
            self.slowness.see(bad=slow)

    @property
    def why(self) -> str | None:
        """`failures` or `slowness`, if that is beyond the level."""
        streams = {"failures": self.failures, "slowness": self.slowness}
        return next((name for name, each in streams.items() if each.evidence >= LEVEL), None)
