"""Ridge regression in closed form on the columns of `design`: fast, and able to extrapolate to an unseen season.

The penalty falls on what the columns add to the means, not on the means of locations, weekdays and hours themselves.
Two targets are learned at once. One is the target itself. The other is the square root of its height above the smallest
value, whose errors are more even; that answer is squared and raised by the variance of the residuals, or it would be
too low (Duan 1983, https://doi.org/10.1080/01621459.1983.10478017). `root` is the share of the second in the answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from steps.models.base import Array, Model, numbers, parameters_of
from steps.models.design import Design

if TYPE_CHECKING:
    import pandas as pd

# alpha: the penalty; a standardised column is shrunk as if that many rows said 0
# interactions: whether locations and weekends have their own calendar
# pooling: the penalty of the interactions in proportion; more makes locations, and weekends, more alike
DEFAULTS: Final = {"alpha": 1000.0, "interactions": True, "pooling": 0.3, "root": 0.5}


@dataclass(frozen=True, kw_only=True, eq=False)
class Linear(Model):
    """A ridge with the calendar and the locations spelt out. Arrays of two: for the target, and for its root."""

    features: tuple[str, ...]
    design: Design
    weights: Array  # shape (columns, 2)
    spread: Array  # shape (features, 2): how much what each says varied over the rows learned from
    levels: Array  # shape (2,)
    root: float
    smear: float
    floor: float

    @classmethod
    def fit(cls, rows: "pd.DataFrame", target: Array, parameters: Mapping[str, Any], seed: int) -> Self:  # noqa: ARG003
        chosen = parameters_of("linear", parameters, DEFAULTS)
        values, floor = rows.to_numpy(dtype=np.float64), float(target.min())
        design = Design.of(tuple(map(str, rows.columns)), values, interactions=bool(chosen["interactions"]))
        columns = design.columns(values)
        wanted = np.column_stack([target, np.sqrt(target - floor)])
        means, levels = columns.mean(axis=0), wanted.mean(axis=0)
        columns -= means
        gram = columns.T @ columns
        penalty = np.diag(chosen["alpha"] * design.penalties(chosen["pooling"]) + 1e-9)
        weights = np.linalg.solve(gram + penalty, columns.T @ (wanted - levels))
        return cls(
            features=design.features,
            design=design,
            weights=weights,
            spread=_spread(design, gram / len(columns), weights),
            levels=levels - means @ weights,
            root=float(chosen["root"]),
            smear=float(np.var(wanted[:, 1] - levels[1] - columns @ weights[:, 1])),
            floor=floor,
        )

    def predict(self, values: Array) -> Array:
        columns = self.design.columns(values)[:, np.newaxis, :]  # row by row: BLAS rounds by the number of rows
        both = self.levels + (columns @ self.weights)[:, 0]
        squared = np.maximum(both[:, 1], 0) ** 2 + self.smear + self.floor
        answers: Array = (1 - self.root) * both[:, 0] + self.root * squared
        return np.maximum(answers, self.floor)

    def importance(self) -> dict[str, float]:
        whole = self.spread.sum(axis=0)
        shares = self.spread / np.where(whole > 0, whole, 1) @ np.array([1 - self.root, self.root])
        return dict(zip(self.features, shares.tolist(), strict=True))

    def state(self, folder: Path) -> dict[str, Any]:  # noqa: ARG002
        return {
            "design": self.design.state(),
            "weights": self.weights.tolist(),
            "spread": self.spread.tolist(),
            "levels": self.levels.tolist(),
            "root": self.root,
            "smear": self.smear,
            "floor": self.floor,
        }

    @classmethod
    def restore(cls, features: tuple[str, ...], state: Mapping[str, Any], folder: Path) -> Self:  # noqa: ARG003
        design = Design.restore(features, state["design"])
        columns = len(design.names)
        root, smear, floor = (float(numbers(state[name])) for name in ("root", "smear", "floor"))
        return cls(
            features=features,
            design=design,
            weights=numbers(state["weights"], columns, 2),
            spread=numbers(state["spread"], len(features), 2),
            levels=numbers(state["levels"], 2),
            root=root,
            smear=smear,
            floor=floor,
        )


def _spread(design: Design, covariance: Array, weights: Array) -> Array:
    """The standard deviation of what each feature's columns together add to the answer."""
    names, found = np.array(design.names), np.zeros((len(design.features), 2))
    for number, feature in enumerate(design.features):
        own = np.flatnonzero(names == feature)
        variance = np.einsum("it,ij,jt->t", weights[own], covariance[np.ix_(own, own)], weights[own])
        found[number] = np.sqrt(np.maximum(variance, 0))
    return found
