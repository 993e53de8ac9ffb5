"""The warehouse: what was predicted for which hour, and what came true.

Contract. A prediction's natural key is (project, location, parameter, target_at): publishing again replaces it, so that
a repeated run leaves the same rows. `low` and `high` are the ends of its band, if the model has one. What came true is
taken from `measurements`. Values are in the parameter's unit, times are ends of hours in UTC.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from math import sqrt

import sqlalchemy as sa

from steps.backends.database import upsert
from steps.backends.warehouse import batches as batches
from steps.backends.warehouse import schema as schema
from steps.backends.warehouse import skill as skill
from steps.backends.warehouse import watches as watches


@dataclass(frozen=True)
class Prediction:
    """What one model version predicts for one hour at one location, from what was known at `as_of`."""

    location: int
    target_at: datetime
    value: float
    version: int
    as_of: datetime
    low: float | None = None
    high: float | None = None
    lacked: str | None = None


@dataclass(frozen=True)
class Outcome:
    """A prediction, its band (None if it has none) and what came true (None if not known yet)."""

    location: int
    target_at: datetime
    predicted: float
    observed: float | None
    version: int
    low: float | None
    high: float | None

    @property
    def missed(self) -> bool | None:
        """Whether the truth is outside the band; None if either is unknown."""
        if self.observed is None or self.low is None or self.high is None:
            return None
        return not self.low <= self.observed <= self.high


def record(connection: sa.Connection, project: str, parameter: str, made: Sequence[Prediction]) -> None:
    """Write the predictions, replacing earlier ones for the same hours."""
    upsert(
        connection, schema.predictions, [{"project": project, "parameter": parameter, **asdict(one)} for one in made]
    )


def outcomes(connection: sa.Connection, project: str, parameter: str, first: datetime, last: datetime) -> list[Outcome]:
    """The predictions for the hours from `first` to `last`, both included, in order of time and location."""
    c = schema.outcomes.c
    query = (
        sa.select(c.location, c.target_at, c.predicted, c.observed, c.version, c.low, c.high)
        .where(c.project == project, c.parameter == parameter, c.target_at >= first, c.target_at <= last)
        .order_by(c.target_at, c.location)
    )
    return [Outcome(*row) for row in connection.execute(query)]


def rmse(found: Sequence[Outcome]) -> float | None:
    """The root mean squared error of those whose outcome is known, or None if none is."""
    errors = [(one.predicted - one.observed) ** 2 for one in found if one.observed is not None]
    return sqrt(sum(errors) / len(errors)) if errors else None
