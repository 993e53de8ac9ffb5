"""How two models do on the same hours: the champion beside a challenger on trial, or beside the former champion."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from steps.backends import sql
from steps.backends.database import View
from steps.backends.warehouse import schema

if TYPE_CHECKING:
    import pandas as pd

_OWN, _OTHER = schema.predictions.alias("own"), schema.predictions.alias("other")


def _trial_skill(*conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """The rows of the view; `conditions` on _OTHER and _OWN, since a database does not look into a view's groups."""
    found, places = schema.measurements, ("project", "location", "parameter")
    same_hour = sa.and_(*(_OWN.c[name] == _OTHER.c[name] for name in (*places, "target_at")))
    truth = sa.and_(*(found.c[name] == _OTHER.c[name] for name in places), found.c.time == _OTHER.c.target_at)
    keys = [
        *(_OTHER.c[name] for name in ("project", "parameter", "location")),
        _OTHER.c.role,
        _OTHER.c.version,
        _OWN.c.version.label("champion"),
        sql.day_of(_OTHER.c.target_at).label("day"),
    ]
    columns = (
        sa.func.count().label("hours"),
        sa.func.avg(sa.func.abs(_OWN.c.value - found.c.value)).label("champion_error"),
        sa.func.avg(sa.func.abs(_OTHER.c.value - found.c.value)).label("error"),
    )
    joined = _OTHER.join(_OWN, same_hour).join(found, truth)
    roles = _OWN.c.role == "champion", schema.beside_champion(_OTHER.c.role)
    return sa.select(*keys, *columns).select_from(joined).where(*roles, *conditions).group_by(*keys)


trial_skill = View(
    "trial_skill",
    "The error of a challenger on trial, or of the former champion, and the champion's on the same hours, by day.",
    _trial_skill(),
    {
        "project": "whose models they are",
        "parameter": "what is predicted",
        "location": "OpenAQ's id of the location",
        "role": "what the other model was: challenger, or former",
        "version": "the other model's version",
        "champion": "the champion's version",
        "day": "the day (UTC) of the hours that were predicted",
        "hours": "how many both predicted and have a measurement; a day with none has no row",
        "champion_error": "the champion's mean absolute error, in the parameter's unit",
        "error": "the other model's, in the parameter's unit",
    },
)


def days(
    connection: sa.Connection,
    project: str,
    parameter: str,
    locations: Sequence[int],
    until: datetime,
    *,
    role: str,
    versions: Sequence[int],
    champion: int | None = None,
) -> "pd.DataFrame":
    """The days of these versions in that role that had ended at `until`, in order: location, day, hours, own (the
    champion's error) and other (theirs). `champion`: only beside this version."""
    c = _OTHER.c
    mine = [c.project == project, c.parameter == parameter, c.location.in_(list(locations))]
    mine += [c.role == role, c.version.in_(list(versions))]
    mine += [_OWN.c.version == champion] if champion is not None else []
    told = _trial_skill(*mine).subquery().c
    wanted = told.location, told.day, told.hours, told.champion_error, told.error
    rows = connection.execute(sa.select(*wanted).order_by(told.day, told.location)).fetchall()
    import pandas as pd  # noqa: PLC0415 - half a second, for which who only asks for alarms has no use

    found = pd.DataFrame(rows, columns=["location", "day", "hours", "own", "other"])
    found = found.astype({"own": "float64", "other": "float64"})
    ended = pd.to_datetime(found["day"], utc=True)
    return found.assign(day=ended)[ended + pd.Timedelta(days=1) <= until].reset_index(drop=True)
