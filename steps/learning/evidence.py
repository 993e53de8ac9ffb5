"""What a decision rests on besides its scores: how the folds went, and where the winner errs."""

from typing import Any, Final

import numpy as np
import pandas as pd

from steps.contract.declaration import Judged
from steps.learning import trials
from steps.learning.dataset import Dataset, Series
from steps.learning.scoring import score
from steps.learning.trials import TrialResult
from steps.models.base import Array

_SEASONS: Final = {12: "Dec–Feb", 3: "Mar–May", 6: "Jun–Aug", 9: "Sep–Nov"}  # by their first month


def folds(dataset: Dataset, learning: Judged, winner: TrialResult) -> tuple[dict[str, Any], ...]:
    """Each fold as JSON values: its first and last target hour (of a series), its rows, and the scores there."""
    found = []
    for fold, own in zip(trials.folds(dataset, learning), winner.folds, strict=True):
        truth, metric = dataset.target[fold.score], learning.gate.metric
        naive = {
            name: score(name, answers, truth, dataset.task).by(metric)
            for name, answers in dataset.naive(fold.learn, fold.score)
        }
        found.append({**_span(dataset, fold.score), "rows": len(truth), "score": own, "naive": naive})
    return tuple(found)


def residual_groups(rows: pd.DataFrame, residuals: Array) -> dict[str, list[dict[str, Any]]]:
    """The residuals (truth − answer, the target's unit) of a series by hour of the target's day (local, where the
    features know it), by season and by location: mean, standard deviation, rows."""
    months = rows["target_at"].dt.month
    by = {
        "season": (months % 12 // 3 * 3).replace(0, 12).map(_SEASONS),
        "location": rows["location"].astype(str),
    }
    if "cal_hour" in rows:
        by = {"hour": rows["cal_hour"].astype(int), **by}
    return {name: _grouped(residuals, group) for name, group in by.items()}


def _grouped(residuals: Array, group: "pd.Series[Any]") -> list[dict[str, Any]]:
    own = pd.Series(residuals).groupby(group.to_numpy(), sort=True).agg(["mean", "std", "size"]).fillna(0.0)
    order = [name for name in _SEASONS.values() if name in own.index] or list(own.index)
    return [
        {"group": str(name), "mean": float(mean), "sd": float(sd), "rows": int(size)}
        for name, mean, sd, size in own.loc[order].itertuples()
    ]


def _span(dataset: Dataset, scored: "np.ndarray[Any, np.dtype[np.bool_]]") -> dict[str, str | None]:
    if not isinstance(dataset, Series):
        return {"from": None, "to": None}
    times = dataset.rows["target_at"].to_numpy()[scored]
    return {"from": pd.Timestamp(times.min()).isoformat(), "to": pd.Timestamp(times.max()).isoformat()}
