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
        faults: for each row of the table whether it is `missing`, `outside`, `contradictory` or in `other_units`.

    Returns:
        file, parameter, `rows`, the count of each fault, `unusable` (share of rows that are missing, outside or
        contradictory), `stuck` (longest run of equal values), `stuck_limit` (the length that is too long, or null).
        In the target's rows alone `gap` (hours), and what is wrong with the whole file: `unreadable`,
        `missing_columns`, `foreign`, each yes or no. A file with that has no rows to speak of and no `gap`.
    """
    rows = table.rows
    keys = [rows["file"], rows["parameter"]]
    found = faults.groupby(keys).sum()
    found["rows"] = rows.groupby(_KEYS).size()
    found["unusable"] = faults[list(UNUSABLE)].any(axis=1).groupby(keys).mean()
    usable = rows[~faults.any(axis=1)]
    found["stuck"] = _longest_runs(usable)
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


def _longest_runs(usable: pd.DataFrame) -> "pd.Series[int]":
    """Of each file and parameter, the most equal values in a row of one sensor."""
    series = ["file", "parameter", "sensor", "value"]
    rows = usable.sort_values([*series[:3], "time"])[series]
    run = (rows != rows.shift()).any(axis=1).cumsum()
    return rows.groupby([rows["file"], rows["parameter"], run]).size().groupby(_KEYS).max()


def _gaps(usable: pd.DataFrame, everywhere: pd.MultiIndex) -> "pd.Series[float]":
    """The longest stretch of each file's day (hours, by the wall clock) without a value.

    A value stands for the hour before its stamp, so the day is bounded by a stamp at its beginning and one an hour
    after its end.
    """
    edges = [pd.DataFrame(0, index=everywhere, columns=["minute"]) + edge for edge in (0, MINUTES_A_DAY + 60)]
    values = usable.set_index(_KEYS)[["day_minute"]].rename(columns={"day_minute": "minute"})
    minutes = pd.concat([*edges, values]).sort_values([*_KEYS, "minute"])["minute"]
    return (minutes.groupby(_KEYS).diff().groupby(_KEYS).max() - 60) / 60
