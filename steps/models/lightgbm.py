"""Gradient-boosted trees (LightGBM), on their own or on the residuals of a linear model.

Trees repeat what they have seen: they cannot answer higher than their training rows, but a first winter is higher. With
`base` "linear" they only correct a ridge, which handles what grows with the level. The trees see a location as its mean
target, which makes similar locations similar and puts a new one in the middle. A column that was never missing in
training and is so later has its mean: LightGBM would take 0 for it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from steps.models.base import Array, Model, covers_the_year, numbers, parameters_of
from steps.models.linear import Linear

if TYPE_CHECKING:
    import lightgbm
    import pandas as pd
else:
    from steps.models.slim import lightgbm

DEFAULTS: Final = {
    "trees": 120,
    "learning_rate": 0.03,
    "leaves": 15,
    "leaf_rows": 100,  # at least, in each leaf
    "column_share": 0.5,  # of the columns, drawn for each tree
    "l2": 10.0,
    "base": "linear",
}
_FIXED: Final = {
    "objective": "regression",
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "max_bin": 63,
    "verbosity": -1,
}
_TREES: Final = "trees.txt"
_YEAR: Final = ("cal_year_sin", "cal_year_cos")


@dataclass(frozen=True, kw_only=True, eq=False)
class LightGBM(Model):
    """Boosted trees over a base: zero, or a linear model with its default parameters."""

    features: tuple[str, ...]
    text: str  # of the trees, as LightGBM writes them; the stored trees are the ones that answer
    used: tuple[int, ...]  # the features that the trees see
    location_means: dict[float, float]
    mean: float
    floor: float
    base: Linear | None
    fill: Array  # of each used column: what stands for a missing value; NaN if the trees have learned what to do

    def __post_init__(self) -> None:
        if self._trees.num_feature() != len(self.used):
            raise ValueError(f"{_TREES} has {self._trees.num_feature()} features, wanted {len(self.used)}")
        if self.fill.shape != (len(self.used),):
            raise ValueError(f"{len(self.fill)} values stand for missing ones, wanted {len(self.used)}")

    @cached_property
    def _trees(self) -> lightgbm.Booster:
        return lightgbm.Booster(model_str=self.text)

    @classmethod
    def fit(cls, rows: "pd.DataFrame", target: Array, parameters: Mapping[str, Any], seed: int) -> Self:
        chosen = parameters_of("lightgbm", parameters, DEFAULTS)
        features, values = tuple(map(str, rows.columns)), rows.to_numpy(dtype=np.float64)
        skipped = () if covers_the_year(features, values) else _YEAR
        used = tuple(
            index for index, name in enumerate(features) if name not in skipped and not name.startswith("cal_day_")
        )
        means = _location_means(features, values, target)
        mean = float(target.mean())
        base = Linear.fit(rows, target, {}, seed) if chosen["base"] == "linear" else None
        wanted = target - base.predict(values) if base else target
        settings = {
            **_FIXED,
            "learning_rate": chosen["learning_rate"],
            "num_leaves": chosen["leaves"],
            "min_data_in_leaf": chosen["leaf_rows"],
            "feature_fraction": chosen["column_share"],
            "lambda_l2": chosen["l2"],
            "seed": seed,
        }
        inputs = _inputs(features, values, used, means, mean)
        fill = np.asarray(inputs.mean(axis=0), dtype=np.float64)  # NaN where one is missing
        data = lightgbm.Dataset(inputs, wanted, free_raw_data=True)
        trees = lightgbm.train(settings, data, num_boost_round=int(chosen["trees"]))
        return cls(
            features=features,
            text=trees.model_to_string(),
            used=used,
            location_means=means,
            mean=mean,
            floor=float(target.min()),
            base=base,
            fill=fill,
        )

    def predict(self, values: Array) -> Array:
        inputs = _inputs(self.features, values, self.used, self.location_means, self.mean)
        inputs = np.where(np.isnan(inputs), self.fill, inputs)
        answers: Array = np.asarray(self._trees.predict(inputs, num_threads=1), dtype=np.float64)
        if self.base:
            answers = answers + self.base.predict(values)
        return np.maximum(answers, self.floor)

    def importance(self) -> dict[str, float]:
        share = dict.fromkeys(self.features, 0.0)
        gains = self._trees.feature_importance("gain")
        whole = float(gains.sum())
        for index, gain in zip(self.used, gains, strict=True):
            share[self.features[index]] += float(gain) / whole if whole else 0.0
        return share

    def state(self, folder: Path) -> dict[str, Any]:
        (folder / _TREES).write_text(self.text, encoding="utf-8")
        return {
            "used": list(self.used),
            "locations": list(self.location_means),
            "location_means": list(self.location_means.values()),
            "mean": self.mean,
            "floor": self.floor,
            "base": self.base.state(folder) if self.base else None,
            "fill": [None if np.isnan(value) else float(value) for value in self.fill],
            "trees": _digest(self.text),
        }

    @classmethod
    def restore(cls, features: tuple[str, ...], state: Mapping[str, Any], folder: Path) -> Self:
        used = tuple(int(index) for index in state["used"])
        if not set(used) <= set(range(len(features))):
            raise ValueError("a feature's number is out of range")
        ids = numbers(state["locations"], len(state["locations"]))
        means = dict(zip(ids.tolist(), numbers(state["location_means"], len(ids)).tolist(), strict=True))
        mean, floor = (float(numbers(state[name])) for name in ("mean", "floor"))
        base = Linear.restore(features, state["base"], folder) if state["base"] is not None else None
        fill = _fill(state.get("fill", [None] * len(used)))
        text = (folder / _TREES).read_text(encoding="utf-8")
        if _digest(text) != state["trees"]:  # LightGBM's parser ends the process on a damaged text
            raise ValueError(f"{_TREES} has digest {_digest(text)}, wanted {state['trees']}")
        try:
            return cls(
                features=features,
                text=text,
                used=used,
                location_means=means,
                mean=mean,
                floor=floor,
                base=base,
                fill=fill,
            )
        except lightgbm.basic.LightGBMError as error:
            raise ValueError(f"{_TREES}: {error}") from error


def _fill(stored: list[float | None]) -> Array:
    """NaN for what is None; all others must be finite."""
    known = [index for index, value in enumerate(stored) if value is not None]
    fill = np.full(len(stored), np.nan)
    fill[known] = numbers([stored[index] for index in known], len(known))
    return fill


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _location_means(features: tuple[str, ...], values: Array, target: Array) -> dict[float, float]:
    if "location" not in features:
        return {}
    ids = values[:, features.index("location")]
    return {float(one): float(target[ids == one].mean()) for one in np.unique(ids[np.isfinite(ids)])}


def _inputs(
    features: tuple[str, ...], values: Array, used: tuple[int, ...], means: Mapping[float, float], mean: float
) -> Array:
    """What the trees see: the used columns, a location's id replaced by its mean target."""
    inputs = values[:, used]
    if means:
        ids = values[:, features.index("location")]
        column = np.full(len(values), mean)
        for one, its_mean in means.items():
            column[ids == one] = its_mean
        inputs[:, used.index(features.index("location"))] = column
    return inputs
