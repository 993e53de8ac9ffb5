"""Measurements: the usable values of every accepted location-day, in the warehouse.

Contract. The catalog's `loaded_etag` says which version of a location's day has its rows here; null: none has. A
version is loaded whole, in the transaction that sets `loaded_etag`, and replaces every row of its predecessor, so
loading may be killed, repeated, and done by several at once. Where the files of two days have the same hour, the
earlier day's value is kept, as in features.

A version is loaded once. Where the declaration's limits change, what was usable when it came in stays here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from steps.backends.catalog import ACCEPTED, Accepted, location_days
from steps.backends.database import begin, inserting, transact
from steps.backends.warehouse.schema import measurements

_DAY = timedelta(days=1)
_ZONES = timedelta(hours=15)  # no zone is further from UTC

_wanted = sa.case((location_days.c.state == ACCEPTED, location_days.c.etag))
_unlike = _wanted.is_distinct_from(location_days.c.loaded_etag)


@dataclass(frozen=True)
class Measured:
    """What was measured for the hour that ends at `time`."""

    time: datetime
    parameter: str
    unit: str
    value: float


@dataclass(frozen=True)
class Pending:
    """A location's days whose rows differ from the catalog: those to load, and those no longer accepted."""

    accepted: list[Accepted]
    withdrawn: list[date]


def pending(project: str, location: int) -> Pending:
    """What to load and remove for a location, by day."""
    table = location_days.c
    query = sa.select(location_days).where(*_of(project, location), _unlike).order_by(table.day)
    with begin() as connection:
        found = list(connection.execute(query))
    return Pending(
        [
            Accepted(row.location, row.day, row.etag, row.raw_key, row.rows, row.first_hour, row.last_hour)
            for row in found
            if row.state == ACCEPTED
        ],
        [row.day for row in found if row.state != ACCEPTED],
    )


def replace(
    project: str, location: int, loaded: Mapping[Accepted, Sequence[Measured]], withdrawn: Sequence[date] = ()
) -> int:
    """Replace the rows of these days in one transaction; returns how many were written.

    A day that another loader has done, or that now has another version, is left alone.

    Raises:
        StepError: the database does not answer, or others were first every time.
    """
    return transact(partial(_replace, project, location, loaded, withdrawn))


def reporting(project: str, locations: Sequence[int], parameter: str) -> list[int]:
    """Those of the locations that have ever reported the parameter."""
    c = measurements.c
    mine = c.project == project, c.parameter == parameter, c.location.in_(list(locations))
    with begin() as connection:
        return sorted(connection.scalars(sa.select(c.location).where(*mine).distinct()))


def _replace(
    project: str,
    location: int,
    loaded: Mapping[Accepted, Sequence[Measured]],
    withdrawn: Sequence[date],
    connection: sa.Connection,
) -> int:
    wanted = {one.day: one.etag for one in loaded} | dict.fromkeys(withdrawn)
    table = location_days.c
    query = (
        sa.select(table.day, _wanted.label("etag"), table.loaded_etag)
        .where(*_of(project, location), table.day.in_(list(wanted)), _unlike)
        .order_by(table.day)
        .with_for_update()
    )
    due = [row for row in connection.execute(query) if row.etag == wanted[row.day]]
    _remove(connection, project, location, [row.day for row in due if row.loaded_etag is not None])
    days = {row.day for row in due}
    rows = _rows(project, location, {one: found for one, found in loaded.items() if one.day in days})
    if rows:
        connection.execute(_insert(connection), rows)
    mark = sa.update(location_days).where(*_of(project, location), table.day.in_(days))
    connection.execute(mark.values(loaded_etag=_wanted))
    return len(rows)


def _remove(connection: sa.Connection, project: str, location: int, days: Sequence[date]) -> None:
    """Remove the rows of these days and of the days after them, which may have values that theirs took precedence
    over."""
    if not days:
        return
    all_days = sorted({*days, *(day + _DAY for day in days)})
    first, last = (datetime.combine(day, time(), UTC) for day in (all_days[0], all_days[-1]))
    c = measurements.c
    mine = c.project == project, c.location == location, c.time.between(first - _ZONES, last + _DAY + _ZONES)
    connection.execute(sa.delete(measurements).where(*mine, c.day.in_(all_days)))
    unmark = sa.update(location_days).where(*_of(project, location), location_days.c.day.in_(all_days))
    connection.execute(unmark.values(loaded_etag=None))


def _rows(project: str, location: int, days: Mapping[Accepted, Sequence[Measured]]) -> list[dict[str, Any]]:
    rows: dict[tuple[datetime, str], dict[str, Any]] = {}
    for day in sorted(days, key=lambda one: one.day):
        of_day = {"project": project, "location": location, "day": day.day, "etag": day.etag}
        for one in days[day]:
            rows.setdefault((one.time, one.parameter), of_day | vars(one))
    return list(rows.values())


def _insert(connection: sa.Connection) -> Any:
    insert = inserting(connection)
    statement = insert(measurements)
    given = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=list(measurements.primary_key),
        set_={name: given[name] for name in ("value", "unit", "day", "etag")},
        where=given.day < measurements.c.day,
    )


def _of(project: str, location: int) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return location_days.c.project == project, location_days.c.location == location
