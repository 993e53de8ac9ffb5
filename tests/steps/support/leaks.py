"""What goes wrong with data so that scores lie: each case changes good observations or features in one way."""

from collections.abc import Callable

import numpy as np
import pandas as pd

Table = pd.DataFrame
DAY = pd.Timedelta(days=1)


def shuffled(rows: Table) -> Table:
    """Labelled rows whose targets belong to other rows."""
    return rows.assign(target=np.random.default_rng(0).permutation(rows["target"].to_numpy()))


def clock_early(observed: Table, by: pd.Timedelta = DAY) -> Table:
    """Observations of which the first location's are stamped too early, so that others see its future."""
    early = observed["location"] == observed["location"].min()
    return observed.assign(time=observed["time"].where(~early, observed["time"] - by))


def copied(observed: Table, hours: int, location: int = 999, noise: float = 0.0) -> Table:
    """Observations with the first location's once more under another id, stamped so many hours early; with `noise`, of
    1, they are scaled, blurred and rounded on the way."""
    own = observed[observed["location"] == observed["location"].min()]
    blur = np.random.default_rng(0).normal(1, noise, len(own)) if noise else 1.0
    values = (own["value"] * 1.1 * blur).round() if noise else own["value"]
    early = own.assign(location=location, value=values, time=own["time"] - pd.Timedelta(hours=hours))
    return pd.concat([observed, early], ignore_index=True)


def reported(observed: Table, name: str, series: "pd.Series[float]", location: int = 999) -> Table:
    """Observations with another location that reports a parameter and nothing else: an hourly series."""
    rows = series.dropna().rename("value").rename_axis("time").reset_index()
    added = rows.assign(location=location, parameter=name, offset_minutes=0)
    return pd.concat([observed, added], ignore_index=True)


def hourly_of(observed: Table, parameter: str) -> "pd.Series[float]":
    """The parameter at the first location, by hour."""
    first = observed["location"] == observed["location"].min()
    return observed[first & (observed["parameter"] == parameter)].set_index("time")["value"].asfreq("h")


# what an input may be made of that knows the target (by hour) of 24 hours later, or of a day that has only begun
FORETELLING: dict[str, Callable[["pd.Series[float]"], "pd.Series[float]"]] = {
    "itself": lambda target: target.shift(-24),
    "its logarithm": lambda target: target.clip(lower=1).apply(np.log).shift(-24),
    "its class": lambda target: pd.Series(np.digitize(target.shift(-24), [12, 35, 55, 150]) * 1.0, target.index),
    "how unusual it is": lambda target: (target - target.median()).abs().shift(-24),
    "itself with noise": lambda target: (target + _noise(target, 0.2)).shift(-24),
    "itself in a mixture": lambda target: target.shift(-24) + _weather(target),
    "what it will change by": lambda target: target.shift(-24) - target,
    "the mean of the next day": lambda target: target.rolling(24, min_periods=6).mean().shift(-24),
    "the mean around it": lambda target: target.rolling(24, min_periods=6, center=True).mean(),
    "the mean of its day": lambda target: target.groupby(pd.DatetimeIndex(target.index).floor("D")).transform("mean"),
}


def _noise(target: "pd.Series[float]", share: float) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.random.default_rng(0).normal(0, share * float(target.std()), len(target))


def _weather(target: "pd.Series[float]") -> "pd.Series[float]":
    """A slow series that has nothing to do with the target, as wide as it."""
    slow = pd.Series(_noise(target, 1.0), target.index).ewm(halflife=30).mean()
    return slow * float(target.std() / slow.std())


def constant(observed: Table, parameter: str = "no2") -> Table:
    """Observations of a parameter that never changes."""
    return observed.assign(value=observed["value"].where(observed["parameter"] != parameter, 20.0))


def one_station(observed: Table) -> Table:
    """Those of the first location alone."""
    return observed[observed["location"] == observed["location"].min()]


def gap(observed: Table, days: int, share: float = 0.13) -> Table:
    """Without a stretch of so many days in the middle, and without `share` of the other hours, for all at once."""
    times = observed["time"]
    middle = times.min() + (times.max() - times.min()) / 2
    hours = np.sort(times.unique())
    lost = hours[np.random.default_rng(0).random(len(hours)) < share]
    inside = (times >= middle - days / 2 * DAY) & (times < middle + days / 2 * DAY)
    return observed[~inside & ~times.isin(lost)]


def unit_changed(observed: Table, factor: float = 1 / 1912) -> Table:
    """The last third of the time is in another unit (µg/m³ of NO2 as ppm), and nobody says so."""
    times = observed["time"]
    late = times > times.min() + (times.max() - times.min()) * 2 / 3
    return observed.assign(value=observed["value"].where(~late, observed["value"] * factor))


def looking_ahead(build: Callable[..., Table], hours: int) -> Callable[..., Table]:
    """A feature function that takes in the value so many hours later."""

    def ahead(observed: Table, **options: object) -> Table:
        rows = build(observed, **options)
        return rows.assign(change_next=(rows["value"].shift(-hours) - rows["value"]).astype("float32"))

    return ahead


def with_a_next_hour(build: Callable[..., Table]) -> Callable[..., Table]:
    """A feature function that leaves out the hours that nothing is known to follow."""

    def followed(observed: Table, **options: object) -> Table:
        rows = build(observed, **options)
        return rows[rows["value"].shift(-1).notna()]

    return followed


def of_the_whole_month(build: Callable[..., Table]) -> Callable[..., Table]:
    """A feature function that measures a value by the mean of all there is."""

    def whole(observed: Table, **options: object) -> Table:
        rows = build(observed, **options)
        return rows.assign(relative=(rows["value"] - rows["value"].mean()).astype("float32"))

    return whole
