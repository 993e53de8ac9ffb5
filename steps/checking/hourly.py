"""Usable rows become hourly observations: one value for each location, hour and parameter."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from steps.checking.reading import RawFile

_KEYS = ["file", "time", "parameter"]


def hourly(rows: pd.DataFrame, files: Sequence[RawFile]) -> pd.DataFrame:
    """One observation for each file, hour and parameter, in that order.

    If an hour has several (a station that reports every quarter of an hour, two sensors of one parameter), it is their
    mean; for directions, the mean of their vectors.

    Returns:
        file (number), location, time (UTC, end of the hour), offset_minutes, parameter, value (declared unit).
    """
    locations = np.array([file.location for file in files], dtype="int64")
    found = pd.DataFrame(
        {
            "file": rows["file"],
            "location": locations[rows["file"].to_numpy()],
            "time": rows["time"].dt.ceil("h"),
            "offset_minutes": rows["offset"].astype("int16"),
            "parameter": rows["parameter"],
            "value": rows["value"],
        }
    )
    if found.duplicated(_KEYS).any():
        found = _averaged(found, rows["unit"] == "deg")
    return found.sort_values(_KEYS, ignore_index=True)


def _averaged(found: pd.DataFrame, direction: "pd.Series[bool]") -> pd.DataFrame:
    angle = np.deg2rad(found["value"])
    parts = found.assign(east=np.sin(angle), north=np.cos(angle), direction=direction)
    mean = parts.groupby(_KEYS, as_index=False).agg(
        location=("location", "first"),
        offset_minutes=("offset_minutes", "max"),
        value=("value", "mean"),
        east=("east", "mean"),
        north=("north", "mean"),
        direction=("direction", "first"),
    )
    turned = np.rad2deg(np.arctan2(mean["east"], mean["north"])) % 360
    mean["value"] = mean["value"].where(~mean["direction"], turned)
    return mean[found.columns]
