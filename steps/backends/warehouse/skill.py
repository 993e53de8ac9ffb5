"""How the live model does day by day, and what was made of it: what the monitor reads and writes.

Contract. An alarm's natural key says which model raised it (its version, and the first day since which no other has
predicted), by what (error or bands), where (a location, 0: all together) and the how-manieth it is. A day's figures may
be patched later and the alarm then fall on another day: it is the same one, and is not raised twice. What was made of
it is written once: the cause, then the training that it started, then how that ended.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from steps.backends import sql
from steps.backends.columns import Utc
from steps.backends.database import View, metadata
from steps.backends.warehouse import schema

if TYPE_CHECKING:
    import pandas as pd

_FLOATS = ("error", "persistence", "bias", "outside")


def _live_skill() -> sa.Select[Any]:
    made = schema.outcomes.c
    joined, before = schema.beside_persistence(only_both=True)
    error, naive = sa.func.abs(made.predicted - made.observed), sa.func.abs(before - made.observed)
    outside = sa.case((made.low.is_not(None), sa.case((made.observed.between(made.low, made.high), 0.0), else_=1.0)))
    keys = made.project, made.parameter, made.location, made.version, sql.day_of(made.target_at).label("day")
    columns = (
        sa.func.count().label("hours"),
        sa.func.avg(error).label("error"),
        sa.func.avg(naive).label("persistence"),
        sa.func.avg(made.predicted - made.observed).label("bias"),
        sa.func.avg(outside).label("outside"),
        sa.func.count(made.lacked).label("lacking"),
    )
    known = made.observed.is_not(None), before.is_not(None)
    return sa.select(*keys, *columns).select_from(joined).where(*known).group_by(*keys)


live_skill = View(
    "live_skill",
    "Each version's error and persistence's on the same hours, by day and location: what the monitor looks at.",
    _live_skill(),
    {
        "project": "whose model it is",
        "parameter": "what is predicted",
        "location": "OpenAQ's id of the location",
        "version": "the version of the model",
        "day": "the day (UTC) of the hours that were predicted",
        "hours": "how many have a prediction, a measurement and one 24 hours before; a day with none has no row",
        "error": "the mean absolute error, in the parameter's unit",
        "persistence": "persistence's (the value 24 hours before), in the parameter's unit",
        "bias": "the mean of prediction − measurement, in the parameter's unit",
        "outside": "the share (of 1) of those hours whose truth is outside the band; null if there are no bands",
        "lacking": "how many of those predictions did without a feature",
    },
)


alarms = sa.Table(
    "alarms",
    metadata,
    sa.Column("project", sa.String(63), primary_key=True, comment="whose model raised it"),
    sa.Column("parameter", sa.String(63), primary_key=True, comment="what is predicted"),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False, comment="the version of the model"),
    sa.Column("since", sa.Date, primary_key=True, comment="the first day (UTC) of this version that was watched"),
    sa.Column("kind", sa.String(8), primary_key=True, comment="error, or bands"),
    sa.Column("location", sa.BigInteger, primary_key=True, autoincrement=False, comment="where; 0: all together"),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False, comment="the how-manieth of these, from 1"),
    sa.Column("day", sa.Date, nullable=False, comment="the day (UTC) on which it was raised"),
    sa.Column("cause", sa.String(8), nullable=False, comment="data, world or unclear"),
    sa.Column("words", sa.Text, nullable=False, comment="what was seen, and why it is taken for that"),
    sa.Column("raised_at", Utc, nullable=False, comment="when it was written down"),
    sa.Column("training", sa.String(253), comment="the workflow that it started; null if none"),
    sa.Column("outcome", sa.Text, comment="how that ended, or why none was started"),
    sa.Column("as_of", Utc, comment="up to when was looked, and up to when that training learns; null if unknown"),
    sa.Column("told_at", Utc, comment="when a webhook took it; null if none was told"),
    comment="When the live model was found to do worse than it was promoted for, why, and what came of it.",
)


@dataclass(frozen=True)
class Alarm:
    """A row of `alarms`, as it is raised."""

    version: int
    since: date
    kind: str
    location: int
    number: int
    day: date
    cause: str
    words: str


@dataclass(frozen=True)
class Raised(Alarm):
    """The same with what came of it."""

    training: str | None
    outcome: str | None
    as_of: datetime | None


def last_of_another(
    connection: sa.Connection, project: str, parameter: str, versions: Collection[int]
) -> datetime | None:
    """The last hour for which a version that is none of these predicted as the champion."""
    c = schema.predictions.c
    query = sa.select(sa.func.max(c.target_at)).where(c.project == project, c.parameter == parameter)
    another = c.role == "champion", c.version.not_in(versions)
    found: datetime | None = connection.execute(query.where(*another)).scalar_one()
    return found


def days(
    connection: sa.Connection,
    project: str,
    parameter: str,
    locations: Sequence[int],
    until: datetime,
    *,
    after: datetime | None = None,
) -> "pd.DataFrame":
    """The rows of `live_skill` of these locations whose day had ended at `until`, in order of day and location; from
    the day of `after` on."""
    import pandas as pd  # noqa: PLC0415 - half a second, for which who only asks for alarms has no use

    c = live_skill.c
    wanted = (c.location, c.version, c.day, c.hours, c.error, c.persistence, c.bias, c.outside, c.lacking)
    mine = c.project == project, c.parameter == parameter, c.location.in_(list(locations))
    query = sa.select(*wanted).where(*mine)
    if after is not None:
        query = query.where(c.day >= after.date() - timedelta(days=1))
    names = [column.name for column in wanted]
    rows = connection.execute(query.order_by(c.day, c.location)).fetchall()
    found = pd.DataFrame(rows, columns=names).astype(dict.fromkeys(_FLOATS, "float64"))
    ended = pd.to_datetime(found["day"], utc=True)
    return found.assign(day=ended)[ended + pd.Timedelta(days=1) <= until].reset_index(drop=True)


def measured(
    connection: sa.Connection,
    project: str,
    parameter: str,
    locations: Sequence[int],
    *,
    first: datetime,
    last: datetime,
) -> "pd.DataFrame":
    """What was measured at locations after `first` up to `last`: location, time (the hour's end, UTC) and value."""
    import pandas as pd  # noqa: PLC0415 - likewise

    c = schema.measurements.c
    query = (
        sa.select(c.location, c.time, c.value)
        .where(c.project == project, c.parameter == parameter, c.location.in_(list(locations)))
        .where(c.time > first, c.time <= last)
        .order_by(c.location, c.time)
    )
    found = pd.DataFrame(connection.execute(query).fetchall(), columns=["location", "time", "value"])
    return found.assign(time=pd.to_datetime(found["time"], utc=True))


def raised(connection: sa.Connection, project: str, parameter: str) -> list[Raised]:
    """All alarms, in order of their days."""
    return _raised(connection, project, parameter)


def untold(connection: sa.Connection, project: str, parameter: str, since: datetime) -> list[Raised]:
    """Those raised since then that no webhook took yet."""
    return _raised(connection, project, parameter, alarms.c.told_at.is_(None), alarms.c.raised_at >= since)


def _raised(connection: sa.Connection, project: str, parameter: str, *more: sa.ColumnElement[bool]) -> list[Raised]:
    c = alarms.c
    names = list(Raised.__dataclass_fields__)
    query = sa.select(*(c[name] for name in names)).where(c.project == project, c.parameter == parameter, *more)
    return [Raised(*row) for row in connection.execute(query.order_by(c.day, c.kind, c.location, c.number))]


def raise_alarm(connection: sa.Connection, project: str, parameter: str, alarm: Alarm, at: datetime) -> None:
    """Write down an alarm that is not there yet."""
    row: dict[str, Any] = {"project": project, "parameter": parameter, "raised_at": at, **asdict(alarm)}
    connection.execute(sa.insert(alarms), row)


def made_of(
    connection: sa.Connection, project: str, parameter: str, alarm: Alarm, **told: str | datetime | None
) -> None:
    """Write down the `training` that an alarm started and its `as_of`, or its `outcome`."""
    connection.execute(sa.update(alarms).where(*_same(project, parameter, alarm)).values(**told))


def told(connection: sa.Connection, project: str, parameter: str, alarm: Alarm, at: datetime) -> None:
    """Write down that a webhook took it."""
    connection.execute(sa.update(alarms).where(*_same(project, parameter, alarm)).values(told_at=at))


def _same(project: str, parameter: str, alarm: Alarm) -> list[sa.ColumnElement[bool]]:
    key = {"project": project, "parameter": parameter, "version": alarm.version, "since": alarm.since}
    key |= {"kind": alarm.kind, "location": alarm.location, "number": alarm.number}
    return [alarms.c[name] == value for name, value in key.items()]
