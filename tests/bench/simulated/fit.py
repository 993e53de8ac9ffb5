"""A curve through a few measured sizes, and its exponent: value = base + slope · size ^ power."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import nnls

SUPERLINEAR: Final = 1.15
_POWERS: Final = np.arange(0.2, 2.51, 0.01)
_DOUBT: Final = 0.05  # by which relative error a power must be the better one, for each 1 that it is away from a line


@dataclass(frozen=True)
class Fit:
    """The curve. `base` is what the smallest size takes, too: imports, connections."""

    base: float
    slope: float
    power: float

    def at(self, size: float) -> float:
        """The value there."""
        return self.base + self.slope * size**self.power

    @property
    def exponent(self) -> float:
        """The power, or 0 where the value does not depend on the size."""
        return self.power if self.slope else 0.0

    @property
    def superlinear(self) -> bool:
        """Whether more than proportional."""
        return self.exponent > SUPERLINEAR

    def reaches(self, value: float) -> float:
        """The size at which it is that much; infinite if it never is."""
        if self.slope <= 0:
            return float("inf")
        return float((max(0.0, value - self.base) / self.slope) ** (1 / self.power))


def fit(points: Mapping[float, float]) -> Fit:
    """Of the values by size, at least three: the least squares of relative errors, neither part below zero. A line
    unless a curve is clearly nearer, since a few sizes on a machine with other work bend any line a little."""
    sizes, values = np.array(list(points), dtype=float), np.array(list(points.values()), dtype=float)
    if not values.any():
        return Fit(0.0, 0.0, 1.0)
    scale = np.maximum(values, values.max() * 1e-6)
    best = (float("inf"), Fit(0.0, 0.0, 1.0))
    for power in _POWERS:
        parts = np.column_stack([np.ones_like(sizes), sizes**power]) / scale[:, None]
        (base, slope), error = nnls(parts, values / scale)
        cost = error / np.sqrt(len(sizes)) + _DOUBT * abs(power - 1)
        if cost < best[0]:
            best = (float(cost), Fit(float(base), float(slope), round(float(power), 2)))
    return best[1]
