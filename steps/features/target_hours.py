"""The target's hours in the warehouse, by which locations are judged: a year of them, of which a day is new.

What an earlier run has read is kept in the lake with the revision of the catalog that it had seen. The hours around the
days that were decided since are read again, the others are not: a day's rows change only after it was decided anew, or
the day before it was.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from io import BytesIO
from typing import Any, Final

import numpy as np
import pandas as pd
import sqlalchemy as sa

from steps.backends import caching, catalog
from steps.backends.database import begin
from steps.backends.objects import Bucket
from steps.backends.sql import seconds_of
from steps.backends.warehouse.schema import measurements
from steps.contract import reach

_ROWS_AT_ONCE: Final = 50_000  # as objects, ten times as large as in a frame
_BEFORE, _AFTER = timedelta(days=2), timedelta(days=4)  # of a day: the hours of its file, and of the next one's


def read(
    store: Bucket, project: str, parameter: str, locations: Sequence[int], since: date, *, revision: int
) -> pd.DataFrame:
    """The hours of `parameter` from `since` on, by location and time: location, time (UTC) and value. `revision`: of
    the catalog; all that was decided up to it has been loaded."""
    key = _key(project, parameter, locations)
    begin_, end = _midnight(since), datetime.max.replace(tzinfo=UTC)
    body = store.get(key)
    kept = pd.read_parquet(BytesIO(body)) if body else None
    if kept is None or kept.attrs["since"] > since.isoformat():
        found = _measured(project, parameter, locations, begin_, end)
    else:
        again = _changed(project, locations, kept.attrs["revision"])
        if not again:
            return kept[kept["time"] >= begin_].reset_index(drop=True)
        parts = []
        for (first, last), some in again.items():
            within = kept["location"].isin(some) & kept["time"].between(first, last)
            kept = kept[~within]
            parts.append(_measured(project, parameter, some, max(first, begin_), last))
        found = pd.concat([kept[kept["time"] >= begin_], *parts]).sort_values(["location", "time"], ignore_index=True)
    found.attrs = {"since": since.isoformat(), "revision": revision}
    written = BytesIO()
    found.to_parquet(written, index=False)
    store.put(key, written.getvalue())
    return found


def _key(project: str, parameter: str, locations: Sequence[int]) -> str:
    parts = {"project": project, "parameter": parameter, "locations": sorted(locations)}
    return f"cache/{caching.key('target-hours', code=reach.digest(__name__), **parts)}/hours.parquet"


def _changed(project: str, locations: Sequence[int], after: int) -> dict[tuple[datetime, datetime], list[int]]:
    """The hours around all days that were decided after a revision, and the locations of which it is the same hours."""
    days: defaultdict[int, list[date]] = defaultdict(list)
    for location, day, _ in catalog.changed(project, locations, after=after):
        days[location].append(day)
    found: defaultdict[tuple[datetime, datetime], list[int]] = defaultdict(list)
    for location, some in days.items():
        found[_midnight(min(some)) - _BEFORE, _midnight(max(some)) + _AFTER].append(location)
    return dict(found)


def _measured(project: str, parameter: str, locations: Sequence[int], first: datetime, last: datetime) -> pd.DataFrame:
    table = measurements.c
    query = sa.select(table.location, seconds_of(table.time), table.value).where(
        table.project == project,
        table.location.in_(list(locations)),
        table.time.between(first, last),
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


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
