"""Ridge regression in closed form on the columns of `design`: quick, and at home in a season that it has not seen.

The penalty falls on what the columns add to the means, not on the means of locations, weekdays and hours themselves.
Two targets are learned at once. One is the target itself. The other is the square root of its height above the
smallest value, whose errors are more even; that answer is squared again and raised by the variance of the residuals,
without which it would be too low (Duan 1983, https://doi.org/10.1080/01621459.1983.10478017). `root` is the share that
the second has in the answer.
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
# interactions: whether locations and weekends have a calendar of their own
# pooling: the penalty of the interactions in proportion; more makes locations, and weekends, more alike
DEFAULTS: Final = {"alpha": 1000.0, "interactions": True, "pooling": 0.3, "root": 0.5}


@dataclass(frozen=True, kw_only=True, eq=False)
class Linear(Model):
    """A ridge with the calendar and the locations spelt out. Arrays of two: for the target, and for its root."""

    features: tuple[str, ...]
    design: Design
    weights: Array  # shape (columns, 2)
    spread: Array  # how much each column varied while learning
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
        gram[np.diag_indices_from(gram)] += chosen["alpha"] * design.penalties(chosen["pooling"]) + 1e-9
        weights = np.linalg.solve(gram, columns.T @ (wanted - levels))
        return cls(
            features=design.features,
            design=design,
            weights=weights,
            spread=columns.std(axis=0),
            levels=levels - means @ weights,
            root=float(chosen["root"]),
            smear=float(np.var(wanted[:, 1] - levels[1] - columns @ weights[:, 1])),
            floor=floor,
        )

    def predict(self, values: Array) -> Array:
        both = self.levels + self.design.columns(values) @ self.weights
        squared = np.maximum(both[:, 1], 0) ** 2 + self.smear + self.floor
        answers: Array = (1 - self.root) * both[:, 0] + self.root * squared
        return np.maximum(answers, self.floor)

    def importance(self) -> dict[str, float]:
        parts = np.abs(self.weights) * self.spread[:, None]
        whole = parts.sum(axis=0)
        parts = parts / np.where(whole > 0, whole, 1) @ np.array([1 - self.root, self.root])
        share = dict.fromkeys(self.features, 0.0)
        for name, part in zip(self.design.names, parts, strict=True):
            share[name] += float(part)
        return share

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
            spread=numbers(state["spread"], columns),
            levels=numbers(state["levels"], 2),
            root=root,
            smear=smear,
            floor=floor,
        )
