"""What was tried beside the recipes that ship, and left out because the folds do not support it.

    python -m tests.bench.alternatives

Each family's best recipe by the folds, and beside it: targets relative to the mean of the last 24 hours (difference,
ratio, ratio to its root), trees without a linear base, averages of the families, features left out, and whole inputs
dropped in a tenth of the rows learned from, so that the model would know how to do without them. RMSE in µg/m³, the
mean of the five folds, which decide, and the holdout, which does not. The cases are those of `learning.py`.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from steps.learning import drawing, split, trials
from steps.learning.dataset import Series
from steps.learning.recipe import SEED
from steps.models.base import Array, Model
from steps.models.lightgbm import LightGBM
from steps.models.linear import Linear
from tests.bench import learning as bench
from tests.bench.history import figure, kept

# learns from the first rows and their target; answers to the second
Predictor = Callable[[pd.DataFrame, Array, pd.DataFrame], Array]
LOWEST = 5.0  # µg/m³: what a target is divided by, at least
DROPPED = 0.1  # of the rows


@kept("alternatives")
def main() -> None:
    """Print a table for each case."""
    for title, dataset in bench.cases():
        print(f"\n{title}\n  {'':<44}  folds  holdout")
        for name, predictor in _tried(dataset).items():
            tried = _of_rows(predictor)
            folds = np.mean(bench.on_folds(tried, dataset))
            holdout = bench.rate(name, tried, dataset, dataset.training(), dataset.holdout()).by(bench.METRIC)
            print(f"  {name:<44}{folds:7.2f}  {holdout:7.2f}", flush=True)
            figure(f"{title}: {name}, the folds", float(folds), "RMSE, µg/m³")


def _tried(dataset: Series) -> dict[str, Predictor]:
    linear, boosted = (_chosen(dataset, number) for number in (0, 1))
    ridge, trees = _plain(Linear, linear), _plain(LightGBM, boosted)
    alone = {**boosted, "base": "none"}
    relative = {
        "its difference from": _difference,
        "its ratio to": _ratio(1.0),
        "its ratio to the root of": _ratio(0.5),
    }
    found = {"linear": ridge, "LightGBM on a linear base": trees, "LightGBM alone": _plain(LightGBM, alone)}
    for words, way in relative.items():
        found[f"linear, {words} the level"] = way(_plain(Linear, linear))
        found[f"LightGBM alone, {words} the level"] = way(_plain(LightGBM, alone))
    for share in (0.25, 0.5, 0.75):
        found[f"{share:.0%} linear, the rest LightGBM"] = _blend(share, ridge, trees)
    thirds = _blend(1 / 2, ridge, trees)
    found["linear, LightGBM and LightGBM alone, a third each"] = _blend(2 / 3, thirds, _plain(LightGBM, alone))
    found["linear, with inputs dropped"] = _dropping(ridge)
    for group in ("others_", "co_", "wx_", "std_", "max_"):
        if any(name.startswith(group) for name in dataset.features):
            found[f"linear without {group}*"] = _plain(Linear, linear, without=group)
    return found


def _chosen(dataset: Series, number: int) -> dict[str, Any]:
    family = bench.LEARNING.families[number]
    drawn = enumerate(drawing.draw(family, None))
    results = [trials.evaluate(dataset, bench.LEARNING, family.name, *one) for one in drawn]
    return dict(trials.best(results, bench.METRIC).parameters)


def _plain(model: type[Model], parameters: Mapping[str, Any], without: str = "nothing") -> Predictor:
    def predictor(rows: pd.DataFrame, target: Array, asked: pd.DataFrame) -> Array:
        kept = [name for name in rows if not str(name).startswith(without)]
        return model.fit(rows[kept], target, parameters, SEED).predict(asked[kept].to_numpy(dtype=float))

    return predictor


def _difference(predictor: Predictor) -> Predictor:
    def relative(rows: pd.DataFrame, target: Array, asked: pd.DataFrame) -> Array:
        answers: Array = predictor(rows, target - _level(rows, target), asked) + _level(asked, target)
        return np.maximum(answers, target.min())

    return relative


def _ratio(power: float) -> Callable[[Predictor], Predictor]:
    def scale(rows: pd.DataFrame, target: Array) -> Array:
        return np.asarray(np.maximum(_level(rows, target), LOWEST) ** power)

    def way(predictor: Predictor) -> Predictor:
        def relative(rows: pd.DataFrame, target: Array, asked: pd.DataFrame) -> Array:
            answers = predictor(rows, target / scale(rows, target), asked) * scale(asked, target)
            return np.maximum(answers, target.min())

        return relative

    return way


def _blend(share: float, one: Predictor, other: Predictor) -> Predictor:
    return lambda *given: share * one(*given) + (1 - share) * other(*given)


def _dropping(predictor: Predictor) -> Predictor:
    """Each input of which the features are named (a co-pollutant, one of the weather, the others) is missing, whole, in
    a tenth of the rows that are learned from."""

    def dropping(rows: pd.DataFrame, target: Array, asked: pd.DataFrame) -> Array:
        random, holed = np.random.default_rng(SEED), rows.copy()
        inputs = rows.columns.str.extract(r"^((?:co|wx)_[a-z0-9]+|others)", expand=False)
        for one in sorted(inputs.dropna().unique()):
            holed.loc[random.random(len(rows)) < DROPPED, rows.columns[inputs == one]] = np.nan
        return predictor(holed, target, asked)

    return dropping


def _level(rows: pd.DataFrame, target: Array) -> Array:
    level = rows["mean_24"].fillna(rows["mean_same_hour"]).fillna(rows["mean_168"]).fillna(target.mean())
    return level.to_numpy(dtype=float)


def _of_rows(predictor: Predictor) -> bench.Predictor:
    def of_rows(dataset: Series, learned: split.Mask, scored: split.Mask) -> Array:
        rows = dataset.rows[list(dataset.features)]
        return predictor(rows.loc[learned], dataset.target[learned], rows.loc[scored])

    return of_rows


if __name__ == "__main__":
    main()
