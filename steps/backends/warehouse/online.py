"""The features of each location's newest hour, for whoever asks about now.

Contract. There is one row for each location; it is written in the transaction that publishes the predictions, and holds
what these were made from, and the band. Writing again leaves the same row, and one from an earlier logical time never
replaces a later one. A model server may read this table and no other.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from steps.backends.columns import Utc
from steps.backends.database import NoTable, look, metadata, upsert

READER = "serving"  # the model servers' role on PostgreSQL

online_features = sa.Table(
    "online_features",
    metadata,
    sa.Column("project", sa.String(63), primary_key=True, comment="whose features they are"),
    sa.Column("parameter", sa.String(63), primary_key=True, comment="what is predicted from them, such as no2"),
    sa.Column("location", sa.BigInteger, primary_key=True, autoincrement=False, comment="OpenAQ's id of the location"),
    sa.Column("time", Utc, nullable=False, comment="the end of the newest hour that has features"),
    sa.Column("target_at", Utc, nullable=False, comment="the end of the hour that is predicted from them"),
    sa.Column("as_of", Utc, nullable=False, comment="only what was known then went into them"),
    sa.Column("version", sa.Integer, nullable=False, comment="the version of the model that was live then"),
    sa.Column("low", sa.Float, comment="the lower end of the band around what was predicted; null without bands"),
    sa.Column("high", sa.Float, comment="the upper end"),
    sa.Column("features", sa.JSON, nullable=False, comment="their values by name; null if missing"),
    comment="The features of each location's newest hour, as the newest predictions were made from them.",
    info={"readers": [READER]},
)


@dataclass(frozen=True)
class Online:
    """The features (None: missing) of a location's newest hour, and the band around what was predicted from them."""

    location: int
    time: datetime
    target_at: datetime
    as_of: datetime
    version: int
    features: Mapping[str, float | None]
    low: float | None = None
    high: float | None = None


_COLUMNS = [online_features.c[each.name] for each in fields(Online)]


def record(connection: sa.Connection, project: str, parameter: str, found: Iterable[Online]) -> None:
    """Write them, but for those of which a later state is there."""
    rows: list[dict[str, Any]] = [{"project": project, "parameter": parameter, **asdict(one)} for one in found]
    upsert(connection, online_features, rows, newest="as_of")


def listed(connection: sa.Connection, project: str) -> list[tuple[str, Online]]:
    """All rows of the project with their parameters, by parameter and location."""
    c = online_features.c
    query = sa.select(c.parameter, *_COLUMNS).where(c.project == project).order_by(c.parameter, c.location)
    return [(parameter, Online(*row)) for parameter, *row in connection.execute(query)]


def read(project: str, parameter: str, locations: Sequence[int]) -> dict[int, Online]:
    """Those of `locations` that have a row, by location. The caller need not be allowed more than to read the table.

    Raises:
        StepError: the database does not answer.
    """
    c = online_features.c
    query = sa.select(*_COLUMNS).where(c.project == project, c.parameter == parameter, c.location.in_(locations))
    with suppress(NoTable), look() as connection:
        return {row.location: Online(*row) for row in connection.execute(query)}
    return {}
