"""Which rows a model learns from, and which rows score it.

    |------------------- training part -------------------|·|---- holdout ----|   · an embargo of the horizon
    |-- learn --|·|1|
    |--- learn ----|·|2|            rolling origin: each fold learns from all that came before its own stretch,
    |---- learn -----|·|3|          and the stretches lie side by side over the last 60 % of the training part

A row's place in time is that of its target. With the embargo, no row is learned from whose target was not yet known
when the first scored forecast had to be made.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd

LEARNED_FIRST: Final = 0.4  # of the training part's time, before the first fold's stretch

Mask = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class Fold:
    """Which rows (of the training part, or of all) to learn from, and which to be scored on."""

    learn: Mask
    score: Mask


def holdout_from(target_at: "pd.Series[Any]", share: float) -> datetime:
    """Where the last `share` of the time from the first to the last target begins."""
    first, last = target_at.min(), target_at.max()
    cut: datetime = (last - share * (last - first)).to_pydatetime()
    return cut


def training(target_at: "pd.Series[Any]", holdout_from: datetime, embargo: pd.Timedelta) -> Mask:
    """The rows of the training part."""
    return (target_at < holdout_from - embargo).to_numpy()


def holdout(target_at: "pd.Series[Any]", holdout_from: datetime) -> Mask:
    """The rows of the holdout."""
    return (target_at >= holdout_from).to_numpy()


def folds(target_at: "pd.Series[Any]", count: int, embargo: pd.Timedelta) -> list[Fold]:
    """The folds of the training part, whose rows have these target times. A stretch without rows, as in a long gap,
    makes no fold."""
    first, last = target_at.min(), target_at.max()
    edges = [first + share * (last - first) for share in np.linspace(LEARNED_FIRST, 1, count + 1)]
    edges[-1] += pd.Timedelta(hours=1)
    found = [
        Fold((target_at < begin - embargo).to_numpy(), ((target_at >= begin) & (target_at < end)).to_numpy())
        for begin, end in pairwise(edges)
    ]
    return [fold for fold in found if fold.score.any()]
