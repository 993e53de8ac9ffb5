"""Ridge regression in closed form on the columns of `design`: fast, and able to extrapolate to an unseen season.

The penalty falls on what the columns add to the means, not on the means of locations, weekdays and hours themselves.
Two targets are learned at once. One is the target itself. The other is the square root of its height above the smallest
value, whose errors are more even; that answer is squared and raised by the variance of the residuals, or it would be
too low (Duan 1983, https://doi.org/10.1080/01621459.1983.10478017). `root` is the share of the second in the answer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from steps.models.base import Array, Model, numbers, parameters_of
from steps.models.design import Design

if TYPE_CHECKING:
    import pandas as pd

_AT_ONCE: Final = 16 * 2**20  # bytes of columns
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
        wanted = np.column_stack([target, np.sqrt(target - floor)])
        levels = wanted.mean(axis=0)
        wanted -= levels
        means, gram, moments = _products(design, values, wanted)
        penalty = np.diag(chosen["alpha"] * design.penalties(chosen["pooling"]) + 1e-9)
        weights = np.linalg.solve(gram + penalty, moments)
        left, own = wanted[:, 1] @ wanted[:, 1], weights[:, 1]  # squares: in all, and in what the columns do not say
        left += own @ gram @ own - 2 * own @ moments[:, 1]
        return cls(
            features=design.features,
            design=design,
            weights=weights,
            spread=_spread(design, gram / len(values), weights),
            levels=levels - means @ weights,
            root=float(chosen["root"]),
            smear=max(0.0, float(left / len(values))),
            floor=floor,
        )

    def predict(self, values: Array) -> Array:
        # row by row: BLAS rounds by the number of rows
        parts = [columns[:, np.newaxis, :] @ self.weights for columns in _columns(self.design, values)]
        both = self.levels + np.concatenate(parts)[:, 0]
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


def _columns(design: Design, values: Array) -> Iterator[Array]:
    """The columns of some rows after the other, at least once: of all at once they are many times their rows, which are
    the wider the more locations there are."""
    rows = max(1, _AT_ONCE // (8 * max(1, len(design.names))))
    for first in range(0, max(1, len(values)), rows):
        yield design.columns(values[first : first + rows])


def _products(design: Design, values: Array, wanted: Array) -> tuple[Array, Array, Array]:
    """The means of the columns; and the products of the columns, less these, with one another and with what is `wanted`
    of each row, which is 0 on average."""
    width, first = len(design.names), 0
    total, gram, moments = np.zeros(width), np.zeros((width, width)), np.zeros((width, wanted.shape[1]))
    for columns in _columns(design, values):
        total += columns.sum(axis=0)
        gram += columns.T @ columns
        moments += columns.T @ wanted[first : first + len(columns)]
        first += len(columns)
    means = total / len(values)
    return means, gram - np.outer(total, means), moments


def _spread(design: Design, covariance: Array, weights: Array) -> Array:
    """The standard deviation of what each feature's columns together add to the answer."""
    names, found = np.array(design.names), np.zeros((len(design.features), 2))
    for number, feature in enumerate(design.features):
        own = np.flatnonzero(names == feature)
        variance = np.einsum("it,ij,jt->t", weights[own], covariance[np.ix_(own, own)], weights[own])
        found[number] = np.sqrt(np.maximum(variance, 0))
    return found
