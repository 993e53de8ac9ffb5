"""The warehouse: what was predicted for which hour, and what came true.

Contract. A prediction's natural key is (project, location, parameter, target_at, role, version). The role is what the
model was when it predicted: the champion, a challenger on trial beside it, or the former champion. Publishing again
replaces what was published for the same hours, whatever models were live then, so that a repeated run leaves the same
rows and an hour has one prediction of the champion. `low` and `high` are the ends of its band, if the model has one.
What came true is taken from `measurements`. Values are in the parameter's unit, times are ends of hours in UTC.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import batched
from math import sqrt
from typing import Literal

import sqlalchemy as sa

from steps.backends.columns import Utc
from steps.backends.database import upsert
from steps.backends.warehouse import batches as batches
from steps.backends.warehouse import online as online
from steps.backends.warehouse import schema as schema
from steps.backends.warehouse import skill as skill
from steps.backends.warehouse import versus as versus
from steps.backends.warehouse import watches as watches

Role = Literal["champion", "challenger", "former"]

_AT_ONCE = 1000  # keys in a statement


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
    role: Role = "champion"


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
    """Write the predictions of all roles, replacing earlier ones for the same hours."""
    c = schema.predictions.c
    mine = c.project == project, c.parameter == parameter
    for keys in batched(sorted({(one.location, one.target_at) for one in made}), _AT_ONCE):
        places, hours = ({key[part] for key in keys} for part in (0, 1))
        near = c.location.in_(places), c.target_at.in_(hours)  # by these the key's index is used
        there = sa.tuple_(c.location, c.target_at).in_(keys)
        connection.execute(sa.delete(schema.predictions).where(*mine, *near, there))
    upsert(
        connection, schema.predictions, [{"project": project, "parameter": parameter, **asdict(one)} for one in made]
    )


def outcomes(connection: sa.Connection, project: str, parameter: str, first: datetime, last: datetime) -> list[Outcome]:
    """The champion's predictions for the hours from `first` to `last`, both included, in order of time and location."""
    c = schema.outcomes.c
    query = (
        sa.select(c.location, c.target_at, c.predicted, c.observed, c.version, c.low, c.high)
        .where(c.project == project, c.parameter == parameter, c.target_at >= first, c.target_at <= last)
        .order_by(c.target_at, c.location)
    )
    return [Outcome(*row) for row in connection.execute(query)]


def began(connection: sa.Connection, project: str, parameter: str, version: int) -> datetime | None:
    """The first hour that this version predicted as the champion; None if it has not yet."""
    c = schema.predictions.c
    mine = c.project == project, c.parameter == parameter, c.role == "champion", c.version == version
    first: datetime | None = connection.execute(
        sa.select(sa.func.min(c.target_at, type_=Utc)).where(*mine)
    ).scalar_one()
    return first


def rmse(found: Sequence[Outcome]) -> float | None:
    """The root mean squared error of those whose outcome is known, or None if none is."""
    errors = [(one.predicted - one.observed) ** 2 for one in found if one.observed is not None]
    return sqrt(sum(errors) / len(errors)) if errors else None
