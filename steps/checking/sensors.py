"""Several sensors of one parameter at a location: which of them a day's hours are made of.

The primary sensor is the oldest, that with the lowest id, among those with at least three quarters as many hours as the
one with most. Another agrees with it if they typically differ (by the median over the hours they share) by no more than
a quarter of what the primary says, or half of the spread of its hours; the quarter is what EU rules allow an indicative
measurement of a gas (directive 2008/50/EC, annex I). Directions agree within 45 degrees. One that shares no hour with
it, as it took its place that day, is not contradicted. An hour is the mean of the sensors that agree and have it.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

_PLACE: Final = ["file", "parameter"]
_MOST: Final = 0.75
_OF_LEVEL: Final = 0.25
_OF_SPREAD: Final = 0.5
_DEGREES: Final = 45.0


@dataclass(frozen=True)
class Chosen:
    """`hours`, one for each file, parameter and time: file, parameter, time, hour, offset, value. And by file and
    parameter, where several sensors had hours, the numbers of the series that were used and of those that were not,
    each the oldest first."""

    hours: pd.DataFrame
    used: dict[tuple[int, str], list[int]]
    rejected: dict[tuple[int, str], list[int]]


def choose(hours: pd.DataFrame, series: pd.DataFrame, directions: frozenset[str]) -> Chosen:
    """Make one of the sensors of each parameter. `hours` are by series; `series` says of which file, parameter and
    sensor each is; `directions` are the parameters in degrees."""
    number = hours["series"].to_numpy()
    hours = hours.assign(**{name: series[name].to_numpy()[number] for name in _PLACE})
    there = series.loc[np.unique(number), [*_PLACE, "sensor"]]
    several = there[there.duplicated(_PLACE, keep=False)]
    if several.empty:
        return Chosen(hours, {}, {})
    several = several.loc[sorted(several.index, key=lambda one: _age(str(several["sensor"][one])))]
    mine = hours["series"].isin(several.index)
    competing = hours[mine].assign(direction=hours["parameter"].isin(directions))
    good = several.index.isin(_agreeing(competing, several))
    made = _mean(competing[competing["series"].isin(several.index[good])])
    return Chosen(
        pd.concat([hours[~mine], made], ignore_index=True), _by_place(several, good), _by_place(several, ~good)
    )


def _age(sensor: str) -> tuple[int, int, str]:
    """What sorts ids by age: numbers before texts."""
    return (0, int(sensor), "") if sensor.isascii() and sensor.isdigit() else (1, 0, sensor)


def _agreeing(hours: pd.DataFrame, several: pd.DataFrame) -> "pd.Index[int]":
    """The primary series, and those that agree with theirs. `several`: all of them, the oldest first."""
    counts = hours["series"].value_counts()[several.index]
    most = counts.groupby([several[name] for name in _PLACE]).transform("max")
    primary = several[counts >= _MOST * most].drop_duplicates(_PLACE)
    first = hours[hours["series"].isin(primary.index)]
    by_place = first.groupby(_PLACE)["value"]
    spread = by_place.quantile(0.75) - by_place.quantile(0.25)
    level = first["value"].abs().groupby([first[name] for name in _PLACE]).median()
    limits = pd.concat([_OF_LEVEL * level, _OF_SPREAD * spread], axis=1).max(axis=1).rename("limit").reset_index()

    beside = hours.merge(first[[*_PLACE, "time", "value"]], on=[*_PLACE, "time"], suffixes=("", "_of_primary"))
    apart = (beside["value"] - beside["value_of_primary"]).abs()
    apart = apart.where(~beside["direction"], np.minimum(apart, 360 - apart))
    typical = apart.groupby(beside["series"]).median().reindex(several.index)
    limit = several.merge(limits, on=_PLACE, how="left")["limit"].to_numpy()
    direction = hours.groupby("series")["direction"].first()[several.index].to_numpy()
    return several.index[typical.isna() | (typical <= np.where(direction, _DEGREES, limit))]


def _mean(hours: pd.DataFrame) -> pd.DataFrame:
    """The mean of the series of each place at each time."""
    angle = np.deg2rad(hours["value"])
    parts = hours.assign(east=np.sin(angle), north=np.cos(angle))
    means = {name: (name, "mean") for name in ("value", "east", "north")}
    same = {name: (name, "first") for name in ("series", "hour", "offset", "direction")}
    found = parts.groupby([*_PLACE, "time"], as_index=False).agg(**means, **same, count=("value", "size"))
    turned = np.rad2deg(np.arctan2(found["east"], found["north"])) % 360
    found["value"] = found["value"].where(~found["direction"] | (found["count"] == 1), turned)
    return found.drop(columns=["east", "north", "direction", "count"])


def _by_place(several: pd.DataFrame, flags: "np.ndarray[Any, np.dtype[np.bool_]]") -> dict[tuple[int, str], list[int]]:
    found: dict[tuple[int, str], list[int]] = {(file, parameter): [] for file, parameter in several[_PLACE].to_numpy()}
    for number, (file, parameter) in zip(several.index[flags], several.loc[flags, _PLACE].to_numpy(), strict=True):
        found[file, parameter].append(int(number))
    return found
