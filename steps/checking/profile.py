"""What each file is, and what each parameter did in it: how much can be used, how long it stood still or was absent.

A day is judged by its own file alone. So what is accepted does not depend on which other days a run happens to take,
and a sensor counts as stuck only by equal values in a row within one day.
"""

import pandas as pd

from steps.checking.table import MINUTES_A_DAY, Table
from steps.contract.declaration import Quantity

OF_FILE = ("unreadable", "missing_columns", "foreign")
UNUSABLE = ("missing", "outside", "contradictory")
_KEYS = ["file", "parameter"]


def profile(table: Table, faults: pd.DataFrame, target: str, quantities: dict[str, Quantity]) -> pd.DataFrame:
    """One row for each file and the target, and for each other parameter in it.

    Args:
        faults: for each row of the table whether it is `missing`, `outside`, `contradictory` or in an `unknown_unit`.

    Returns:
        file, parameter, `rows` in a known unit, the count of each fault, `unusable` (share of those rows that are
        missing, outside or contradictory), `stuck` (the most hours in a row without a change), `stuck_limit` (how many
        are too many, or null).
        In the target's rows alone `gap` (hours), and what is wrong with the whole file: `unreadable`,
        `missing_columns`, `foreign`, each yes or no. A file with that has no rows to speak of and no `gap`.
    """
    rows = table.rows
    keys = [rows["file"], rows["parameter"]]
    found = faults.groupby(keys).sum()
    known = ~faults["unknown_unit"]
    found["rows"] = known.groupby(keys).sum()
    found["unusable"] = faults.loc[known, list(UNUSABLE)].any(axis=1).groupby(keys).mean()
    usable = rows[~faults.any(axis=1)]
    resting = [name for name, quantity in quantities.items() if quantity.rests_at_zero]
    found["stuck"] = _hours_without_change(usable, resting)
    everywhere = pd.MultiIndex.from_product([table.facts.index, [target]], names=_KEYS)
    found = found.reindex(found.index.union(everywhere)).fillna(0)
    found["gap"] = _gaps(usable[usable["parameter"] == target], everywhere)
    limits = {name: quantity.stuck_hours for name, quantity in quantities.items()}
    found = found.reset_index()
    of_file = table.facts[list(OF_FILE)].notna()
    mine = found["parameter"] == target
    found["gap"] = found["gap"].mask(found["file"].map(of_file.any(axis=1)))
    for fault in OF_FILE:
        found[fault] = found["file"].map(of_file[fault].map({True: "yes", False: "no"})).where(mine)
    return found.assign(stuck_limit=found["parameter"].map(limits).astype("float64"))


def _hours_without_change(usable: pd.DataFrame, resting: list[str]) -> "pd.Series[int]":
    """Of each file and parameter, the most hours in a row in which one sensor said the same, however often it says
    something; for the parameters that are `resting` at zero, hours of zero do not count."""
    series = ["file", "parameter", "sensor"]
    values = usable.groupby([*series, usable["time"].dt.ceil("h")])["value"]
    hours = pd.DataFrame({"low": values.min(), "high": values.max()}).reset_index()
    run = (hours[[*series, "low", "high"]] != hours[[*series, "low", "high"]].shift()).any(axis=1).cumsum()
    rests = hours["parameter"].isin(resting) & (hours["low"] == 0)
    still = ((hours["low"] == hours["high"]) & ~rests).astype("int64")
    return still.groupby([hours["file"], hours["parameter"], run]).sum().groupby(_KEYS).max()


def _gaps(usable: pd.DataFrame, everywhere: pd.MultiIndex) -> "pd.Series[float]":
    """The longest stretch of each file's day (hours, by the wall clock) without a value.

    A value stands for the hour before its stamp, so the day is bounded by a stamp at its beginning and one an hour
    after its end.
    """
    edges = [pd.DataFrame(0, index=everywhere, columns=["minute"]) + edge for edge in (0, MINUTES_A_DAY + 60)]
    values = usable.set_index(_KEYS)[["day_minute"]].rename(columns={"day_minute": "minute"})
    minutes = pd.concat([*edges, values]).sort_values([*_KEYS, "minute"])["minute"]
    return (minutes.groupby(_KEYS).diff().groupby(_KEYS).max() - 60) / 60
