"""Scales: from values and times to shares of a chart's side, with round numbers for the axis."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from steps.pages.words import quantity

_HOURS = (1, 3, 6, 12, 24, 48, 96, 168, 336, 672, 1344, 2688, 8760)
_ROUND_SECONDS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400)


@dataclass(frozen=True)
class Tick:
    """A position on an axis, as a share of its length, and its label. `minor`: left out if there is little room."""

    share: float
    label: str
    minor: bool = False


@dataclass(frozen=True)
class Scale:
    """Values from `low` to `high`, which become 0 and 1."""

    low: float
    high: float

    def share(self, value: float) -> float:
        """Where `value` is, from 0 to 1."""
        return (value - self.low) / (self.high - self.low)


def around(values: Iterable[float], *, from_zero: bool = False, about: int = 5) -> tuple[Scale, list[Tick]]:
    """A scale that holds all `values` and ends on round numbers, and its ticks. `from_zero`: it begins at 0, even if
    some values are slightly below."""
    held = list(values) or [0.0]
    low, high = min(held), max(held)
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
        low = 0.0 if -low < 0.05 * high else low
    if high - low < 1e-9 * max(abs(high), 1.0):
        low, high = (low, low + 1.0) if from_zero else (low - 0.5, high + 0.5)
    step = _round((high - low) / (about + 1))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    scale = Scale(first * step, last * step)
    return scale, [
        Tick(scale.share(index * step), quantity(index * step, decimals)) for index in range(first, last + 1)
    ]


def hours(start: datetime, end: datetime, about: int = 8) -> tuple[Scale, list[Tick]]:
    """A scale of UTC seconds from `start` to `end`, and its ticks: on the hour, or at midnight."""
    end = max(end, start + timedelta(hours=1))
    scale = Scale(start.timestamp(), end.timestamp())
    span = (end - start).total_seconds() / 3600
    step = next((step for step in _HOURS if span / step <= about), math.ceil(span / about / 24) * 24)
    midnight = datetime(start.year, start.month, start.day, tzinfo=UTC)
    ticks: list[Tick] = []
    for index in range(math.ceil((span + 24) / step) + 1):
        moment = midnight + timedelta(hours=index * step)
        if start <= moment <= end:
            label = f"{moment:%H:%M}" if moment.hour else f"{moment.day} {moment:%b}"
            ticks.append(Tick(scale.share(moment.timestamp()), label, minor=bool(index % 2)))
    return scale, ticks


def seconds(length: float, about: int = 6) -> tuple[Scale, list[Tick]]:
    """A scale of elapsed seconds from 0 to `length`, and its ticks."""
    length = max(length, 0.1)
    step = next((step for step in _ROUND_SECONDS if length / step <= about), math.ceil(length / about / 86400) * 86400)
    scale = Scale(0.0, length)
    return scale, [
        Tick(scale.share(index * step), _clock(index * step, step), minor=bool(index % 2))
        for index in range(math.floor(length / step) + 1)
    ]


def _round(step: float) -> float:
    """The smallest of 1, 2, 5 and 10 times a power of ten that is not below `step`."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= step * (1 - 1e-9))


def _clock(value: float, step: float) -> str:
    """Elapsed seconds in the unit of the axis, such as 1:20 min if it counts in parts of a minute."""
    if value < 60:
        return f"{value:g} s"
    if step < 60:
        return f"{value // 60:.0f}:{value % 60:02.0f} min"
    if value < 3600:
        return f"{value / 60:g} min"
    return f"{value / 3600:g} h"
