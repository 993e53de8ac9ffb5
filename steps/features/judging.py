"""Judge locations as a whole before features are made, so that a bad one does not reach its neighbours' features.

Judged are the target's hours in the warehouse: of a year before the days that a run takes, or of all time where a
location is judged for the first time. What was bad before that stays so until its days are taken again.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd
import sqlalchemy as sa

from steps.backends import judged
from steps.backends.database import begin
from steps.backends.judged import Doubt
from steps.backends.sql import seconds_of
from steps.backends.warehouse.schema import measurements
from steps.checking import agreement
from steps.contract.declaration import Declaration

_YEAR: Final = timedelta(days=400)
_ROWS_AT_ONCE: Final = 50_000  # as objects, ten times as large as in a frame


def judge(
    declaration: Declaration, parameter: str, locations: Sequence[int], first: date, last: date, *, at: datetime
) -> dict[int, str]:
    """Judge and record; returns which of `locations` are left out, and why. `first` and `last`: the days of the run."""
    project = declaration.name
    before = judged.known(project, parameter, locations)
    since = min(first, last - _YEAR) if set(locations) <= before.keys() else date.min
    now = agreement.doubts(_hours(project, parameter, locations, since), declaration.learning.interval)
    found: dict[int, Doubt | None] = {}
    for location in locations:
        known = before.get(location)
        kept = known if known and known.month < since.isoformat()[:7] else None
        found[location] = now.get(location, kept)
    judged.record(project, parameter, found, at=at)
    return {location: doubt.reason for location, doubt in found.items() if doubt}


def _hours(project: str, parameter: str, locations: Sequence[int], since: date) -> pd.DataFrame:
    """The hours of `parameter` from `since` on: location, time (UTC) and value."""
    table = measurements.c
    query = sa.select(table.location, seconds_of(table.time), table.value).where(
        table.project == project,
        table.location.in_(list(locations)),
        table.time >= datetime.combine(since, time(), UTC),
        table.parameter == parameter,
    )
    with begin() as connection:
        ordered = query.order_by(table.location, table.time)
        found = connection.execute(ordered, execution_options={"yield_per": _ROWS_AT_ONCE})
        parts = [_frame(rows) for rows in found.partitions()]
    return pd.concat([_frame([]), *parts], ignore_index=True)


def _frame(rows: Sequence[sa.Row[Any, Any, Any]]) -> pd.DataFrame:
    locations_, times, values = zip(*rows, strict=True) if rows else ((), (), ())
    return pd.DataFrame(
        {
            "location": np.array(locations_, dtype="int64"),
            "time": pd.Series(np.array(times, dtype="datetime64[s]").astype("datetime64[us]")).dt.tz_localize("UTC"),
            "value": np.array(values, dtype="float64"),
        }
    )
