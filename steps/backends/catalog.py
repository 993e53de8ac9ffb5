"""The catalog: for each location and day, which version of its file is accepted, and which was refused and why.

Contract. There is one row per location and day, and everything one `prepare` decided is recorded in one transaction. A
version is named by the source's etag. An accepted version replaces the one before it. A refused version never replaces
an accepted one: the row stays accepted as it was and keeps the refused etag, so that a bad patch loses nothing and is
not fetched again.

Each `record` has a revision, the next number of its project, and so has each day that it decides: what is newer than a
revision is what has changed since.

A fault of the file itself counts for every run (`refused_for` is null); a fault of one parameter refuses the day only
if that parameter is the target, so a run with another target examines the file again.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from steps.backends.columns import Utc
from steps.backends.database import begin, metadata, transact, upsert

ACCEPTED = "accepted"
QUARANTINED = "quarantined"

location_days = sa.Table(
    "location_days",
    metadata,
    sa.Column("project", sa.String(63), primary_key=True),
    sa.Column("location", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("etag", sa.String(128), nullable=False),
    sa.Column("state", sa.String(11), nullable=False),
    sa.Column("raw_key", sa.String(1024), nullable=False),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("first_hour", Utc),  # of its observations; null if refused
    sa.Column("last_hour", Utc),
    sa.Column("refused_etag", sa.String(128)),
    sa.Column("refused_for", sa.String(63)),
    sa.Column("reason", sa.Text),
    sa.Column("decided_at", Utc, nullable=False),
    sa.Column("latitude", sa.Float),  # as the accepted file says; null if it does not
    sa.Column("longitude", sa.Float),
    sa.Column("loaded_etag", sa.String(128)),  # the version whose rows are in the table `measurements`
    sa.Column("revision", sa.BigInteger),  # of the `record` that decided it; null if that was before they were counted
    sa.Index("location_days_revised", "project", "revision"),
)


def refused_days(state: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether a day was refused, and no version of it is accepted."""
    return state == sa.literal_column(f"'{QUARANTINED}'")  # a bound value would not be seen to be the index's condition


_REFUSED = refused_days(location_days.c.state)
sa.Index(
    "location_days_refused",
    *(location_days.c[name] for name in ("project", "reason")),
    sqlite_where=_REFUSED,
    postgresql_where=_REFUSED,
)

Place = tuple[float, float]  # latitude and longitude, degrees

_ACCEPTED = ("location", "day", "etag", "raw_key", "rows", "first_hour", "last_hour", "latitude", "longitude")


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted version of a location's day: where it is kept, the hours (UTC, ends) its observations span, and the
    coordinates it gives."""

    location: int
    day: date
    etag: str
    raw_key: str
    rows: int
    first_hour: datetime
    last_hour: datetime
    place: Place | None = None


@dataclass(frozen=True)
class Refused:
    """A refused version, where it is kept, and why; `refused_for` is the target it was refused for, None for all."""

    location: int
    day: date
    etag: str
    raw_key: str
    reason: str
    refused_for: str | None


def accepted(
    project: str, locations: Iterable[int], *, first: date = date.min, last: date = date.max
) -> list[Accepted]:
    """The accepted days of `locations` from `first` to `last`, by location and day."""
    table = location_days.c
    query = (
        sa.select(*(table[name] for name in _ACCEPTED))
        .where(*_accepted_of(project, locations), table.day.between(first, last))
        .order_by(table.location, table.day)
    )
    with begin() as connection:
        return [
            Accepted(
                *(row.location, row.day, row.etag, row.raw_key, row.rows, row.first_hour, row.last_hour),
                _place(row.latitude, row.longitude),
            )
            for row in connection.execute(query)
        ]


def refused(project: str, locations: Iterable[int], *, first: date, last: date) -> list[tuple[int, date]]:
    """The locations and days from `first` to `last` of which a version was refused and none is accepted."""
    table = location_days.c
    query = (
        sa.select(table.location, table.day)
        .where(table.project == project, table.location.in_(list(locations)), table.state == QUARANTINED)
        .where(table.day.between(first, last))
    )
    with begin() as connection:
        return [(row.location, row.day) for row in connection.execute(query)]


def newest(project: str, locations: Iterable[int]) -> dict[int, date]:
    """The newest accepted day of each of `locations` that has one."""
    table = location_days.c
    query = (
        sa.select(table.location, sa.func.max(table.day).label("newest"))
        .where(*_accepted_of(project, locations))
        .group_by(table.location)
    )
    with begin() as connection:
        return {row.location: row.newest for row in connection.execute(query)}


def places(project: str, locations: Iterable[int]) -> dict[int, Place | None]:
    """The coordinates of each of `locations`, from the first of its accepted days that has any."""
    table = location_days.c
    of_project = sa.and_(*_accepted_of(project, locations))
    first = (
        sa.select(table.location, sa.func.min(sa.case((table.latitude.is_not(None), table.day))).label("day"))
        .where(of_project)
        .group_by(table.location)
        .subquery()
    )
    same = sa.and_(of_project, table.location == first.c.location, table.day == first.c.day)
    columns = first.c.location, table.latitude, table.longitude
    query = sa.select(*columns).select_from(first.outerjoin(location_days, same))
    with begin() as connection:
        return {row.location: _place(row.latitude, row.longitude) for row in connection.execute(query)}


def travels(project: str, locations: Iterable[int]) -> dict[int, list[tuple[date, Place]]]:
    """The places that the accepted days of each of `locations` give, each with the first day that does, in order."""
    table = location_days.c
    query = (
        sa.select(table.location, table.latitude, table.longitude, sa.func.min(table.day).label("since"))
        .where(*_accepted_of(project, locations), table.latitude.is_not(None))
        .group_by(table.location, table.latitude, table.longitude)
        .order_by(table.location, sa.func.min(table.day))
    )
    found: defaultdict[int, list[tuple[date, Place]]] = defaultdict(list)
    with begin() as connection:
        for row in connection.execute(query):
            found[row.location].append((row.since, (row.latitude, row.longitude)))
    return dict(found)


def decided(
    project: str, locations: Iterable[int], target: str, *, first: date = date.min, last: date = date.max
) -> dict[tuple[int, date], set[str]]:
    """For each location and day from `first` to `last`, the etags that a run with that target need not fetch: accepted,
    or refused for it."""
    table = location_days.c
    known: defaultdict[tuple[int, date], set[str]] = defaultdict(set)
    query = sa.select(
        *(table.location, table.day, table.etag, table.state, table.refused_etag, table.refused_for)
    ).where(table.project == project, table.location.in_(list(locations)), table.day.between(first, last))
    with begin() as connection:
        for row in connection.execute(query):
            if row.state == ACCEPTED:
                known[row.location, row.day].add(row.etag)
            if row.refused_etag and row.refused_for in (None, target):
                known[row.location, row.day].add(row.refused_etag)
    return dict(known)


def revision(project: str) -> int:
    """The revision of the newest `record`; 0 before the first."""
    with begin() as connection:
        return _revision(connection, project)


def changed(project: str, locations: Iterable[int], *, after: int) -> list[tuple[int, date, int]]:
    """The locations and days that were decided after a revision, each with its own."""
    table = location_days.c
    query = sa.select(table.location, table.day, table.revision).where(
        table.project == project, table.revision > after, table.location.in_(list(locations))
    )
    with begin() as connection:
        return [(row.location, row.day, row.revision) for row in connection.execute(query)]


def record(project: str, good: Sequence[Accepted], bad: Sequence[Refused], *, at: datetime) -> None:
    """Record what a run decided, in one transaction.

    Raises:
        StepError: the database does not answer, or others were first every time.
    """
    transact(partial(_record, project, good, bad, at))


def _record(
    project: str, good: Sequence[Accepted], bad: Sequence[Refused], at: datetime, connection: sa.Connection
) -> None:
    kept = _kept(connection, project, bad)
    decided_by = {"revision": _revision(connection, project) + 1}
    rows = [_accepted_row(project, one, at) for one in good]
    rows += [_refused_row(project, one, at) for one in bad if one not in kept]
    upsert(connection, location_days, [row | decided_by for row in rows])
    for one in kept:
        connection.execute(_remember(project, one))


def _revision(connection: sa.Connection, project: str) -> int:
    table = location_days.c
    newest = sa.select(sa.func.max(table.revision)).where(table.project == project, table.revision > 0)
    return connection.scalar(newest) or 0


def _accepted_of(project: str, locations: Iterable[int]) -> tuple[sa.ColumnElement[bool], ...]:
    table = location_days.c
    return table.project == project, table.location.in_(list(locations)), table.state == ACCEPTED


def _place(latitude: float | None, longitude: float | None) -> Place | None:
    return None if latitude is None or longitude is None else (latitude, longitude)


def _kept(connection: sa.Connection, project: str, bad: Sequence[Refused]) -> set[Refused]:
    """Those with another, accepted version, which the refusal does not affect."""
    table = location_days.c
    query = sa.select(table.location, table.day, table.etag).where(
        table.project == project, table.location.in_(sorted({one.location for one in bad})), table.state == ACCEPTED
    )
    there = {(row.location, row.day): row.etag for row in connection.execute(query)}
    return {one for one in bad if there.get((one.location, one.day), one.etag) != one.etag}


def _accepted_row(project: str, one: Accepted, at: datetime) -> dict[str, Any]:
    return {
        **_row(project, one, at),
        "state": ACCEPTED,
        "rows": one.rows,
        "first_hour": one.first_hour,
        "last_hour": one.last_hour,
        "latitude": one.place[0] if one.place else None,
        "longitude": one.place[1] if one.place else None,
        "refused_etag": None,
        "refused_for": None,
        "reason": None,
    }


def _refused_row(project: str, one: Refused, at: datetime) -> dict[str, Any]:
    return {
        **_row(project, one, at),
        "state": QUARANTINED,
        "rows": 0,
        "first_hour": None,
        "last_hour": None,
        "latitude": None,
        "longitude": None,
        "refused_etag": one.etag,
        "refused_for": one.refused_for,
        "reason": one.reason,
    }


def _row(project: str, one: Accepted | Refused, at: datetime) -> dict[str, Any]:
    return {
        "project": project,
        "location": one.location,
        "day": one.day,
        "etag": one.etag,
        "raw_key": one.raw_key,
        "decided_at": at,
    }


def _remember(project: str, one: Refused) -> sa.Update:
    table = location_days.c
    return (
        sa.update(location_days)
        .where(table.project == project, table.location == one.location, table.day == one.day)
        .values(refused_etag=one.etag, refused_for=one.refused_for, reason=one.reason)
    )
