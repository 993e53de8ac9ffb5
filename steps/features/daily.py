"""Features of daily observations: row t holds what was known at the end of a day, and nothing later.

A row is one day of one location, from which a model predicts the day after it. Its t is the midnight that ends it (see
`steps.summaries.intervals`). Everything looks back from t except the calendar, which is that of the day that is
predicted and known in advance. Columns, all float32:

| prefix | what |
|---|---|
| `lag_N` | the target parameter N days before t (`lag_0` is the day that ends at t) |
| `mean_N` `std_N` `min_N` `max_N` | of its last N days, t's included; NaN with less than a quarter of them |
| `mean_same_weekday` `std_same_weekday` | of the last four values on the weekday that is predicted |
| `change_N` | that day less N days before |
| `cal_*` | the day that is predicted: weekday, weekend, day of the month, month, and the year as a harmonic |
| `co_*` | every other quantity: that day, and its mean of 7 days |
| `others_*` | the mean of the other locations' target parameter: that day, of 7 days, and its change in a week |
"""

from typing import Final

import numpy as np
import pandas as pd

from steps.contract.declaration import Learning
from steps.features import wide, windows
from steps.features.wide import Columns
from steps.features.windows import Values
from steps.summaries.intervals import DAY

SAME_WEEKDAYS: Final = 4
_WEEK: Final = 7
_YEAR: Final = 365.25


def history_hours(learning: Learning) -> int:
    """How many hours row t looks back; the observations from there on give the same row as all of them."""
    return DAY.hours * max(*learning.lags, *learning.windows, SAME_WEEKDAYS * _WEEK)


def build(observations: pd.DataFrame, *, parameter: str, learning: Learning, location: int) -> pd.DataFrame:
    """The rows of `location`: one for each day from its first to its last in `observations`.

    Args:
        observations: of all the run's locations, long and unique on (location, time, parameter): location (int64),
            time (UTC, the midnight that ends the day), parameter, value (its unit).
        parameter: the target parameter.
        learning: horizon (hours), lags and windows (days).
        location: whose rows.

    Returns:
        location, time (t), value (`parameter` at t, NaN if missing; float64) and the features. Without rows where
        the location has no observation.
    """
    known = wide.located(observations, location, parameter, DAY)
    if known is None:
        return wide.nothing(observations)
    ahead = learning.horizon_hours // DAY.hours
    columns = (
        _past(known.value, learning, ahead)
        | _calendar(known.times, ahead)
        | _beside({name: of for name, of in known.measured.items() if name != parameter})
        | _others(wide.of_others(known, (parameter,)))
    )
    return wide.rows(location, known, columns)


def _past(value: Values, learning: Learning, ahead: int) -> Columns:
    # the day that is predicted less as many whole weeks as make it no later than t
    newest = -ahead % _WEEK
    same = [newest + _WEEK * week for week in range(SAME_WEEKDAYS)]
    changes = {f"change_{lag}": value - wide.shifted(value, lag) for lag in (1, _WEEK)}
    return wide.past(value, learning) | wide.alike(value, "same_weekday", same) | changes


def _calendar(days: pd.DatetimeIndex, ahead: int) -> Columns:
    """Of the day that ends so many days after t: its noon, so that it is the date that people give it."""
    noon = days + pd.Timedelta(hours=DAY.hours * ahead - DAY.hours // 2)
    weekday = noon.weekday.to_numpy()
    year = 2 * np.pi * (noon.dayofyear.to_numpy() - 0.5) / _YEAR
    return {
        "cal_weekday": weekday,
        "cal_weekend": (weekday >= 5).astype(np.float64),
        "cal_monthday": noon.day.to_numpy(),
        "cal_month": noon.month.to_numpy(),
        "cal_year_sin": np.sin(year),
        "cal_year_cos": np.cos(year),
    }


def _beside(measured: Columns) -> Columns:
    columns: Columns = {}
    for name, now in measured.items():
        columns |= {f"co_{name}": now, f"co_{name}_mean_7": windows.mean(now, _WEEK, 2)}
    return columns


def _others(means: Columns) -> Columns:
    columns: Columns = {}
    for now in means.values():
        columns |= {"others_now": now, "others_mean_7": windows.mean(now, _WEEK, 2)}
        columns["others_change_7"] = now - wide.shifted(now, _WEEK)
    return columns
