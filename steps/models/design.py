"""The columns that a linear model sees: plain numbers are standardised, the calendar and the locations spelt out.

| group | columns | penalty |
|---|---|---|
| numbers | (x − mean) / deviation, 0 if missing, cut at ±3, which limits the effect of unseen values | 1 |
| missing | 1 if x is missing, for columns with missing values | 1 |
| calendar | harmonics of the day, weekdays one by one, locations one by one | almost none: means must not be shrunk |
| interactions | weekend days and locations, each times the calendar: rush hours of their own | the pooling |

The year's harmonics are used only if the rows cover a year; before that a season is a trend in disguise.
"""

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from steps.models.base import Array, covers_the_year, numbers

LIMIT: Final = 3.0
FREE: Final = 0.001
_MOST_LOCATIONS: Final = 20  # with more of them, interactions would be more columns than they are worth
_SPELT_OUT: Final = ("location", "cal_hour", "cal_weekday", "cal_weekend", "cal_month")
_DAY: Final = "cal_day_"


@dataclass(frozen=True)
class Design:
    """How rows become columns; everything it knows comes from the training rows."""

    features: tuple[str, ...]
    plain: tuple[int, ...]  # of the features, those taken as numbers
    center: Array
    scale: Array
    sometimes_missing: tuple[int, ...]  # of `plain`
    locations: Array
    interactions: bool

    @classmethod
    def of(cls, features: tuple[str, ...], values: Array, *, interactions: bool) -> Self:
        """The design for training rows of shape (rows, features)."""
        left_out = _SPELT_OUT if covers_the_year(features, values) else (*_SPELT_OUT, "cal_year_sin", "cal_year_cos")
        plain = tuple(index for index, name in enumerate(features) if name not in left_out)
        chosen = values[:, plain]
        there = ~np.isnan(chosen)
        count = np.maximum(there.sum(axis=0), 1)
        center = np.where(there, chosen, 0).sum(axis=0) / count
        deviation = np.sqrt((np.where(there, chosen - center, 0) ** 2).sum(axis=0) / count)
        share = there.mean(axis=0)
        sometimes = tuple(int(index) for index in np.flatnonzero((share > 0.005) & (share < 0.995)))
        ids = values[:, features.index("location")] if "location" in features else np.empty(0)
        return cls(
            features,
            plain,
            center,
            np.where(deviation > 1e-9 * (1 + np.abs(center)), deviation, 1.0),
            sometimes,
            np.unique(ids[np.isfinite(ids)]),
            interactions,
        )

    @property
    def names(self) -> list[str]:
        """The feature that each column comes from."""
        day, weekdays, locations = self._day(), ["cal_weekday"] * self._weekdays(), len(self.locations)
        names = [self.features[index] for index in self.plain]
        names += [names[index] for index in self.sometimes_missing]
        calendar = day + weekdays
        names += weekdays + ["location"] * locations
        if not self.interactions:
            return names
        weekend = day * 2 if weekdays else []
        names += weekend
        if locations <= _MOST_LOCATIONS:
            names += (calendar + weekend) * locations
        return names

    def penalties(self, pooling: float) -> Array:
        """Each column's share of the penalty, `pooling` being that of the interactions."""
        own = [FREE if self.features[index].startswith(_DAY) else 1.0 for index in self.plain]
        own += [1.0] * len(self.sometimes_missing)
        own += [FREE] * (self._weekdays() + len(self.locations))
        return np.array(own + [pooling] * (len(self.names) - len(own)))

    def columns(self, values: Array) -> Array:
        """The columns for rows of shape (rows, features)."""
        chosen = values[:, self.plain]
        missing = np.isnan(chosen)
        plain = np.where(missing, 0.0, np.clip((chosen - self.center) / self.scale, -LIMIT, LIMIT))
        parts = [plain, missing[:, self.sometimes_missing].astype(np.float64)]
        weekdays = self._one_hot(values, "cal_weekday", np.arange(self._weekdays(), dtype=np.float64))
        locations = self._one_hot(values, "location", self.locations)
        parts += [weekdays, locations]
        if not self.interactions:
            return np.hstack(parts)
        day = plain[:, [i for i, index in enumerate(self.plain) if self.features[index].startswith(_DAY)]]
        weekend = np.hstack([day * weekdays[:, [number]] for number in (5, 6) if self._weekdays()] or [day[:, :0]])
        parts.append(weekend)
        if len(self.locations) <= _MOST_LOCATIONS:
            calendar = np.hstack([day, weekdays, weekend])
            parts += [calendar * locations[:, [number]] for number in range(len(self.locations))]
        return np.hstack(parts)

    def state(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "plain": list(self.plain),
            "center": self.center.tolist(),
            "scale": self.scale.tolist(),
            "sometimes_missing": list(self.sometimes_missing),
            "locations": self.locations.tolist(),
            "interactions": self.interactions,
        }

    @classmethod
    def restore(cls, features: tuple[str, ...], state: dict[str, Any]) -> Self:
        """The design with that state.

        Raises:
            ValueError, LookupError, TypeError: it is not the state of a design.
        """
        plain, sometimes = (tuple(int(index) for index in state[name]) for name in ("plain", "sometimes_missing"))
        if not set(plain) <= set(range(len(features))) or not set(sometimes) <= set(range(len(plain))):
            raise ValueError("a column's number is out of range")
        scale = numbers(state["scale"], len(plain))
        locations = numbers(state["locations"], len(state["locations"]))
        center = numbers(state["center"], len(plain))
        return cls(features, plain, center, scale, sometimes, locations, bool(state["interactions"]))

    def _day(self) -> list[str]:
        return [self.features[index] for index in self.plain if self.features[index].startswith(_DAY)]

    def _weekdays(self) -> int:
        return 7 if "cal_weekday" in self.features else 0

    def _one_hot(self, values: Array, name: str, levels: Array) -> Array:
        if not len(levels):
            return np.empty((len(values), 0))
        equal: Array = (values[:, [self.features.index(name)]] == levels).astype(np.float64)
        return equal
