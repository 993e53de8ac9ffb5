"""Limits of clean air and how a day is held against them, by the published rules.

* WHO global air quality guidelines 2021, table 0.1 (https://iris.who.int/handle/10665/345329): levels of a day's mean,
  which may be passed on 3–4 days a year (the 99th percentile); of ozone and carbon monoxide's short-term levels, means
  of 8 hours.
* EU directive 2024/2881, annex I, table 1, to be met by 2030 (https://eur-lex.europa.eu/eli/dir/2024/2881/oj): limits
  of an hour, a day or the largest mean of 8 hours in it, each with how often a year may pass it.

A mean counts where at least 75 % of its hours are there (directive, annex IV): 18 of a day's, 6 of 8. A mean of 8 hours
belongs to the day in which it ends. EU limits are compared after rounding to the limit's own decimals. All in µg/m³.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

Span = Literal["hour", "day", "8 hours"]
WHO: Final = "WHO 2021"
EU: Final = "EU 2030"
OF_A_DAY: Final = 18  # hours that a day's mean needs
OF_EIGHT: Final = 6


@dataclass(frozen=True)
class Limit:
    """What the mean of `span` should not be above, on more than `allowed` days (hours) a year."""

    by: str
    parameter: str
    span: Span
    level: float
    allowed: int


LIMITS: Final = (
    Limit(WHO, "pm25", "day", 15, 3),
    Limit(WHO, "pm10", "day", 45, 3),
    Limit(WHO, "no2", "day", 25, 3),
    Limit(WHO, "no2", "hour", 200, 0),
    Limit(WHO, "so2", "day", 40, 3),
    Limit(WHO, "o3", "8 hours", 100, 3),
    Limit(WHO, "co", "day", 4_000, 3),
    Limit(EU, "pm25", "day", 25, 18),
    Limit(EU, "pm10", "day", 45, 18),
    Limit(EU, "no2", "hour", 200, 3),
    Limit(EU, "no2", "day", 50, 18),
    Limit(EU, "so2", "hour", 350, 3),
    Limit(EU, "so2", "day", 50, 18),
    Limit(EU, "o3", "8 hours", 120, 18),
    Limit(EU, "co", "day", 4_000, 18),
    Limit(EU, "co", "8 hours", 10_000, 0),
)


def of(parameter: str) -> list[Limit]:
    """The limits of a parameter; none of one that has none."""
    return [each for each in LIMITS if each.parameter == parameter]


def days(hours: pd.DataFrame) -> pd.DataFrame:
    """A row for each day and parameter, from hours (`time`, UTC, the hour's end; `day`, local; `parameter`, `unit`,
    `value`): hours, mean, max_hour, max_8h (null where too few hours are there), and for WHO and EU whether a limit of
    the day was passed, and how many hours passed one of an hour. Null where there is no limit, or the day cannot say.
    """
    made = [_of(str(parameter), one) for parameter, one in hours.groupby("parameter", sort=True)]
    return pd.concat(made, ignore_index=True) if made else pd.DataFrame(columns=["day", "parameter"])


def passed(days_of: pd.DataFrame, limit: Limit) -> int:
    """How many days (or hours) of a parameter's days passed a limit."""
    if limit.span == "hour":
        return int(days_of[f"{_slug(limit.by)}_hours_over"].fillna(0).sum())
    column = days_of["max_8h" if limit.span == "8 hours" else "mean"]
    return int(_above(column, limit).sum())


def _of(parameter: str, hours: pd.DataFrame) -> pd.DataFrame:
    """The days of one parameter."""
    series = hours.set_index("time").sort_index()
    value = series["value"]
    every = value.reindex(pd.date_range(value.index[0], value.index[-1], freq="h"))
    eight = every.rolling(8, min_periods=OF_EIGHT).mean().reindex(value.index)
    by_day = value.groupby(series["day"])
    found = by_day.agg(hours="count", mean="mean", max_hour="max")
    enough = found["hours"] >= OF_A_DAY
    found["mean"] = found["mean"].where(enough)
    found["max_8h"] = eight.groupby(series["day"]).max().where(enough)
    for by in (WHO, EU):
        own = [each for each in of(parameter) if each.by == by]
        daily = [each for each in own if each.span != "hour"]
        over = [_above(found["max_8h" if each.span == "8 hours" else "mean"], each) for each in daily]
        any_over = pd.Series(np.any(over, axis=0) if over else None, found.index, dtype="boolean")
        found[f"{_slug(by)}_over"] = any_over.where(enough)
        hourly = next((each for each in own if each.span == "hour"), None)
        counted = _above(value, hourly).groupby(series["day"]).sum() if hourly else pd.Series(index=found.index)
        found[f"{_slug(by)}_hours_over"] = counted.astype("Int64")
    found.insert(0, "parameter", parameter)
    found.insert(1, "unit", series["unit"].iloc[0])
    return found.reset_index()


def _above(values: pd.Series, limit: Limit) -> pd.Series:
    """Whether each is above the limit; the EU's after rounding half up to whole µg/m³."""
    return (np.floor(values + 0.5) if limit.by == EU else values) > limit.level


def _slug(by: str) -> str:
    return "who" if by == WHO else "eu"
