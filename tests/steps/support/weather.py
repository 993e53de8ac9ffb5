"""Hours that are made up as real ones come about: weather drives pollution and is ahead of it, fronts reach the first
location last, other pollutants come from the same chimneys, sensors are noisy and round, hours are missing."""

import numpy as np
import pandas as pd

FIRST = pd.Timestamp("2021-01-01T01:00Z")
LOCATIONS = (201, 202, 203)
TRAVEL = 3  # hours that air needs from the other locations to the first


def observations(days: int = 365, seed: int = 1, locations: tuple[int, ...] = LOCATIONS) -> pd.DataFrame:
    """Hourly pm25, pm10, no2 and so2 of each location, wind speed and temperature of the first; the same each time."""
    random = np.random.default_rng(seed)
    times = pd.date_range(FIRST, periods=24 * days, freq="h", unit="us")
    hours = len(times) + TRAVEL
    wind = np.abs(3 + _wandering(random, hours, 18, 1.5))
    air = _stagnant(np.roll(wind, 4), np.exp(_wandering(random, hours, 30, 0.5)))
    found = []
    for number, location in enumerate(locations):
        came = air[TRAVEL if number else 0 :][: len(times)]
        day = 1 + 0.3 * np.sin(2 * np.pi * (times.hour.to_numpy() - 2 - number) / 24)
        smoke = came * day * np.exp(_wandering(random, len(times), 6, 0.3))
        columns = {
            "pm25": 40 * smoke,
            "pm10": 65 * smoke**0.8 * np.exp(_wandering(random, len(times), 8, 0.2)),
            "no2": 35 * smoke**0.5 * day * np.exp(_wandering(random, len(times), 4, 0.2)),
            "so2": 8 * smoke**0.4 * np.exp(_wandering(random, len(times), 20, 0.5)),
        }
        columns = {
            name: np.round(values * np.exp(random.normal(0, 0.05, len(times)))) for name, values in columns.items()
        }
        if not number:
            season = -10 * np.cos(2 * np.pi * times.dayofyear.to_numpy() / 365) - 4 * np.cos(
                2 * np.pi * times.hour.to_numpy() / 24
            )
            columns["temperature"] = np.round(12 + season + _wandering(random, len(times), 60, 4.0), 1)
            columns["wind_speed"] = np.round(wind[TRAVEL:], 1)
        for name, values in columns.items():
            found.append(pd.DataFrame({"location": location, "time": times, "parameter": name, "value": values}))
    rows = pd.concat(found, ignore_index=True).assign(offset_minutes=60)
    kept = rows[random.random(len(rows)) > 0.03]
    return kept.sort_values(["location", "time", "parameter"], ignore_index=True)


def _wandering(
    random: np.random.Generator, hours: int, memory: float, sd: float
) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """An autoregressive series that forgets within `memory` hours."""
    keep = np.exp(-1 / memory)
    steps = random.normal(0, sd * np.sqrt(1 - keep**2), hours)
    found = np.empty(hours)
    found[0] = random.normal(0, sd)
    for hour in range(1, hours):
        found[hour] = keep * found[hour - 1] + steps[hour]
    return found


def _stagnant(
    wind: "np.ndarray[tuple[int], np.dtype[np.float64]]", source: "np.ndarray[tuple[int], np.dtype[np.float64]]"
) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """What is let into air that the wind replaces, at each hour."""
    found = np.empty(len(wind))
    found[0] = 1.0
    for hour in range(1, len(wind)):
        found[hour] = found[hour - 1] * np.exp(-0.04 * wind[hour]) + 0.12 * source[hour]
    return found
