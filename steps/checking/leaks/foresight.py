"""Whether an input knows what the target will be: it says more of the target's future than an honest one can.

Honest inputs may lead, as wind leads pollution and a front reaches one location before another; but little of what the
target's own past leaves open is known from them, and of what they lead they also know the present. Two measures see two
kinds of input that know more, of every input of a location and each hour up to three days ahead:

- *ahead*: the partial correlation of the input now with the target later, given the target's last day, its means and
  the calendar (of ranks, so that any rising or falling function is alike). Over all hours; over those of a quarter of
  the day, since a day's maximum that is known at its first hour is no news at its last; and within each month. It may
  be 2.5 times what the input at that hour itself has, and not more than a bound.
- *function*: how far the input is a function, of any shape, of the target later, against the most that it is one of the
  target up to now.

The bounds fall with the hours they rest on. They were set by the real hours of five stations, whose inputs came to at
most 0.69 of what is allowed by the first measure over all hours and 0.83 over 33 days, by the second to 0.77 and 0.80
(`tests/bench/leak_table.py`). Of the next six hours a near location may know nearly all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from steps.checking import dependence
from steps.checking.dependence import Array

_AHEAD: Final = 72  # hours
_TRAVEL, _COPIED = 6, 0.85  # hours that air needs from one location to the next, and what may be known of them
_TIMES: Final = 2.5  # what is known ahead, of what is known of the hour itself
_HOURS: Final = 400  # in fewer, chance alone knows as much
_DRAWN: Final = 2000  # hours for the second measure
_ROW: Final = ("location", "time", "value")
_OWN_PAST: Final = ("lag_", "mean_", "std_", "min_", "max_", "change_", "cal_")  # as `steps.features.hourly` names it


_Known = tuple[int, float, float, float, str]  # hours, value, now, allowed, when


@dataclass(frozen=True)
class Foreknown:
    """What a feature knows of the target of its location so many `hours` ahead: `value`, of 1, where `allowed` is; and
    what it knows `now`, at the hour itself. `when`: in which part of the time, in words; empty if all along."""

    location: int
    feature: str
    measure: Literal["ahead", "function"]
    hours: int
    value: float
    now: float
    allowed: float
    when: str


def found(rows: pd.DataFrame) -> list[Foreknown]:
    """The features of `rows` (location, time, value, features) that know more than they may, at each location."""
    return [one for one in measured(rows) if one.value > one.allowed]


def measured(rows: pd.DataFrame) -> Iterator[Foreknown]:
    """What each feature knows at most, by each measure; a location or feature with too few hours is not measured."""
    names = [name for name in rows if name not in _ROW and not str(name).startswith(_OWN_PAST)]
    for location, own in rows.groupby("location"):
        if own["value"].notna().sum() >= _HOURS and names:
            yield from _at(int(str(location)), own.set_index("time")[["value", *names]].asfreq("h"))


def sources(rows: pd.DataFrame, one: Foreknown, reporting: Sequence[int]) -> list[int]:
    """Of the locations that report what the feature is the mean of, those whose own knows the target too; all of them
    if that is none."""
    if len(reporting) < 2:
        return list(reporting)
    target = rows[rows["location"] == one.location].set_index("time")["value"]
    others = rows[rows["location"].isin(reporting)].pivot(index="time", columns="location", values=one.feature)
    known = _at(one.location, pd.concat([target, others], axis=1).asfreq("h"))
    return sorted({int(own.feature) for own in known if own.value > own.allowed} or reporting)


def bounds(hours: Any, ahead: Any) -> tuple[Array, Array]:
    """What of an hour so far `ahead` may be known by the first measure over so many `hours`: by an input that says
    little of that hour itself, and by any."""
    chance, near = 1 / np.sqrt(np.maximum(hours, 1)), np.where(ahead <= _TRAVEL, _COPIED, 0.0)
    few = np.where(hours < _HOURS, np.inf, 0.0)
    return tuple(np.maximum(least, near) + few for least in (0.25 + 14 * chance, 0.55 + 9 * chance))


def _at(location: int, hourly: pd.DataFrame) -> Iterator[Foreknown]:
    """Of the first column, what each of the others knows."""
    times, names = pd.DatetimeIndex(hourly.index), list(map(str, hourly.columns[1:]))
    ranked = dependence.ranks(hourly)
    target, inputs = ranked[:, 0], ranked[:, 1:]
    for number, known in _ahead(target, inputs, times):
        yield Foreknown(location, names[number], "ahead", *known)
    for number, known in _functions(target, inputs):
        yield Foreknown(location, names[number], "function", *known)


def _ahead(target: Array, inputs: Array, times: pd.DatetimeIndex) -> Iterator[tuple[int, _Known]]:
    """By an input's number, where it comes nearest to what is allowed, or is most above it."""
    ahead = np.arange(1, _AHEAD + 1)
    later = dependence.later(target, ahead)
    later[~np.isfinite(target)] = np.nan
    basis, _ = np.linalg.qr(_past(target, times))
    left, right = (_unexplained(basis, columns) for columns in (inputs, later))
    most: dict[int, _Known] = {}
    for when, part in _parts(times):
        if len(part) < _HOURS:
            continue
        value, hours = _correlations(left, right, part)
        low, high = bounds(hours, ahead)
        for number, lag in enumerate((value / low).argmax(axis=1)):
            own, allowed, now = value[number, lag], low[number, lag], 0.0
            if own > allowed:
                then = _unexplained(basis, dependence.later(inputs[:, number], ahead[[lag]]))
                now = float(_correlations(then, (right[0][:, [lag]], right[1][:, [lag]]), part)[0][0, 0])
                allowed = min(max(allowed, _TIMES * now), high[number, lag])
            known = int(ahead[lag]), float(own), now, float(allowed), when
            if np.isfinite(allowed):
                most[number] = max(most.get(number, known), known, key=lambda one: one[1] / one[3])
    yield from most.items()


def _functions(target: Array, inputs: Array) -> Iterator[tuple[int, _Known]]:
    """By an input's number, how far it is a function of the target later, and of what it was up to now."""
    order, usual = dependence.order(target, _DRAWN), dependence.spread(inputs)
    around = np.pad(inputs.astype(np.float32), ((_AHEAD, _AHEAD), (0, 0)), constant_values=np.nan)
    lags = np.arange(-_AHEAD, _AHEAD + 1)
    values = np.stack([dependence.functional(around[order - lag + _AHEAD], usual) for lag in lags], axis=1)
    later, now = values[:, lags > 0], values[:, lags <= 0].max(axis=1)
    for number, hours in enumerate(1 + later.argmax(axis=1)):
        known = int(np.isfinite(inputs[order, number]).sum())
        if known >= _HOURS:
            allowed = float(now[number]) + 0.1 + 4.2 / sqrt(known)
            yield number, (int(hours), float(later[number].max()), float(now[number]), allowed, "")


def _parts(times: pd.DatetimeIndex) -> Iterator[tuple[str, Any]]:
    """All hours, each quarter of the day, and each month: in words, and their positions."""
    hours = pd.Series(range(len(times)))
    yield "", hours.to_numpy()
    for first in range(0, 24, 6):
        yield f"from {first:02d}:00 to {first + 5:02d}:00 UTC", np.flatnonzero(times.hour // 6 == first // 6)
    for month, part in hours.groupby(times.strftime("%Y-%m")).indices.items():
        yield f"in {month}", part


def _past(target: Array, times: pd.DatetimeIndex) -> Array:
    """What is known of the target at each hour without any input: its last day, its means, and the calendar."""
    value = pd.Series(target - 0.5)
    past = [value.shift(lag) for lag in (0, 1, 2, 3, 6, 12, 24)]
    past += [value.rolling(window, min_periods=window // 4).mean() for window in (24, 72)]
    day, year = (2 * np.pi * part.to_numpy() / whole for part, whole in ((times.hour, 24), (times.dayofyear, 365.25)))
    angles = [day, 2 * day, 3 * day, year]
    calendar = [np.ones(len(times)), *(turn(angle) for angle in angles for turn in (np.sin, np.cos))]
    return np.column_stack([*(one.fillna(0.0) for one in past), *calendar])


def _unexplained(basis: Array, columns: Array) -> tuple[Array, Array]:
    """What `basis` leaves of the columns, 0 where there is none; and where there is one, as 1 and 0."""
    known = np.isfinite(columns)
    values = np.where(known, columns - 0.5, 0.0)
    left: Array = np.where(known, values - basis @ (basis.T @ values), 0.0)
    return left, known.astype(np.float64)


def _correlations(one: tuple[Array, Array], other: tuple[Array, Array], part: Any) -> tuple[Array, Array]:
    """The size of the correlation of each column of one with each of the other over the hours of a part, and how many
    these are."""
    (left, known), (right, there) = ((values[part], where[part]) for values, where in (one, other))
    hours = known.T @ there
    spread = np.sqrt(((left**2).T @ there) * (known.T @ right**2))
    value = np.abs(left.T @ right) / np.maximum(spread, 1e-9 * np.maximum(hours, 1))
    return value, hours
