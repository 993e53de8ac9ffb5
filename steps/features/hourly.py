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
from steps.features.wide import Columns, Located
from steps.features.windows import Values
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
    columns = (
        _past(known.value, learning)
        | _calendar(known, learning.horizon_hours)
        | _pollutants({name: of for name, of in known.measured.items() if name not in (parameter, *WEATHER)})
        | _weather(known.measured, wide.of_others(known, WEATHER), parameter)
        | _others(wide.of_others(known, (parameter,)))
    )
    return wide.rows(location, known, columns)


def _means(columns: Columns, window: int) -> Columns:
    """Of the last hours, by the same names."""
    if not columns:
        return {}
    together = np.column_stack([*columns.values()])
    return dict(zip(columns, windows.mean(together, window, max(1, window // 4)).T, strict=True))


def _past(value: Values, learning: Learning) -> Columns:
    # t + horizon less as many whole days as make it no later than t
    newest = -learning.horizon_hours % _DAY
    same = [newest + _DAY * day for day in range(SAME_HOUR_DAYS)]
    changes = {f"change_{lag}": value - wide.shifted(value, lag) for lag in (1, 3, _DAY)}
    return wide.past(value, learning) | wide.alike(value, "same_hour", same) | changes


def _calendar(known: Located, horizon: int) -> Columns:
    """Of the hour that ends at t + horizon, by the local time in force at t: its middle, so that an hour that ends at
    midnight belongs to the day it was in. The hours are those of the local clock, which at +05:30 end before their
    stamp."""
    ends = (known.times + pd.to_timedelta(known.offset_minutes, unit="min")).floor("h")
    middle = ends + pd.to_timedelta(60 * horizon - 30, unit="min")
    hour = middle.hour.to_numpy()
    weekday = middle.weekday.to_numpy()
    day_angle = 2 * np.pi * (hour + 0.5) / _DAY
    year_angle = 2 * np.pi * (middle.dayofyear.to_numpy() - 0.5) / 365.25
    numbers: Columns = {
        "cal_hour": hour,
        "cal_weekday": weekday,
        "cal_weekend": (weekday >= 5).astype(np.float64),
        "cal_year_sin": np.sin(year_angle),
        "cal_year_cos": np.cos(year_angle),
    }
    for harmonic in (1, 2, 3):
        numbers[f"cal_day_sin_{harmonic}"] = np.sin(harmonic * day_angle)
        numbers[f"cal_day_cos_{harmonic}"] = np.cos(harmonic * day_angle)
    return numbers


def _pollutants(measured: Columns) -> Columns:
    columns: Columns = {}
    of_day = _means(measured, _DAY)
    for name, now in measured.items():
        columns |= {f"co_{name}": now, f"co_{name}_mean_24": of_day[name]}
    return columns


def _weather(own: Columns, others: Columns, parameter: str) -> Columns:
    weather: Columns = {}
    for name in WEATHER:
        if name in own and name in others:
            weather[name] = np.where(np.isnan(own[name]), others[name], own[name])
        elif name in own or name in others:
            weather[name] = own[name] if name in own else others[name]
    direction, speed = weather.pop("wind_direction", None), weather.get("wind_speed")
    columns: Columns = {}
    if speed is not None and direction is not None:
        angle = np.deg2rad(direction)  # where the wind comes from, clockwise from north
        weather |= {"wind_east": -speed * np.sin(angle), "wind_north": -speed * np.cos(angle)}
        for harmonic in (1, 2):  # streets and sources have a bearing at any wind speed
            columns[f"wx_wind_from_sin_{harmonic}"] = np.sin(harmonic * angle)
            columns[f"wx_wind_from_cos_{harmonic}"] = np.cos(harmonic * angle)
    weather.pop(parameter, None)
    of_six, of_day = _means(weather, 6), _means(weather, _DAY)
    for name, now in weather.items():
        columns |= {f"wx_{name}": now, f"wx_{name}_mean_6": of_six[name], f"wx_{name}_mean_24": of_day[name]}
    return columns


def _others(means: Columns) -> Columns:
    columns: Columns = {}
    for name, now in means.items():
        columns |= {"others_now": now, "others_mean_24": _means(means, _DAY)[name]}
        columns["others_change_3"] = now - wide.shifted(now, 3)
    return columns
