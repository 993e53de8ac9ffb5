"""Ridge regression in closed form on the columns of `design`: quick, and at home in a season that it has not seen.

The penalty falls on what the columns add to the means, not on the means of locations, weekdays and hours themselves.
`root` learns the square root of the target's height above its smallest value, whose errors are more even; the answer
is squared again and raised by the variance of the residuals, without which it would be the median's square and too low
(Duan 1983, https://doi.org/10.1080/01621459.1983.10478017).
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

# alpha: the penalty, in rows: a standardised column is shrunk as if that many rows said 0
DEFAULTS: Final = {"alpha": 1000.0, "interactions": True, "root": False}


@dataclass(frozen=True, kw_only=True, eq=False)
class Linear(Model):
    """A ridge with the calendar and the locations spelt out."""

    features: tuple[str, ...]
    design: Design
    weights: Array
    spread: Array  # how much each column varied while learning
    level: float
    floor: float
    root: bool
    smear: float

    @classmethod
    def fit(cls, rows: "pd.DataFrame", target: Array, parameters: Mapping[str, Any], seed: int) -> Self:  # noqa: ARG003
        chosen = parameters_of("linear", parameters, DEFAULTS)
        values, floor = rows.to_numpy(dtype=np.float64), float(target.min())
        design = Design.of(tuple(map(str, rows.columns)), values, interactions=bool(chosen["interactions"]))
        columns = design.columns(values)
        wanted = np.sqrt(target - floor) if chosen["root"] else target
        means, level = columns.mean(axis=0), wanted.mean()
        columns -= means
        gram = columns.T @ columns
        gram[np.diag_indices_from(gram)] += chosen["alpha"] * design.penalties + 1e-9
        weights = np.linalg.solve(gram, columns.T @ (wanted - level))
        return cls(
            features=design.features,
            design=design,
            weights=weights,
            spread=columns.std(axis=0),
            level=float(level - means @ weights),
            floor=floor,
            root=bool(chosen["root"]),
            smear=float(np.var(wanted - level - columns @ weights)),
        )

    def predict(self, values: Array) -> Array:
        answers: Array = self.level + self.design.columns(values) @ self.weights
        if self.root:
            answers = np.maximum(answers, 0) ** 2 + self.smear + self.floor
        return np.maximum(answers, self.floor)

    def importance(self) -> dict[str, float]:
        share = dict.fromkeys(self.features, 0.0)
        for name, part in zip(self.design.names, np.abs(self.weights) * self.spread, strict=True):
            share[name] += float(part)
        whole = sum(share.values())
        return {name: part / whole if whole else 0.0 for name, part in share.items()}

    def state(self, folder: Path) -> dict[str, Any]:  # noqa: ARG002
        return {
            "design": self.design.state(),
            "weights": self.weights.tolist(),
            "spread": self.spread.tolist(),
            "level": self.level,
            "floor": self.floor,
            "root": self.root,
            "smear": self.smear,
        }

    @classmethod
    def restore(cls, features: tuple[str, ...], state: Mapping[str, Any], folder: Path) -> Self:  # noqa: ARG003
        design = Design.restore(features, state["design"])
        weights, spread = (numbers(state[name], len(design.names)) for name in ("weights", "spread"))
        level, floor, smear = (float(numbers(state[name])) for name in ("level", "floor", "smear"))
        return cls(
            features=features,
            design=design,
            weights=weights,
            spread=spread,
            level=level,
            floor=floor,
            root=bool(state["root"]),
            smear=smear,
        )
