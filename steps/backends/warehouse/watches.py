"""How far the watch over each live model is, as its last look left it: what people and programs ask often.

Contract. The natural key is (project, parameter); each look replaces it. It says nothing that the next look would not
find again, so a lost row costs nothing.
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from steps.backends.columns import Utc
from steps.backends.database import metadata, upsert
from steps.backends.warehouse.skill import alarms

watches = sa.Table(
    "watches",
    metadata,
    sa.Column("project", sa.String(63), primary_key=True, comment="whose model it is"),
    sa.Column("parameter", sa.String(63), primary_key=True, comment="what is predicted"),
    sa.Column("version", sa.Integer, nullable=False, comment="the version of the live model"),
    sa.Column("as_of", Utc, nullable=False, comment="up to when was looked"),
    sa.Column("watched", sa.Integer, nullable=False, comment="how many days, or files of a table, were scored"),
    sa.Column("each", sa.String(8), nullable=False, comment="which of the two: day, or file"),
    sa.Column("evidence", sa.Float, nullable=False, comment="the most evidence of a change; 1 is an alarm"),
    comment="How the last look at each live model left its watch.",
)


@dataclass(frozen=True)
class Watch:
    """A row."""

    project: str
    parameter: str
    version: int
    as_of: datetime
    watched: int
    each: str
    evidence: float


@dataclass(frozen=True)
class State:
    """A watch with its last alarm, and what came of that."""

    watch: Watch
    alarmed: date | None
    cause: str | None
    outcome: str | None


def record(connection: sa.Connection, watch: Watch) -> None:
    """Write it down."""
    upsert(connection, watches, [asdict(watch)])


def states(connection: sa.Connection) -> list[State]:
    """All watches by name, each with the last alarm of its project and parameter."""
    columns: Any = (watches.c[name] for name in Watch.__dataclass_fields__)
    query = sa.select(*columns).order_by(watches.c.project, watches.c.parameter)
    return [_state(connection, Watch(*row)) for row in connection.execute(query)]


def _state(connection: sa.Connection, watch: Watch) -> State:
    c = alarms.c
    mine = c.project == watch.project, c.parameter == watch.parameter
    query = sa.select(c.day, c.cause, c.outcome, c.training).where(*mine)
    last = connection.execute(query.order_by(c.day.desc(), c.raised_at.desc()).limit(1)).one_or_none()
    if last is None:
        return State(watch, None, None, None)
    waits = f"training {last.training}, under way" if last.training else "a training is under way"
    return State(watch, last.day, last.cause, last.outcome or waits)
