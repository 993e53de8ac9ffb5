"""What became of locations as a whole: which of them are left out of features, learning and forecasts, and why.

Contract. There is one row for each location that `prepare` has judged for a target; a reason in it leaves the location
out wherever features are made or read, so that all that reads the lake reads the same locations.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from steps.backends.columns import Utc
from steps.backends.database import begin, metadata, read, upsert

judged_locations = sa.Table(
    "judged_locations",
    metadata,
    sa.Column("project", sa.String(63), primary_key=True),
    sa.Column("parameter", sa.String(63), primary_key=True),
    sa.Column("location", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("reason", sa.Text),  # why it is left out; null if it is not
    sa.Column("month", sa.String(7)),  # the first that is bad (YYYY-MM)
    sa.Column("decided_at", Utc, nullable=False),
)


@dataclass(frozen=True)
class Doubt:
    """Why a location is left out, in words, and the first month (YYYY-MM) that is bad."""

    reason: str
    month: str


def known(project: str, parameter: str, locations: Iterable[int]) -> dict[int, Doubt | None]:
    """Those of `locations` that have been judged; None if there is no doubt."""
    table = judged_locations.c
    query = sa.select(table.location, table.reason, table.month).where(
        table.project == project, table.parameter == parameter, table.location.in_(list(locations))
    )
    found = read(lambda connection: connection.execute(query.order_by(table.location)).all())
    return {row.location: Doubt(row.reason, row.month) if row.reason else None for row in found}


def left_out(project: str, parameter: str, locations: Iterable[int]) -> dict[int, str]:
    """Those of `locations` that are left out, and why."""
    found = known(project, parameter, locations)
    return {location: doubt.reason for location, doubt in found.items() if doubt}


def record(project: str, parameter: str, judged: Mapping[int, Doubt | None], *, at: datetime) -> None:
    """Replace what is known of these locations."""
    rows = [
        {
            **{"project": project, "parameter": parameter, "location": location, "decided_at": at},
            **{"reason": doubt.reason if doubt else None, "month": doubt.month if doubt else None},
        }
        for location, doubt in judged.items()
    ]
    with begin() as connection:
        upsert(connection, judged_locations, rows)
