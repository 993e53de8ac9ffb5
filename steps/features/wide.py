"""Long observations as arrays over time, of the location itself and of the others: what features are made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from steps.contract.declaration import Learning
from steps.features import windows
from steps.features.windows import Values
from steps.summaries.intervals import Interval

Columns = dict[str, Values]
_Numbers = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, eq=False)
class Long:
    """Observations of some times, each by the number of its time and of its parameter, in the order that they came in.
    `numbers`: of the parameters that there are at any time, by name."""

    at: _Numbers
    number: _Numbers
    value: Values
    numbers: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class Located:
    """A location's observations, and those of the `rest` at the same times. `times`: all from its first to its last.
    `measured`: what it has of each parameter, by name, NaN without an observation. `value`: the target's.
    `offset_minutes`: of local time from UTC, as last told; NaN where it is not told."""

    times: pd.DatetimeIndex
    measured: Columns
    value: Values
    offset_minutes: Values
    rest: Long


def located(observations: pd.DataFrame, location: int, parameter: str, interval: Interval) -> Located | None:
    """What is known of a location and its target; None where it has no observation."""
    mine = observations["location"].to_numpy() == location
    if not mine.any():
        return None
    stamps = pd.DatetimeIndex(observations["time"])
    first, last = stamps[mine].min(), stamps[mine].max()
    times = pd.date_range(first, last, freq=interval.alias, name="time", unit=stamps.unit)
    since = (stamps - first).to_numpy()
    at, beside = np.divmod(since, np.timedelta64(interval.hours, "h"))
    number, names = pd.factorize(observations["parameter"], sort=True)
    value = observations["value"].to_numpy(dtype=np.float64)
    there = (beside == np.timedelta64(0)) & (at >= 0) & (at < len(times))

    def of(which: Any) -> Long:
        numbers = {names[one]: one for one in np.unique(number[which]).tolist()}
        return Long(at[which & there], number[which & there], value[which & there], numbers)

    own = of(mine)
    table = np.full((len(names), len(times)), np.nan)
    table[own.number, own.at] = own.value
    measured = {name: table[one] for name, one in own.numbers.items()}
    offset = np.full(len(times), np.nan)
    if "offset_minutes" in observations:
        np.fmax.at(offset, own.at, observations["offset_minutes"].to_numpy(dtype=np.float64)[mine & there])
    target = measured.get(parameter, np.full(len(times), np.nan))
    return Located(times, measured, target, windows.newest(offset), of(~mine))


def nothing(observations: pd.DataFrame) -> pd.DataFrame:
    """The rows of a location that has no observation."""
    return pd.DataFrame({"location": pd.Series(dtype="int64"), "time": observations["time"].iloc[:0]}).assign(
        value=pd.Series(dtype="float64")
    )


def of_others(known: Located, parameters: tuple[str, ...]) -> Columns:
    """The mean over the other locations at each time of those of `parameters` that any of them has, by name. Directions
    are averaged as vectors."""
    rest = known.rest
    found: Columns = {}
    for name, number in rest.numbers.items():
        if name not in parameters:
            continue
        mine = rest.number == number
        at, value = rest.at[mine], rest.value[mine]
        if name == "wind_direction":
            angle = np.deg2rad(value)
            east, north = (_mean(at, part, len(known.times)) for part in (np.sin(angle), np.cos(angle)))
            found[name] = np.rad2deg(np.arctan2(east, north))
        else:
            found[name] = _mean(at, value, len(known.times))
    return found


def past(value: Values, learning: Learning) -> Columns:
    """What a series was at each of the declared lags (`lag_0` is now) and over each of the windows, t included; NaN
    with less than a quarter of a window."""
    columns = {f"lag_{lag}": shifted(value, lag) for lag in (0, *learning.lags)}
    for window in learning.windows:
        least = max(2, window // 4)
        rolling = pd.Series(value).rolling(window, min_periods=least)
        columns[f"mean_{window}"] = windows.mean(value, window, least)
        columns[f"std_{window}"] = windows.std(value, window, least)
        columns[f"min_{window}"] = rolling.min().to_numpy()
        columns[f"max_{window}"] = rolling.max().to_numpy()
    return columns


def shifted(value: Values, rows: int) -> Values:
    """What was so many rows before; NaN where there is no such row."""
    return np.concatenate([np.full(min(rows, len(value)), np.nan), value[: max(len(value) - rows, 0)]])


def alike(values: Values, name: str, same: list[int]) -> Columns:
    """The mean and the spread of what was so many rows before, each of `same`; NaN with fewer than two."""
    parts = np.array([shifted(values, rows) for rows in same])
    unknown = np.isnan(parts)
    count = (~unknown).sum(axis=0)
    enough = count >= 2
    total = windows.added(np.where(unknown, 0.0, parts))
    nan = np.full(len(values), np.nan)
    mean = np.divide(total, count, out=nan.copy(), where=enough)
    squares = windows.added(np.where(unknown, 0.0, (mean - parts) ** 2))
    spread = np.sqrt(np.divide(squares, count - 1, out=nan, where=enough))
    return {f"mean_{name}": mean, f"std_{name}": spread}


def rows(location: int, known: Located, columns: Mapping[str, Values]) -> pd.DataFrame:
    """The features of a location as they are stored: location, time, value (float64) and the columns (float32)."""
    there = {"location": np.full(len(known.times), location, dtype=np.int64), "time": known.times, "value": known.value}
    table = np.array([*columns.values()], dtype=np.float32)
    return pd.concat([pd.DataFrame(there), pd.DataFrame(table.T, columns=[*columns])], axis=1)


def _mean(at: _Numbers, value: Values, count: int) -> Values:
    """The mean of what is known at each of `count` times, NaN where nothing is. What is lost by rounding is added again
    (https://en.wikipedia.org/wiki/Kahan_summation_algorithm)."""
    total, lost, many = (np.zeros(count) for _ in range(3))
    known = ~np.isnan(value)
    at, value = at[known], value[known]
    order = np.argsort(at, kind="stable")
    at, value = at[order], value[order]
    nth = np.arange(len(at)) - np.searchsorted(at, at)
    for turn in range(nth.max(initial=-1) + 1):
        here = at[nth == turn]
        given = value[nth == turn] - lost[here]
        then = total[here] + given
        lost[here] = then - total[here] - given
        total[here] = then
        many[here] += 1
    return np.divide(total, many, out=np.full(count, np.nan), where=many > 0)
