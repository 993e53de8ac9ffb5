"""What each file is, and what each sensor did in it: how much can be used, how often it reports, how long it stood
still; and how long the target was absent.

A day is judged by its own file alone. So what is accepted does not depend on which other days a run happens to take,
and a sensor counts as stuck only by equal values in a row within one day.
"""

from typing import Any

import numpy as np
import pandas as pd

from steps.checking.hourly import HOUR
from steps.checking.table import Table
from steps.contract.declaration import Quantity
from steps.summaries.intervals import Interval

OF_FILE = ("unreadable", "missing_columns", "foreign")
UNUSABLE = ("missing", "code", "outside", "contradictory")
_EPOCH = pd.Timestamp(0)

_Floats = np.ndarray[Any, np.dtype[np.float64]]


def of_series(table: Table, faults: pd.DataFrame, rhythms: _Floats, quantities: dict[str, Quantity]) -> pd.DataFrame:
    """One row for each series.

    Args:
        faults: for each row of the table whether it is `missing`, a `code`, `outside`, `contradictory` or in an
            `unknown_unit`.
        rhythms: how often each series reports (seconds).

    Returns:
        file, parameter, sensor, unknown_unit, `rows` in a known unit, the count of each fault, `unusable_share` (of
        those rows: missing, a code, outside or contradictory), `minutes` (how often it reports, null if nothing is
        known of it), `still` (the most hours in a row without a change), `still_limit` (how many are too many, or
        null).
    """
    rows, count = table.rows, len(table.series)
    number = rows["series"].to_numpy()
    known = ~faults["unknown_unit"].to_numpy()
    found = table.series.copy()
    for fault in UNUSABLE:
        found[fault] = np.bincount(number[faults[fault].to_numpy()], minlength=count)
    found["rows"] = np.bincount(number[known], minlength=count)
    bad = known & faults[list(UNUSABLE)].to_numpy().any(axis=1)
    found["unusable_share"] = np.bincount(number[bad], minlength=count) / found["rows"].where(found["rows"] > 0)
    found["minutes"] = (rhythms / 60).round(2)
    found["minutes"] = found["minutes"].where(found["rows"] > 0)
    resting = [name for name, quantity in quantities.items() if quantity.rests_at_zero]
    usable = rows[~faults.to_numpy().any(axis=1)]
    found["still"] = _hours_without_change(usable, found["parameter"].isin(resting).to_numpy(), count)
    limits = {name: quantity.stuck_hours for name, quantity in quantities.items()}
    found["still_limit"] = found["parameter"].map(limits).astype("float64")
    return found


def _hours_without_change(usable: pd.DataFrame, resting: "np.ndarray[Any, np.dtype[np.bool_]]", count: int) -> Any:
    """Of each series, the most hours in a row in which it said the same, however often it says something; of those that
    are `resting` at zero, hours of zero do not count. `usable`: by series and time."""
    if usable.empty:
        return np.zeros(count, dtype="int64")
    series, value = usable["series"].to_numpy(), usable["value"].to_numpy()
    hour = np.ceil((usable["at"] + 60 * usable["offset"]).to_numpy() / HOUR)
    starts = np.flatnonzero(np.append(True, (np.diff(series) != 0) | (np.diff(hour) != 0)))
    low, high, mine = np.minimum.reduceat(value, starts), np.maximum.reduceat(value, starts), series[starts]
    changes = (np.diff(mine) != 0) | (np.diff(low) != 0) | (np.diff(high) != 0)
    runs = np.flatnonzero(np.append(True, changes))
    still = (low == high) & ~(resting[mine] & (low == 0))
    lengths = np.where(still[runs], np.diff(np.append(runs, len(mine))), 0)
    longest = np.zeros(count, dtype="int64")
    np.maximum.at(longest, mine[runs], lengths)
    return longest


def of_days(table: Table, hours: pd.DataFrame, target: str, interval: Interval) -> pd.DataFrame:
    """One row for each file: `gap`, its longest stretch (in hours) without an hour of the target, or its day; and what
    is wrong with it as a whole: `unreadable`, `missing_columns`, `foreign`, each yes or no. A file with that has no gap
    to speak of.

    An hour has its end's number, so the day is bounded by 0 and 25; where the day is all there is, by 0 and 48.
    """
    of_file = table.facts[list(OF_FILE)].notna()
    midnights = (pd.to_datetime(table.facts["day"]) - _EPOCH) // pd.Timedelta(hours=1)
    mine = hours[hours["parameter"] == target]
    files = table.facts.index.to_numpy()
    file = np.concatenate([files, files, mine["file"]])
    end = np.concatenate(
        [0 * files, 0 * files + 24 + interval.hours, mine["hour"] - midnights.to_numpy()[mine["file"]]]
    )
    order = np.lexsort((end, file))
    gaps = pd.Series(np.diff(end[order])).groupby(file[order][1:]).max() - interval.hours
    found = of_file.replace({True: "yes", False: "no"}).astype("object")
    return found.assign(gap=gaps.reindex(files).mask(of_file.any(axis=1)).astype("float64"))


def every(minutes: float) -> str:
    """How often, in words: 20 minutes, 3 hours."""
    return f"{minutes:g} minutes" if minutes < 2 * HOUR / 60 else f"{minutes / 60:.3g} hours"
