"""Long observations as columns over time, of the location itself and of the others: what features are made from."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from steps.contract.declaration import Learning
from steps.features import windows
from steps.summaries.intervals import Interval

KEYS: Final = ("location", "time", "value")

Columns = dict[str, "pd.Series[float]"]


@dataclass(frozen=True, eq=False)
class Located:
    """A location's observations, and those of the `rest`. `times`: all from its first to its last. `measured`: one
    column per parameter, one row for each of them, NaN without an observation. `value`: the target's."""

    own: pd.DataFrame
    rest: pd.DataFrame
    times: pd.DatetimeIndex
    measured: pd.DataFrame
    value: "pd.Series[float]"


def located(observations: pd.DataFrame, location: int, parameter: str, interval: Interval) -> Located | None:
    """What is known of a location and its target; None where it has no observation."""
    mine = observations["location"] == location
    if not mine.any():
        return None
    own = observations[mine]
    first, last = own["time"].min(), own["time"].max()
    times = pd.date_range(first, last, freq=interval.alias, name="time", unit=first.unit)
    measured = own.pivot(index="time", columns="parameter", values="value").reindex(times).astype("float64")
    value = measured[parameter] if parameter in measured else pd.Series(np.nan, index=times)
    return Located(own, observations[~mine], times, measured, value)


def nothing(observations: pd.DataFrame) -> pd.DataFrame:
    """The rows of a location that has no observation."""
    return pd.DataFrame({"location": pd.Series(dtype="int64"), "time": observations["time"].iloc[:0]}).assign(
        value=pd.Series(dtype="float64")
    )


def of_others(rest: pd.DataFrame, times: pd.DatetimeIndex, parameters: tuple[str, ...]) -> pd.DataFrame:
    """The mean of each of `parameters` over the other locations at each time. Directions are averaged as vectors."""
    chosen = rest[rest["parameter"].isin(parameters)]
    if chosen.empty:
        return pd.DataFrame(index=times)
    means = chosen.groupby(["time", "parameter"])["value"].mean().unstack()
    if "wind_direction" in means:
        turned = chosen[chosen["parameter"] == "wind_direction"]
        angle = np.deg2rad(turned["value"])
        parts = pd.DataFrame({"e": np.sin(angle), "n": np.cos(angle)}).groupby(turned["time"]).mean()
        means["wind_direction"] = np.rad2deg(np.arctan2(parts["e"], parts["n"]))
    return means.reindex(times)


def past(value: "pd.Series[float]", learning: Learning) -> Columns:
    """What a series was at each of the declared lags (`lag_0` is now) and over each of the windows, t included; NaN
    with less than a quarter of a window."""
    columns = {f"lag_{lag}": value.shift(lag) for lag in (0, *learning.lags)}
    for window in learning.windows:
        least = max(2, window // 4)
        rolling = value.rolling(window, min_periods=least)
        columns[f"mean_{window}"] = windows.mean(value, window, least)
        columns[f"std_{window}"] = windows.std(value, window, least)
        columns[f"min_{window}"] = rolling.min()
        columns[f"max_{window}"] = rolling.max()
    return columns


def rows(location: int, value: "pd.Series[float]", columns: Columns) -> pd.DataFrame:
    """The features of a location as they are stored: location, time, value (float64) and the columns (float32)."""
    found = pd.DataFrame(columns, index=value.index).astype("float32")
    found.insert(0, "value", value.astype("float64"))
    found.insert(0, "location", np.int64(location))
    return found.reset_index()[[*KEYS, *columns]]
