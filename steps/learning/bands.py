"""How bands are calibrated and measured: on answers to rows that the model had not learned from.

Of a series the folds calibrate, the holdout measures, and the deployed bands are calibrated on both. Everything
proceeds day by day, and the band of a day knows no truth that was unknown when its first forecast was made.

Of a table the folds alone calibrate, and what the holdout measured is what is deployed. Each row is answered by a model
that had learned from the other folds (cross-conformal prediction: Vovk 2015,
https://doi.org/10.1007/s10472-013-9368-4); the deployed model has learned from more, so its bands are if anything wide.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from steps.contract.declaration import Judged, Learning
from steps.learning import trials
from steps.learning.dataset import Dataset, Series
from steps.learning.recipe import ask, train
from steps.learning.table_dataset import Table
from steps.models.bands import Bands
from steps.models.base import Array
from steps.summaries.decision import Coverage, Month, Recipe


@dataclass(frozen=True)
class Measured:
    """Bands on the holdout: `low` and `high` for each of its rows (the target's unit), how much of the truth they held,
    and the `bands` to deploy."""

    low: Array
    high: Array
    coverage: Coverage
    bands: Bands


def measure(dataset: Series, learning: Learning, recipe: Recipe, answers: Array) -> Measured:
    """The bands around `answers`, which the recipe's model gave to the holdout's rows.

    Raises:
        BadInput: the recipe cannot be trained.
    """
    positions, earlier = _out_of_sample(dataset, learning, recipe)
    held = np.flatnonzero(dataset.holdout())
    calibrated = _calibrated(dataset, learning.band, positions, earlier)
    rows = dataset.rows.iloc[held]
    low, high, arrived = walk(calibrated, rows, answers, dataset.horizon)
    inside = (low <= dataset.target[held]) & (dataset.target[held] <= high)
    months = pd.Series(inside).groupby(rows["target_at"].dt.strftime("%Y-%m").to_numpy())
    whole = _calibrated(dataset, learning.band, np.concatenate([positions, held]), np.concatenate([earlier, answers]))
    coverage = Coverage(
        nominal=learning.band,
        coverage=float(inside.mean()),
        rows=len(low),
        width=float((high - low).mean()),
        days=dataset.rows["target_at"].iloc[positions].dt.floor("D").nunique(),
        by_month=tuple(Month(month=str(name), coverage=float(own.mean()), rows=len(own)) for name, own in months),
        method="conformal, by location, following each day's misses",
    )
    return Measured(low, high, coverage, whole.with_shares_of(arrived))


def measure_rows(dataset: Table, learning: Judged, recipe: Recipe, answers: Array) -> Measured:
    """The bands of a table's numbers around `answers`, which the recipe's model gave to the holdout's rows.

    Raises:
        BadInput: the recipe cannot be trained.
    """
    positions, earlier = _out_of_sample(dataset, learning, recipe)
    anywhere, truth = np.zeros(len(answers)), dataset.target[dataset.holdout()]
    bands = Bands.calibrated(learning.band, np.zeros(len(earlier)), earlier, dataset.target[positions])
    low, high = bands.around(anywhere, answers)
    coverage = Coverage(
        nominal=learning.band,
        coverage=float(np.mean((low <= truth) & (truth <= high))),
        rows=len(low),
        width=float((high - low).mean()),
        method="conformal, by cross-validation",
    )
    return Measured(low, high, coverage, bands)


def walk(bands: Bands, rows: pd.DataFrame, answers: Array, horizon: pd.Timedelta) -> tuple[Array, Array, Bands]:
    """The ends of the bands around `answers`, day by day (UTC), and the bands as they are after the last.

    `rows`: with location, target_at and target, in any order. A day's misses count for the bands of days whose first
    forecast was made after that day had ended.
    """
    truth, locations = rows["target"].to_numpy(), rows["location"].to_numpy()
    days = rows["target_at"].dt.floor("D").to_numpy()
    wait = np.timedelta64(horizon.floor("D") + pd.Timedelta(days=2 if horizon % pd.Timedelta(days=1) else 1))
    low, high = np.empty(len(rows)), np.empty(len(rows))
    for location in np.unique(locations):
        mine, waiting = locations == location, list[tuple[Any, float]]()
        for day in np.unique(days[mine]):
            known = [missed for then, missed in waiting if then + wait <= day]
            bands = bands.following(int(location), known)
            waiting = waiting[len(known) :]
            now = mine & (days == day)
            low[now], high[now] = bands.around(locations[now], answers[now])
            waiting.append((day, float(np.mean((truth[now] < low[now]) | (truth[now] > high[now])))))
        bands = bands.following(int(location), [missed for _, missed in waiting])
    return low, high, bands


def _out_of_sample(
    dataset: Dataset, learning: Judged, recipe: Recipe
) -> tuple["np.ndarray[Any, np.dtype[np.intp]]", Array]:
    """The positions of the folds' scored rows, and the answers of each fold's model to them."""
    positions, answers = [], []
    for fold in trials.folds(dataset, learning):
        positions.append(np.flatnonzero(fold.score))
        answers.append(ask(train(learning, recipe, dataset, fold.learn), dataset.rows.loc[fold.score]))
    return np.concatenate(positions), np.concatenate(answers)


def _calibrated(
    dataset: Series, nominal: float, positions: "np.ndarray[Any, np.dtype[np.intp]]", answers: Array
) -> Bands:
    locations = dataset.rows["location"].to_numpy()[positions]
    return Bands.calibrated(nominal, locations, answers, dataset.target[positions])
