"""What a decision rests on apart from its scores: how the folds went, and where the winner errs."""

from datetime import datetime
from typing import Any, Final

import pandas as pd

from steps.contract.declaration import Judged
from steps.learning import trials
from steps.learning.dataset import Dataset, Series
from steps.learning.scoring import score
from steps.learning.split import Mask
from steps.models.base import Array
from steps.summaries.decision import Fold, Group, Trial

_SEASONS: Final = {12: "Dec–Feb", 3: "Mar–May", 6: "Jun–Aug", 9: "Sep–Nov"}  # by their first month
_WEEKDAYS: Final = dict(enumerate(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")))
_ORDER: Final = (*_SEASONS.values(), *_WEEKDAYS.values())


def folds(dataset: Dataset, learning: Judged, winner: Trial) -> tuple[Fold, ...]:
    """How the winner and the naive predictors did on each fold."""
    found = []
    for fold, own in zip(trials.folds(dataset, learning), winner.folds, strict=True):
        truth, metric = dataset.target[fold.score], learning.gate.metric
        naive = {
            name: score(name, answers, truth, dataset.task).by(metric)
            for name, answers in dataset.naive(fold.learn, fold.score)
        }
        first, last = _span(dataset, fold.score)
        found.append(Fold(first=first, last=last, rows=len(truth), score=own, naive=naive))
    return tuple(found)


def residual_groups(rows: pd.DataFrame, residuals: Array) -> dict[str, tuple[Group, ...]]:
    """The residuals (truth − answer, the target's unit) of a series by hour of the target's day (local, if the features
    know it) or, of days, by weekday; by season and by location."""
    months = rows["target_at"].dt.month
    by = {"season": (months % 12 // 3 * 3).replace(0, 12).map(_SEASONS), "location": rows["location"].astype(str)}
    if "cal_hour" in rows:
        by = {"hour": rows["cal_hour"].astype(int), **by}
    elif "cal_weekday" in rows:
        by = {"weekday": rows["cal_weekday"].astype(int).map(_WEEKDAYS), **by}
    return {name: _grouped(residuals, group) for name, group in by.items()}


def _grouped(residuals: Array, group: "pd.Series[Any]") -> tuple[Group, ...]:
    own = pd.Series(residuals).groupby(group.to_numpy(), sort=True).agg(["mean", "std", "size"]).fillna(0.0)
    order = [name for name in _ORDER if name in own.index] or list(own.index)
    return tuple(
        Group(group=str(name), mean=float(mean), sd=float(sd), rows=int(size))
        for name, mean, sd, size in own.loc[order].itertuples()
    )


def _span(dataset: Dataset, scored: Mask) -> tuple[datetime | None, datetime | None]:
    """The first and the last target time (UTC) of the scored rows of a series."""
    if not isinstance(dataset, Series):
        return None, None
    times = dataset.rows.loc[scored, "target_at"]
    return times.min().to_pydatetime(), times.max().to_pydatetime()
