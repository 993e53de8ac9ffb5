"""Features of hourly observations: row t holds what was known at t, and nothing later.

A row is one hour of one location, from which a model predicts t + horizon. Everything looks back from t except the
calendar, which is that of the target hour and known in advance. Columns, all float32:

| prefix | what |
|---|---|
| `lag_N` | the target parameter N hours before t (`lag_0` is now) |
| `mean_N` `std_N` `min_N` `max_N` | of its last N hours, t included; NaN with less than a quarter of them |
| `mean_same_hour` `std_same_hour` | of the last seven days' values at the target's hour of the day |
| `change_N` | now less N hours before |
| `cal_*` | the target hour, local: hour, weekday, weekend, and the day and the year as harmonics |
| `co_*` | every other pollutant: now, and its mean of 24 hours |
| `wx_*` | weather: now, its mean of 6 and 24 hours; wind as components (m/s, towards east and north), and its bearing |
| `others_*` | the mean of the other locations' target parameter: now, of 24 hours, and its change |

A location that measures no weather gets the mean of the others at that hour.
"""

from typing import Final

import numpy as np
import pandas as pd

from steps.contract.declaration import Learning
from steps.features import wide, windows
from steps.features.wide import Columns
from steps.summaries.intervals import HOUR

WEATHER: Final = ("temperature", "relativehumidity", "pressure", "wind_speed", "wind_direction")
SAME_HOUR_DAYS: Final = 7
_DAY: Final = 24


def history_hours(learning: Learning) -> int:
    """How many hours row t looks back; the observations from there on give the same row as all of them."""
    return max(*learning.lags, *learning.windows, SAME_HOUR_DAYS * _DAY)


def build(observations: pd.DataFrame, *, parameter: str, learning: Learning, location: int) -> pd.DataFrame:
    """The rows of `location`: one for each hour from its first to its last in `observations`.

    Args:
        observations: of all the run's locations, long and unique on (location, time, parameter): location (int64),
            time (UTC, end of the hour), offset_minutes (of local time from UTC), parameter, value (its unit).
        parameter: the target parameter.
        learning: horizon, lags and windows, in hours.
        location: whose rows.

    Returns:
        location, time (t), value (`parameter` at t, NaN if missing; float64) and the features. Without rows where
        the location has no observation.
    """
    known = wide.located(observations, location, parameter, HOUR)
    if known is None:
        return wide.nothing(observations)
    hours, measured, rest = known.times, known.measured, known.rest
    columns = (
        _past(known.value, learning)
        | _calendar(known.own, hours, learning.horizon_hours)
        | _pollutants(measured.drop(columns=[parameter, *WEATHER], errors="ignore"))
        | _weather(measured, wide.of_others(rest, hours, WEATHER), parameter)
        | _others(wide.of_others(rest, hours, (parameter,)))
    )
    return wide.rows(location, known.value, columns)


def _mean(series: "pd.Series[float]", window: int) -> "pd.Series[float]":
    return windows.mean(series, window, max(1, window // 4))


def _past(value: "pd.Series[float]", learning: Learning) -> Columns:
    columns = wide.past(value, learning)
    # t + horizon less as many whole days as make it no later than t
    newest = -learning.horizon_hours % _DAY
    days = pd.concat([value.shift(newest + _DAY * day) for day in range(SAME_HOUR_DAYS)], axis=1)
    enough = days.notna().sum(axis=1) >= 2
    columns["mean_same_hour"] = days.mean(axis=1).where(enough)
    columns["std_same_hour"] = days.std(axis=1).where(enough)
    for lag in (1, 3, _DAY):
        columns[f"change_{lag}"] = value - value.shift(lag)
    return columns


def _calendar(own: pd.DataFrame, hours: pd.DatetimeIndex, horizon: int) -> Columns:
    """Of the hour that ends at t + horizon, by the local time in force at t: its middle, so that an hour that ends at
    midnight belongs to the day it was in. The hours are those of the local clock, which at +05:30 end before their
    stamp."""
    offset = own.groupby("time")["offset_minutes"].max().reindex(hours).ffill()
    ends = (hours + pd.to_timedelta(offset.to_numpy(), unit="min")).floor("h")
    middle = ends + pd.to_timedelta(60 * horizon - 30, unit="min")
    hour = middle.hour.to_numpy()
    weekday = middle.weekday.to_numpy()
    day_angle = 2 * np.pi * (hour + 0.5) / _DAY
    year_angle = 2 * np.pi * (middle.dayofyear.to_numpy() - 0.5) / 365.25
    numbers = {
        "cal_hour": hour,
        "cal_weekday": weekday,
        "cal_weekend": weekday >= 5,
        "cal_year_sin": np.sin(year_angle),
        "cal_year_cos": np.cos(year_angle),
    }
    for harmonic in (1, 2, 3):
        numbers[f"cal_day_sin_{harmonic}"] = np.sin(harmonic * day_angle)
        numbers[f"cal_day_cos_{harmonic}"] = np.cos(harmonic * day_angle)
    return {name: pd.Series(number, index=hours, dtype="float32") for name, number in numbers.items()}


def _pollutants(measured: pd.DataFrame) -> Columns:
    columns: Columns = {}
    for name in measured:
        columns[f"co_{name}"] = measured[name]
        columns[f"co_{name}_mean_24"] = _mean(measured[name], _DAY)
    return columns


def _weather(own: pd.DataFrame, others: pd.DataFrame, parameter: str) -> Columns:
    measured = own.reindex(columns=[name for name in WEATHER if name in own or name in others])
    weather = measured.fillna(others) if not others.empty else measured
    columns: Columns = {}
    if "wind_speed" in weather and "wind_direction" in weather:
        angle = np.deg2rad(weather.pop("wind_direction"))  # where the wind comes from, clockwise from north
        weather["wind_east"] = -weather["wind_speed"] * np.sin(angle)
        weather["wind_north"] = -weather["wind_speed"] * np.cos(angle)
        for harmonic in (1, 2):  # streets and sources have a bearing at any wind speed
            columns[f"wx_wind_from_sin_{harmonic}"] = np.sin(harmonic * angle)
            columns[f"wx_wind_from_cos_{harmonic}"] = np.cos(harmonic * angle)
    for name in weather.columns.difference([parameter, "wind_direction"], sort=False):
        columns[f"wx_{name}"] = weather[name]
        columns[f"wx_{name}_mean_6"] = _mean(weather[name], 6)
        columns[f"wx_{name}_mean_24"] = _mean(weather[name], _DAY)
    return columns


def _others(means: pd.DataFrame) -> Columns:
    if means.empty:
        return {}
    other = means.iloc[:, 0]
    return {"others_now": other, "others_mean_24": _mean(other, _DAY), "others_change_3": other - other.shift(3)}
