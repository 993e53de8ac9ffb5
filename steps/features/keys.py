"""Features are stored by parameter, location and month, under a key made of all that they depend on.

A month's rows look back `history_hours`, at the location itself and at the run's other locations. So the key holds the
accepted versions of all their days that have an hour between there and the month's end, the part of the declaration
that features are made by, and the code. A patched day changes the keys of exactly the months that may see it. The
catalog is the only input: what lacks its key is computed by `prepare`, and whoever reads finds the same keys again.

Months are of UTC; an hour belongs to the one in which it ends, the very first hour (00:00) to the month it opens.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import pandas as pd

from steps import caching
from steps.backends import catalog
from steps.backends.objects import Bucket
from steps.declaration import Declaration, load
from steps.errors import CheckFailed
from steps.threads import each

_LONGEST_DAY = timedelta(hours=48)  # no location's day spans more
_THREADS = 8


@dataclass(frozen=True)
class FeatureMonth:
    """The features of one location in one month (`YYYY-MM`): their key, where they are, and the days they look at.

    Rows have their t in `start` ≤ t < `end`; they are made of the hours from `history` on.
    """

    location: int
    month: str
    key: str
    object_key: str
    start: datetime
    end: datetime
    history: datetime
    days: tuple[catalog.Accepted, ...] = field(repr=False)


def months(
    project: str,
    declaration: Declaration,
    locations: Sequence[int],
    parameter: str,
    *,
    first: date | None = None,
    last: date | None = None,
) -> list[FeatureMonth]:
    """The months in which each location has an accepted observation, by month and location.

    `first` and `last` leave out the months that end before the one or begin after the other.
    """
    days = sorted(catalog.accepted(project, locations), key=lambda one: (one.first_hour, one.location, one.day))
    starts = [one.first_hour for one in days]
    history = timedelta(hours=load(_history_name(declaration))(declaration.learning))
    made_by = _made_by(declaration)
    found: list[FeatureMonth] = []
    for location, start in sorted(_present(days), key=lambda pair: (pair[1], pair[0])):
        end = _next(start)
        if (first and end.date() <= first) or (last and start.date() > last):
            continue
        since = start - history
        window = days[bisect_left(starts, since - _LONGEST_DAY) : bisect_right(starts, end)]
        seen = tuple(one for one in window if one.last_hour >= since and one.first_hour < end)
        month = f"{start:%Y-%m}"
        key = caching.key(
            "features",
            parameter=parameter,
            location=location,
            month=month,
            locations=sorted(locations),
            made_by=made_by,
            days=[[one.location, one.day.isoformat(), one.etag] for one in seen],
        )
        place = f"{project}/features/{parameter}/location={location}/month={month}/{key}.parquet"
        found.append(FeatureMonth(location, month, key, place, start, end, since, seen))
    return found


def read(bucket: Bucket, wanted: Sequence[FeatureMonth]) -> pd.DataFrame:
    """The rows of those months, by location and time.

    Raises:
        CheckFailed: some are not in the lake, or there is none to read.
    """
    bodies = list(each(lambda one: bucket.get(one.object_key), wanted, threads=_THREADS))
    missing = [one for one, body in bodies if body is None]
    if missing or not wanted:
        example = f", {missing[0].location} in {missing[0].month} for one" if missing else ""
        raise CheckFailed(
            f"features of {len(missing)} of {len(wanted)} location-months are not in the lake{example}; "
            "run the project's backfill first (openaq-backfill)"
        )
    frames = [pd.read_parquet(BytesIO(body)) for _, body in bodies if body is not None]
    return pd.concat(frames, ignore_index=True).sort_values(["location", "time"], ignore_index=True)


def _made_by(declaration: Declaration) -> dict[str, object]:
    """The part of the declaration that features depend on: how they are made, and which values are dropped."""
    learning = declaration.learning.model_dump(mode="json", include={"features", "lags", "windows", "horizon_hours"})
    quantities = {name: quantity.model_dump(mode="json") for name, quantity in declaration.quantities.items()}
    return {"learning": learning, "quantities": quantities, "null_share": declaration.expectations.null_share}


def _history_name(declaration: Declaration) -> str:
    return f"{declaration.learning.features.partition(':')[0]}:history_hours"


def _present(days: Iterable[catalog.Accepted]) -> set[tuple[int, datetime]]:
    """Each location with the starts of the months that it has an hour in."""
    found: set[tuple[int, datetime]] = set()
    for one in days:
        start = _month(one.first_hour)
        while start <= one.last_hour:
            found.add((one.location, start))
            start = _next(start)
    return found


def _month(hour: datetime) -> datetime:
    return datetime(hour.year, hour.month, 1, tzinfo=UTC)


def _next(start: datetime) -> datetime:
    return _month(start + timedelta(days=32))
