"""How a project's data stand: days by location, files by state, and what was refused why. For people to look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from steps.backends.catalog import ACCEPTED, QUARANTINED, location_days, refused_days
from steps.backends.ledger import uploads

_REASONS = 20  # that are shown


@dataclass(frozen=True)
class Coverage:
    """The days of a location: the first and the newest that is accepted, and how many are, and are refused."""

    location: int
    first: date | None
    newest: date | None
    accepted: int
    refused: int


def coverage(connection: sa.Connection, project: str) -> list[Coverage]:
    """Of each location of which anything is known, by location."""
    c = location_days.c
    there = sa.case((c.state == ACCEPTED, c.day))
    refused = sa.func.count(sa.case((c.state == QUARANTINED, 1)))
    query = (
        sa.select(c.location, sa.func.min(there), sa.func.max(there), sa.func.count(there), refused)
        .where(c.project == project)
        .group_by(c.location)
        .order_by(c.location)
    )
    return [Coverage(*row) for row in connection.execute(query)]


def refusals(connection: sa.Connection, project: str) -> Sequence[tuple[str, int]]:
    """Why days are refused, each reason with their number, the most frequent first."""
    c = location_days.c
    return _counted(connection, c.reason, c.project == project, refused_days(c.state))


def files(connection: sa.Connection, project: str) -> dict[str, int]:
    """How many uploads are in each state."""
    c = uploads.c
    query = (
        sa.select(c.state, sa.func.count().label("number"))
        .where(c.project == project)
        .group_by(c.state)
        .order_by(c.state)
    )
    return {row.state: row.number for row in connection.execute(query)}


def file_refusals(connection: sa.Connection, project: str) -> Sequence[tuple[str, int]]:
    """Why files are in quarantine, likewise."""
    c = uploads.c
    return _counted(connection, c.reason, c.project == project, c.state == QUARANTINED)


def _counted(
    connection: sa.Connection, reason: sa.Column[Any], *where: sa.ColumnElement[bool]
) -> list[tuple[str, int]]:
    number = sa.func.count().label("number")
    query = sa.select(reason, number).where(*where).group_by(reason)
    rows = connection.execute(query.order_by(number.desc(), reason).limit(_REASONS))
    return [(row.reason or "", row.number) for row in rows]
