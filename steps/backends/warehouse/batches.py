"""How the live model of a table does on what comes: the errors of each number of the history.

Contract. The natural key is (project, number of the history): what came is scored once, by the model that was live
then, and writing it again leaves the same row. Errors are per row: the mean absolute error of numbers, the share that
is wrong of classes.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from steps.backends.columns import Utc
from steps.backends.database import metadata, upsert

batches = sa.Table(
    "batches",
    metadata,
    sa.Column("project", sa.String(63), primary_key=True, comment="whose model and files these are"),
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False, comment="the number of the history"),
    sa.Column("version", sa.Integer, nullable=False, comment="the version of the model that was live when it came"),
    sa.Column("came_at", Utc, nullable=False, comment="when its rows were accepted"),
    sa.Column("rows", sa.Integer, nullable=False, comment="of its rows, those that are no copies of earlier ones"),
    sa.Column("error", sa.Float, nullable=False, comment="the model's mean error on them, in the target's unit"),
    sa.Column("naive", sa.Float, nullable=False, comment="that of the mean, or commonest class, it had learned from"),
    comment="How a table's live model did on each file, or on files that were accepted together, when they came.",
)


@dataclass(frozen=True)
class Batch:
    """A row, but for the project."""

    sequence: int
    version: int
    came_at: datetime
    rows: int
    error: float
    naive: float


def record(connection: sa.Connection, project: str, scored: list[Batch]) -> None:
    """Write them down."""
    upsert(connection, batches, [{"project": project, **asdict(one)} for one in scored])


def scored(connection: sa.Connection, project: str, until: datetime) -> list[Batch]:
    """What had come at `until`, in the history's order."""
    c = batches.c
    columns: Any = (c[name] for name in Batch.__dataclass_fields__)
    query = sa.select(*columns).where(c.project == project, c.came_at <= until).order_by(c.sequence)
    return [Batch(*row) for row in connection.execute(query)]
