"""Runs: how each run of a workflow ended.

Contract. A run has one row. Recording the same again changes nothing, so the step may be repeated; a run that is
retried and ends differently replaces its row. Times are UTC, the end is by the database's clock.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from steps.backends.database import clock, upsert
from steps.backends.warehouse.schema import runs


@dataclass(frozen=True)
class Run:
    """A run that has ended; see the table for its fields."""

    project: str
    run: str
    workflow: str
    as_of: datetime | None
    started_at: datetime
    status: str
    failed: str | None


def end(connection: sa.Connection, project: str, run: str) -> tuple[str, str | None] | None:
    """How a run ended, and what its failed nodes said; None while it has not."""
    c = runs.c
    query = sa.select(c.status, c.failed).where(c.project == project, c.run == run)
    found = connection.execute(query).one_or_none()
    return None if found is None else (found.status, found.failed)


def record(connection: sa.Connection, ended: Run) -> None:
    """Record the run, unless it is already recorded."""
    c = runs.c
    columns = (*(c[name] for name in asdict(ended)),)
    query = sa.select(*columns).where(c.project == ended.project, c.run == ended.run)
    if (found := connection.execute(query).one_or_none()) is not None and Run(*found) == ended:
        return
    upsert(connection, runs, [asdict(ended) | {"ended_at": datetime.fromtimestamp(clock(connection), UTC)}])
