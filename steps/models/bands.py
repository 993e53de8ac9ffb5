"""Bands around forecasts, which hold the truth with a stated probability.

Conformal prediction (Lei et al. 2018, https://doi.org/10.1080/01621459.2017.1307116): the errors on rows that were not
learned from say how wide a band must be, whatever the model. An error is measured relative to its forecast's height
above the smallest target, since errors of concentrations are proportional; each location has its own errors.

Errors differ in a season that was never seen. So the share left outside the band follows what came true, day by day
(Gibbs and Candès 2021, https://arxiv.org/abs/2106.00263): a day with too many misses widens the next bands.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from math import ceil
from typing import Any, Final, Self

import numpy as np

from steps.errors import BadInput
from steps.models.base import Array, numbers

FILE: Final = "bands.json"
RATE: Final = 0.1  # how fast the share follows; the best of 0.03, 0.05, 0.1 and 0.2 on the folds of two archives
_LEAST, _MOST = 0.01, 0.6  # that may be left outside
_POINTS: Final = 201
_LEAST_SHARE: Final = 0.02  # of the calibration's forecasts; their height is the smallest that errors are measured by,
_LEAST_HEIGHT: Final = 0.2  # but never less than this part of the truth's median height: some lie below all the truth
_ENOUGH: Final = 100  # rows of a location; with fewer it gets the errors of all


@dataclass(frozen=True)
class Errors:
    """The distribution of errors: quantiles at evenly spread shares from 0 to 1, over `rows` rows.

    `out`: the share of the truth that is now left outside the band.
    """

    quantiles: tuple[float, ...]
    rows: int
    out: float

    def within(self, share: float) -> float:
        """The error that this share of new errors is expected not to exceed (with the correction for few rows)."""
        level = min(1.0, ceil((self.rows + 1) * share) / self.rows)
        return float(np.interp(level, np.linspace(0, 1, len(self.quantiles)), self.quantiles))


@dataclass(frozen=True)
class Bands:
    """How far the truth is from forecasts, for each location by its id (0: any other location, and a table's rows).

    `nominal`: the share of the truth that a band is meant to hold. `lowest`: the smallest target; `least`: the smallest
    height that errors are measured by. Both in the target's unit.
    """

    nominal: float
    lowest: float
    least: float
    errors: Mapping[int, Errors]

    @classmethod
    def calibrated(cls, nominal: float, locations: Array, answers: Array, truth: Array) -> Self:
        """Bands made from forecasts of rows that were not learned from, and what came true (finite, of equal
        length)."""
        lowest = float(truth.min())
        heights = np.quantile(answers, _LEAST_SHARE) - lowest, _LEAST_HEIGHT * (np.median(truth) - lowest)
        least = float(max(*heights, 1e-9 + 1e-6 * np.abs(truth).max()))
        relative = (truth - answers) / np.maximum(answers - lowest, least)
        known = [int(one) for one in np.unique(locations) if np.sum(locations == one) >= _ENOUGH]
        own = {one: relative[locations == one] for one in known} | {0: relative}
        grid = np.linspace(0, 1, _POINTS)
        errors = {
            one: Errors(tuple(np.quantile(found, grid).tolist()), len(found), 1 - nominal) for one, found in own.items()
        }
        return cls(nominal, lowest, least, errors)

    def around(self, locations: Array, answers: Array) -> tuple[Array, Array]:
        """The lower and upper ends for these forecasts, which lie between them; none is below the smallest target,
        unless the forecast is."""
        scale = np.maximum(answers - self.lowest, self.least)
        low, high = np.empty(len(answers)), np.empty(len(answers))
        for one in np.unique(locations):
            errors, mine = self._of(int(one)), locations == one
            low[mine] = answers[mine] + scale[mine] * errors.within(errors.out / 2)
            high[mine] = answers[mine] + scale[mine] * errors.within(1 - errors.out / 2)
        return np.minimum(np.maximum(low, self.lowest), answers), np.maximum(high, answers)

    def following(self, location: int, missed: Iterable[float]) -> Self:
        """The bands after more days, given the share of the location's truth that each missed, in order."""
        errors = self._of(location)
        out = errors.out
        for share in missed:
            out = min(max(out + RATE * (1 - self.nominal - share), _LEAST), _MOST)
        followed = Errors(errors.quantiles, errors.rows, out)
        return type(self)(self.nominal, self.lowest, self.least, {**self.errors, location: followed})

    def with_shares_of(self, other: "Bands") -> Self:
        """These errors, with the shares left outside that the `other` bands have reached."""
        errors = {one: Errors(own.quantiles, own.rows, other._of(one).out) for one, own in self.errors.items()}
        return type(self)(self.nominal, self.lowest, self.least, errors)

    def to_bytes(self) -> bytes:
        """The content of `bands.json`."""
        return json.dumps(asdict(self), allow_nan=False, sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, body: bytes) -> Self:
        """The bands that were stored.

        Raises:
            BadInput: the content is wrong.
        """
        try:
            stored = json.loads(body)
            errors = {int(one): _errors(each) for one, each in stored["errors"].items()}
            nominal, lowest, least = (float(numbers(stored[name])) for name in ("nominal", "lowest", "least"))
            if 0 not in errors or not 0 < nominal < 1 or least <= 0:
                raise ValueError("it lacks the errors of all locations, or a share or height is out of range")
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise BadInput(f"{FILE} does not hold bands: {error}; train again") from error
        return cls(nominal, lowest, least, errors)

    def _of(self, location: int) -> Errors:
        return self.errors.get(location, self.errors[0])


def _errors(stored: Mapping[str, Any]) -> Errors:
    quantiles = numbers(stored["quantiles"], len(stored["quantiles"]))
    rows, out = int(stored["rows"]), float(numbers(stored["out"]))
    if len(quantiles) < 2 or (np.diff(quantiles) < 0).any() or rows < 1 or not _LEAST <= out <= _MOST:
        raise ValueError("its quantiles do not increase, or its rows are missing")
    return Errors(tuple(quantiles.tolist()), rows, out)
