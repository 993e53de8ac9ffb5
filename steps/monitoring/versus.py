"""Which of two models is the better one, told from the days that both have predicted.

The evidence is an e-process: it begins at 1, and as long as the other model is no better it grows by nothing on
average, so that it ever gets to 20 with a probability of at most 1 in 20, however often and for however long one looks
(Ramdas, Grünwald, Vovk, Shafer 2023, https://arxiv.org/abs/2210.01948). A day's score is the champion's share of both
errors, a half where they are equally far off: season and weather hit both alike and cancel. The evidence is a mean over
bets, of which the careful ones see a small difference in the end and the bold ones a large one at once. The reversed
evidence, that the other model is worse, is the same of the errors exchanged.

A score counts within a tenth of a half (an error half as large again, or two thirds). Narrower, equally good models are
told apart sooner and by what a few weeks favour: of 120 days in blocks of four weeks, 12 % against 7 % at a tenth.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

import numpy as np
import pandas as pd

from steps.models.base import Array
from steps.monitoring import scores
from steps.summaries.intervals import HOUR, Interval

TAKES: Final = 20.0
REACH: Final = 0.1  # of the share, to either side of a half; what lies beyond counts as this
_BETS: Final = np.geomspace(0.1, 0.9, 5)

Verdict = Literal["better", "worse"]


@dataclass(frozen=True)
class Versus:
    """How another model does beside the champion. By day that counts: the score (above a half where the other was
    closer), the evidence that it is better, and that it is worse. `gain`: how much smaller its mean absolute error was,
    as a share of the champion's; None without a day. `verdict`: None as long as there is too little to tell; `proved`:
    whether by the evidence, and not by the estimate once the time was over."""

    days: tuple[date, ...]
    scores: tuple[float, ...]
    better: tuple[float, ...]
    worse: tuple[float, ...]
    gain: float | None
    verdict: Verdict | None
    proved: bool


def judged(days: pd.DataFrame, most: int | None, interval: Interval = HOUR) -> Versus:
    """Judge by the days (location, day, hours, own, other: both errors) that are whole, up to the first on which it is
    told. `most`: so many days at most, after which the estimate tells; None: there is no such end.

    Once the time is over, the other model is taken for the better one unless its error was the larger. The gate has
    shown on what was held out that it is better; what remained was whether it is so on the live data, and days that
    speak neither for nor against it leave the gate's word standing. A model that is worse than the champion by the
    estimate has not kept that word, and the champion stays, which costs nothing.
    """
    together = scores.pooled(scores.whole(days, interval), ("own", "other")).sort_values("day")
    own, other = together["own"].to_numpy(dtype=np.float64), together["other"].to_numpy(dtype=np.float64)
    told = score(own, other)
    better, worse = evidence(told), evidence(1 - told)
    end = len(told) if most is None else min(most, len(told))
    decided = np.flatnonzero((np.maximum(better, worse) >= TAKES)[:end])
    if proved := len(decided) > 0:
        end = int(decided[0]) + 1
    hours = together["hours"].to_numpy()[:end]
    theirs, ours = float((other[:end] * hours).sum()), float((own[:end] * hours).sum())
    gain = 1 - theirs / ours if end and ours > 0 else None
    verdict: Verdict | None = None
    if proved:
        verdict = "better" if better[end - 1] >= TAKES else "worse"
    elif most is not None and end == most:
        verdict = "worse" if gain is not None and gain < 0 else "better"
    seen = tuple(day.date() for day in together["day"].iloc[:end])
    scored, for_it, against = (tuple(one[:end].tolist()) for one in (told, better, worse))
    return Versus(seen, scored, for_it, against, gain, verdict, proved)


def score(own: Array, other: Array) -> Array:
    """The scores, 0 to 1, of days with these mean absolute errors; a half where both are 0."""
    both = own + other
    share = np.divide(own, both, out=np.full(len(both), 0.5), where=both > 0)
    return np.asarray(0.5 + np.clip((share - 0.5) / REACH, -1, 1) / 2)


def evidence(told: Array) -> Array:
    """The evidence after each score that their mean is above a half."""
    bets = 1 + np.outer(2 * told - 1, _BETS)
    return np.asarray(np.exp(np.cumsum(np.log(bets), axis=0)).mean(axis=1))
