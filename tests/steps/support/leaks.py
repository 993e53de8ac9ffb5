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
