"""A detector of change whose false alarms are bounded: on average at least so many days apart, whatever the data.

An e-detector (Shin, Ramdas and Rinaldo 2023, https://arxiv.org/abs/2203.03532). A day's score lies between 0 and 1, and
as long as its mean, given all days before, is at most `usual`, the evidence grows by no more than 1 a day on average;
so it takes at least `level` days on average to get to `level`. Nothing is assumed of the scores' distribution, and no
threshold is fitted. The evidence is a mean over bets of which some are more careful than others: these see a small
change in the end, the bold ones a large one at once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

_BETS: Final[tuple[float, ...]] = tuple(np.geomspace(0.5, 0.99, 3).tolist())


@dataclass
class Detector:
    """The evidence so far that scores have become larger than `usual` (above 0, below 1) says they are."""

    usual: float
    level: float
    _evidence: tuple[float, ...] = (0.0,) * len(_BETS)

    @property
    def evidence(self) -> float:
        """From 0; at `level` it is an alarm."""
        return sum(self._evidence) / len(_BETS)

    def saw(self, score: float) -> bool:
        """Take the next day's score, in [0, 1]; whether that is an alarm. After one, the evidence begins anew."""
        more = score / self.usual - 1
        self._evidence = tuple(
            (before + 1) * (1 + bet * more) for before, bet in zip(self._evidence, _BETS, strict=True)
        )
        if self.evidence < self.level:
            return False
        self._evidence = (0.0,) * len(_BETS)
        return True


def path(detector: Detector, scores: Iterable[float]) -> Iterator[tuple[float, bool]]:
    """The evidence after each score (the level itself where it was reached), and whether it was an alarm."""
    for score in scores:
        alarm = detector.saw(score)
        yield (detector.level if alarm else detector.evidence), alarm
