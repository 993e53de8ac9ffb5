"""A linear support vector classifier, one class against the rest (Fan et al. 2008, LIBLINEAR), on standardised numbers.

Learned by scikit-learn, evaluated with numpy alone: a class's score is a weighted sum, and the highest one wins.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from steps.models.base import Array, Model, numbers, parameters_of

if TYPE_CHECKING:
    import pandas as pd

DEFAULTS: Final = {"c": 1.0}  # the inverse of the penalty


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearSVC(Model):
    """Weights of shape (classes, features) for values that are first centred and scaled."""

    features: tuple[str, ...]
    classes: Array
    center: Array
    scale: Array
    weights: Array
    levels: Array

    @classmethod
    def fit(cls, rows: "pd.DataFrame", target: Array, parameters: Mapping[str, Any], seed: int) -> Self:
        from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415 - learning alone needs scikit-learn
        from sklearn.svm import LinearSVC as Learner  # noqa: PLC0415

        chosen = parameters_of("linear-svc", parameters, DEFAULTS)
        values = rows.to_numpy(dtype=np.float64)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of columns without a value, which have no mean
            center, deviation = np.nan_to_num(np.nanmean(values, axis=0)), np.nanstd(values, axis=0)
        scale = np.where(deviation > 1e-9 * (1 + np.abs(center)), deviation, 1.0)
        classes = np.unique(target)
        weights, levels = np.zeros((len(classes), values.shape[1])), np.zeros(len(classes))
        if len(classes) > 1:
            learner = Learner(C=chosen["c"], dual=False, random_state=seed, max_iter=2000)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # what it has found is judged like any other
                learner.fit(_scaled(values, center, scale), target)
            both = np.vstack([-learner.coef_, learner.coef_]) if len(classes) == 2 else learner.coef_
            weights = both
            levels = (
                np.concatenate([-learner.intercept_, learner.intercept_]) if len(classes) == 2 else learner.intercept_
            )
        return cls(
            features=tuple(map(str, rows.columns)),
            classes=classes,
            center=center,
            scale=scale,
            weights=weights,
            levels=levels,
        )

    def predict(self, values: Array) -> Array:
        said: Array = self.classes[
            np.argmax(_scaled(values, self.center, self.scale) @ self.weights.T + self.levels, axis=1)
        ]
        return said

    def importance(self) -> dict[str, float]:
        shares = np.abs(self.weights).sum(axis=0)
        return dict(zip(self.features, (shares / (shares.sum() or 1.0)).tolist(), strict=True))

    def state(self, folder: Path) -> dict[str, Any]:  # noqa: ARG002
        return {name: getattr(self, name).tolist() for name in ("classes", "center", "scale", "weights", "levels")}

    @classmethod
    def restore(cls, features: tuple[str, ...], state: Mapping[str, Any], folder: Path) -> Self:  # noqa: ARG003
        classes, width = numbers(state["classes"], len(state["classes"])), len(features)
        return cls(
            features=features,
            classes=classes,
            center=numbers(state["center"], width),
            scale=numbers(state["scale"], width),
            weights=numbers(state["weights"], len(classes), width),
            levels=numbers(state["levels"], len(classes)),
        )


def _scaled(values: Array, center: Array, scale: Array) -> Array:
    """Missing values count as the mean."""
    return np.where(np.isnan(values), 0.0, (values - center) / scale)
