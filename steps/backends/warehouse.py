"""The warehouse: what was predicted for which hour, and what came true.

Contract. A prediction's natural key is (project, location, parameter, target_at): publishing again replaces it, so
that a repeated run leaves the same rows. `low` and `high` are the ends of its band, where the model has one. `observed`
belongs to `observe` alone, which corrects it when the source is patched; publishing again does not touch it. Values are
in the parameter's unit, times are ends of hours in UTC.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from math import sqrt

import sqlalchemy as sa

from steps.backends.columns import Utc
from steps.backends.database import metadata, upsert

predictions = sa.Table(
    "predictions",
    metadata,
    sa.Column("project", sa.String(63), primary_key=True),
    sa.Column("location", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("parameter", sa.String(63), primary_key=True),
    sa.Column("target_at", Utc, primary_key=True),
    sa.Column("value", sa.Float, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("as_of", Utc, nullable=False),
    sa.Column("observed", sa.Float),
    sa.Column("low", sa.Float),
    sa.Column("high", sa.Float),
)


@dataclass(frozen=True)
class Prediction:
    """What one model version says of one hour at one location, from what was known at `as_of`."""

    location: int
    target_at: datetime
    value: float
    version: int
    as_of: datetime
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Outcome:
    """A prediction, its band (None: it has none) and what came true (None where that is not known yet)."""

    location: int
    target_at: datetime
    predicted: float
    observed: float | None
    version: int
    low: float | None
    high: float | None

    @property
    def missed(self) -> bool | None:
        """Whether the truth is outside the band; None where one of them is not known."""
        if self.observed is None or self.low is None or self.high is None:
            return None
        return not self.low <= self.observed <= self.high


@dataclass(frozen=True)
class Observation:
    """What was measured at one location for the hour that ends at `time`."""

    location: int
    time: datetime
    value: float


def record(connection: sa.Connection, project: str, parameter: str, made: Sequence[Prediction]) -> None:
    """Write the predictions, replacing earlier ones for the same hours."""
    upsert(connection, predictions, [{"project": project, "parameter": parameter, **asdict(one)} for one in made])


def observe(connection: sa.Connection, project: str, parameter: str, measured: Sequence[Observation]) -> int:
    """Write what came true beside the predictions of those hours; how many rows that changed."""
    if not measured:
        return 0
    times = [one.time for one in measured]
    known = {(one.location, one.time): one.value for one in measured}
    changed = [
        {"of_location": old.location, "of_target_at": old.target_at, "to": known[old.location, old.target_at]}
        for old in outcomes(connection, project, parameter, min(times), max(times))
        if known.get((old.location, old.target_at), old.observed) != old.observed
    ]
    if changed:
        update = sa.update(predictions).where(
            *_of(project, parameter),
            predictions.c.location == sa.bindparam("of_location"),
            predictions.c.target_at == sa.bindparam("of_target_at", type_=Utc),
        )
        connection.execute(update.values(observed=sa.bindparam("to")), changed)
    return len(changed)


def outcomes(connection: sa.Connection, project: str, parameter: str, first: datetime, last: datetime) -> list[Outcome]:
    """The predictions for the hours from `first` to `last`, both included, in order of time and location."""
    c = predictions.c
    query = (
        sa.select(c.location, c.target_at, c.value, c.observed, c.version, c.low, c.high)
        .where(*_of(project, parameter), c.target_at >= first, c.target_at <= last)
        .order_by(c.target_at, c.location)
    )
    return [Outcome(*row) for row in connection.execute(query)]


def rmse(found: Sequence[Outcome]) -> float | None:
    """The root mean squared error of those whose outcome is known, or None where none is."""
    errors = [(one.predicted - one.observed) ** 2 for one in found if one.observed is not None]
    return sqrt(sum(errors) / len(errors)) if errors else None


def _of(project: str, parameter: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return predictions.c.project == project, predictions.c.parameter == parameter
