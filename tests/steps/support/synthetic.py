"""Observations that are made up but behave: a daily cycle, weekdays, wind that brings or clears, gaps. And what follows
from them without a server: features, and a dataset."""

from datetime import datetime
from functools import cache

import numpy as np
import pandas as pd

from pipeline.projects.openaq import OPENAQ
from steps.contract import declaration
from steps.features import hourly
from steps.learning import split
from steps.learning.dataset import Series, label

PROJECT = declaration.parse(OPENAQ.declaration())
LEARNING = PROJECT.learning
LOCATIONS = (101, 102)
FIRST = pd.Timestamp("2021-03-01T01:00Z")


def observations(days: int = 60, locations: tuple[int, ...] = LOCATIONS, seed: int = 1) -> pd.DataFrame:
    """Hourly no2, wind and temperature of `locations`, one hour in twenty missing; the same each time."""
    random = np.random.default_rng(seed)
    times = pd.date_range(FIRST, periods=24 * days, freq="h", unit="us")
    direction = (180 + np.cumsum(random.normal(0, 8, len(times)))) % 360
    speed = np.abs(4 + np.cumsum(random.normal(0, 0.4, len(times))) % 5 - 2)
    slow = pd.Series(random.normal(0, 1, len(times))).ewm(halflife=30).mean().to_numpy() * 40
    cycle = 8 * np.sin(2 * np.pi * (times.hour.to_numpy() - 6) / 24) - 6 * (times.weekday.to_numpy() >= 5)
    found = []
    for number, location in enumerate(locations):
        no2 = 30 + 10 * number + cycle + slow - 2 * speed + random.normal(0, 3, len(times))
        columns = {
            "no2": np.maximum(no2, 0.5),
            "wind_speed": speed,
            "wind_direction": direction,
            "temperature": 10 + cycle,
        }
        for name, values in columns.items():
            found.append(pd.DataFrame({"location": location, "time": times, "parameter": name, "value": values}))
    rows = pd.concat(found, ignore_index=True).assign(offset_minutes=60)
    kept = rows[random.random(len(rows)) > 0.05]
    return kept.sort_values(["location", "time", "parameter"], ignore_index=True)


def features(table: pd.DataFrame, parameter: str = "no2") -> pd.DataFrame:
    """The features of every location."""
    return pd.concat(
        [
            hourly.build(table, parameter=parameter, learning=LEARNING, location=int(location))
            for location in table["location"].unique()
        ],
        ignore_index=True,
    )


def dataset_of(rows: pd.DataFrame, parameter: str = "no2") -> Series:
    """The dataset that feature rows make."""
    labelled = label(rows, LEARNING.horizon_hours)
    cut: datetime = split.holdout_from(labelled["target_at"], LEARNING.holdout_share)
    return Series("0" * 32, parameter, "µg/m³", LEARNING.horizon_hours, cut, labelled)


@cache
def dataset(days: int = 60) -> Series:
    """The dataset of `observations`; do not change it."""
    return dataset_of(features(observations(days)))
