"""Features are stored by parameter, location and month, under a key made of everything they depend on.

A month's rows look back `history_hours`, at the location itself and at its neighbours among the run's locations. So the
key holds the accepted versions of all their days that have an hour between there and the month's end, or the last hour
of the location's own days if that is earlier; the part of the declaration that features are made by, and the code. A
patched day changes the keys of exactly the months that may see it. The catalog is the only input: `prepare` computes
the months whose keys are missing, and readers derive the same keys.

The days go into the key in the order of their hours. The days up to a midnight give the key that the month had while no
later day was known; as no row looks ahead, the rows before that midnight are the same in the month as it is now. So a
new or patched day costs only the rows from there on.

Months are in UTC; an hour belongs to the month in which it ends, the first hour (00:00) to the month it opens.
"""

import hashlib
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import pandas as pd

from steps.backends import caching, catalog, judged
from steps.backends.objects import Bucket
from steps.contract import reach
from steps.contract.code import load
from steps.contract.declaration import Declaration
from steps.contract.threads import each
from steps.errors import CheckFailed
from steps.features import neighbours

_LONGEST_DAY = timedelta(hours=48)  # no location's day spans more
_HOUR = timedelta(hours=1)
_THREADS = 8
_MADE_OF = {"frequency", "features", "lags", "windows", "horizon_hours"}  # of how it is learned
_COMPUTED_BY = "steps.features.computing"


@dataclass(frozen=True, slots=True)
class Earlier:
    """The key of a month as it was when none of its days from `before` (a midnight) on was known."""

    before: datetime
    object_key: str


@dataclass(frozen=True, slots=True)
class FeatureMonth:
    """The features of one location in one month (`YYYY-MM`): their key, where they are, the days they look at and the
    neighbours these belong to, and where earlier states of the month may be, the oldest first.

    Rows have their t in `start` ≤ t < `end`; each is made of the last `history` hours.
    """

    location: int
    month: str
    key: str
    object_key: str
    start: datetime
    end: datetime
    history: timedelta
    neighbours: tuple[int, ...]
    days: tuple[catalog.Accepted, ...] = field(repr=False)
    earlier: tuple[Earlier, ...] = field(repr=False)


@dataclass(frozen=True)
class Basis:
    """What the keys of a run's months are made of beside the days: `near` has the locations that are not left out, and
    the neighbours of each."""

    project: str
    parameter: str
    near: Mapping[int, tuple[int, ...]]
    history: timedelta
    made_by: Mapping[str, object]
    code: str

    @classmethod
    def of(cls, project: str, declaration: Declaration, locations: Sequence[int], parameter: str) -> "Basis":
        """That of those `locations` which have accepted days and are not left out.

        Raises:
            CheckFailed: all are left out.
        """
        left_out = judged.left_out(project, parameter, locations)
        locations = [location for location in locations if location not in left_out]
        if left_out and not locations:
            raise CheckFailed(all_left_out(left_out))
        near = neighbours.nearest(catalog.places(project, locations), declaration.learning.neighbours)
        code = reach.digest(_COMPUTED_BY, declaration.learning.features)
        return cls(project, parameter, near, looking_back(declaration), _made_by(declaration), code)

    def key(self, location: int, **month: str) -> str:
        """The digest of all that a location's features, or those of one month, depend on beside the days."""
        around = sorted((location, *self.near[location]))
        parts = {"parameter": self.parameter, "location": location, "locations": around, "made_by": self.made_by}
        return caching.key("features", code=self.code, **parts, **month)

    def months(
        self,
        *,
        first: date | None = None,
        last: date | None = None,
        wanted: Callable[[int, datetime], bool] = lambda _location, _start: True,
    ) -> Iterator[FeatureMonth]:
        """See the function `months`; only those `wanted`, by their location and start."""
        days = _accepted(self.project, list(self.near), *self._span(first, last))
        for start, location in sorted({(start, location) for location, own in days.items() for start in _present(own)}):
            within = not (first and _next(start).date() <= first) and not (last and start.date() > last)
            if within and wanted(location, start):
                yield self._month(location, start, days)

    def seeing(self, first: date, last: date) -> Iterator[datetime]:
        """The starts of the months that may see an hour of the days from `first` to `last`."""
        start = _start(first - _LONGEST_DAY)
        while start - self.history - _LONGEST_DAY <= _midnight(last):
            yield start
            start = _next(start)

    def _span(self, first: date | None, last: date | None) -> tuple[date, date]:
        """The days that the months between the two look at."""
        begin = _start(first) - self.history - _LONGEST_DAY if first else None
        end = _next(_start(last)) + _LONGEST_DAY if last else None
        return begin.date() if begin else date.min, end.date() if end else date.max

    def _month(self, location: int, start: datetime, days: Mapping[int, list[catalog.Accepted]]) -> FeatureMonth:
        since, end = start - self.history, _next(start)
        own = _between(days[location], since, end)
        end = min(end, max(one.last_hour for one in own) + _HOUR)
        near = self.near[location]
        seen = own + [one for other in near for one in _between(days.get(other, []), since, end)]
        seen.sort(key=lambda one: (one.first_hour, one.location, one.day))
        month = f"{start:%Y-%m}"
        place = f"{self.project}/features/{self.parameter}/location={location}/month={month}"
        key, earlier = _chain(self.key(location, month=month), start, seen)
        states = tuple(Earlier(before, f"{place}/{state}.parquet") for before, state in earlier)
        which = (location, month, key, f"{place}/{key}.parquet")
        return FeatureMonth(*which, start, end, self.history, near, tuple(seen), states)


def months(
    project: str,
    declaration: Declaration,
    locations: Sequence[int],
    parameter: str,
    *,
    first: date | None = None,
    last: date | None = None,
) -> list[FeatureMonth]:
    """The months in which each location has an accepted observation, by month and location; without the locations that
    `prepare` has left out.

    `first` and `last` leave out the months that end before the one or begin after the other.

    Raises:
        CheckFailed: all are left out.
    """
    return list(Basis.of(project, declaration, locations, parameter).months(first=first, last=last))


def looking_back(declaration: Declaration) -> timedelta:
    """How far a row of features looks back."""
    return timedelta(
        hours=load(f"{declaration.learning.features.partition(':')[0]}:history_hours")(declaration.learning)
    )


def all_left_out(left_out: Mapping[int, str]) -> str:
    """That no location is left, in words."""
    location, reason = next(iter(left_out.items()))
    return (
        f"each of the {len(left_out)} locations is left out, {location} since {reason}; have its source fixed, or give "
        "others by `locations`"
    )


def _accepted(project: str, locations: Sequence[int], first: date, last: date) -> Mapping[int, list[catalog.Accepted]]:
    """The accepted days of each location from `first` to `last`, in order."""
    days: defaultdict[int, list[catalog.Accepted]] = defaultdict(list)
    for one in catalog.accepted(project, locations, first=first, last=last):
        days[one.location].append(one)
    return days


def _between(days: list[catalog.Accepted], since: datetime, end: datetime) -> list[catalog.Accepted]:
    """The days of a location, in order, that have an hour in `since` ≤ t < `end`."""
    begin = bisect_left(days, (since - _LONGEST_DAY).date(), key=lambda one: one.day)
    until = bisect_left(days, (end + _LONGEST_DAY).date(), key=lambda one: one.day)
    return [one for one in days[begin:until] if one.last_hour >= since and one.first_hour < end]


def _chain(base: str, start: datetime, days: Iterable[catalog.Accepted]) -> tuple[str, list[tuple[datetime, str]]]:
    """The key made of `base` and all of `days`; and, for each midnight after `start` that comes before one of them, the
    key of those before it."""
    digest = hashlib.sha256(base.encode())
    midnight, earlier = start, []
    for one in days:
        opened = one.first_hour.replace(hour=0, minute=0, second=0, microsecond=0)
        if opened > midnight:
            midnight = opened
            earlier.append((midnight, digest.hexdigest()[:32]))
        digest.update(f"\n{one.location} {one.day} {one.etag!r}".encode())
    return digest.hexdigest()[:32], earlier


def read(bucket: Bucket, wanted: Sequence[FeatureMonth]) -> pd.DataFrame:
    """The rows of those months, by location and time.

    Raises:
        CheckFailed: some are not in the lake, or there are none to read.
    """
    bodies = list(each(lambda one: bucket.get(one.object_key), wanted, threads=_THREADS))
    missing = [one for one, body in bodies if body is None]
    if missing or not wanted:
        example = f", {missing[0].location} in {missing[0].month} for one" if missing else ""
        raise CheckFailed(
            f"features of {len(missing)} of {len(wanted)} location-months are not in the lake{example}; "
            "run the project's backfill first (openaq-backfill)"
        )
    whole = pd.concat([pd.read_parquet(BytesIO(body)) for _, body in bodies if body is not None], ignore_index=True)
    return whole.sort_values(["location", "time"], ignore_index=True)


def _made_by(declaration: Declaration) -> dict[str, object]:
    """The part of the declaration that features depend on: how they are made and which values are dropped."""
    learning = declaration.learning.model_dump(mode="json", include=_MADE_OF)
    quantities = {name: quantity.model_dump(mode="json") for name, quantity in declaration.quantities.items()}
    return {
        "learning": learning,
        "quantities": quantities,
        "reference_celsius": declaration.reference_celsius,
        "null_share": declaration.expectations.null_share,
    }


def _present(days: Iterable[catalog.Accepted]) -> set[datetime]:
    """The starts of the months in which `days` have an hour."""
    found: set[datetime] = set()
    for one in days:
        start = _month(one.first_hour)
        while start <= one.last_hour:
            found.add(start)
            start = _next(start)
    return found


def _month(hour: datetime) -> datetime:
    return datetime(hour.year, hour.month, 1, tzinfo=UTC)


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, 1, tzinfo=UTC)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _next(start: datetime) -> datetime:
    return _month(start + timedelta(days=32))
