"""The warehouse's tables and views, each column with its meaning. Analysts and dashboards may rely on them.

Times are UTC; a measurement or a prediction is for the hour that ends then, or of a daily series for the day. The `day`
of a view is the UTC day of the hour, so it has 24 of them: those that end from 01:00 to 24:00. Values are in the
`unit` of the parameter.

What came true is stored once, in `measurements`, and joined by the views: a value that the source patches is corrected
everywhere.
"""

from typing import Any

import sqlalchemy as sa

from steps.backends import sql
from steps.backends.columns import Utc
from steps.backends.database import View, metadata


def _key(name: str, kind: Any, meaning: str, **more: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False, comment=meaning, **more)


measurements = sa.Table(
    "measurements",
    metadata,
    _key("project", sa.String(63), "whose data it is"),
    _key("location", sa.BigInteger, "OpenAQ's id of the location"),
    _key("time", Utc, "the end of the hour"),
    _key("parameter", sa.String(63), "what was measured, such as no2"),
    sa.Column("value", sa.Float, nullable=False, comment="the mean of the hour, in `unit`"),
    sa.Column("unit", sa.String(32), nullable=False, comment="such as µg/m³"),
    sa.Column("day", sa.Date, nullable=False, comment="the day (local) whose file it is from"),
    sa.Column("etag", sa.String(128), nullable=False, comment="the version of that file"),
    comment="What was measured, by hour: the usable values of the accepted version of each location's day.",
    sqlite_with_rowid=False,  # stored once, in the key's order
)

predictions = sa.Table(
    "predictions",
    metadata,
    _key("project", sa.String(63), "whose model made it"),
    _key("location", sa.BigInteger, "OpenAQ's id of the location"),
    _key("parameter", sa.String(63), "what is predicted, such as no2"),
    _key("target_at", Utc, "the end of the hour that it is for"),
    _key("role", sa.String(16), "what that model was: champion, challenger, or former", server_default="champion"),
    _key("version", sa.Integer, "the version of the model"),
    sa.Column("value", sa.Float, nullable=False, comment="the prediction, in the parameter's unit"),
    sa.Column("as_of", Utc, nullable=False, comment="only what was known then went into it"),
    sa.Column("low", sa.Float, comment="the lower end of its band; null if the model has none"),
    sa.Column("high", sa.Float, comment="the upper end of its band; null if the model has none"),
    sa.Column("lacked", sa.Text, comment="the features that the model did without; null if it had all"),
    sa.Index("predictions_hours", "project", "parameter", "target_at", "role", "version"),  # of all locations
    comment="What was predicted, by hour, by the champion and by models beside it; publishing again replaces it.",
)


def beside_champion(role: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether a prediction is another model's than the champion's."""
    return role != sa.literal_column("'champion'")  # a bound value would not be seen to be the index's condition


_BESIDE = beside_champion(predictions.c.role)
sa.Index(
    "predictions_beside",
    *(predictions.c[name] for name in ("project", "parameter", "role", "version", "location", "target_at")),
    sqlite_where=_BESIDE,
    postgresql_where=_BESIDE,
)

runs = sa.Table(
    "runs",
    metadata,
    _key("project", sa.String(63), "whose workflow it is"),
    _key("run", sa.String(253), "the name of the run"),
    sa.Column("workflow", sa.String(63), nullable=False, comment="what ran, such as daily or train"),
    sa.Column("as_of", Utc, comment="its logical time; null if what was given is not a time"),
    sa.Column("started_at", Utc, nullable=False, comment="when the run was created"),
    sa.Column("ended_at", Utc, nullable=False, comment="when its end was recorded"),
    sa.Column("status", sa.String(16), nullable=False, comment="Succeeded, Failed or Error"),
    sa.Column("failed", sa.Text, comment="its failed nodes and what they said, a line each; null if none failed"),
    comment="How each run of a workflow that collects, publishes, learns or rolls back ended.",
)


def _outcomes() -> sa.Select[Any]:
    made, found = predictions.c, measurements.c
    same = sa.and_(
        found.project == made.project,
        found.location == made.location,
        found.time == made.target_at,
        found.parameter == made.parameter,
    )
    names = ("project", "location", "parameter", "target_at")
    more = (made.version, made.as_of, made.low, made.high, made.lacked)
    columns = *(made[name] for name in names), made.value.label("predicted"), found.value.label("observed"), *more
    return sa.select(*columns).select_from(predictions.outerjoin(measurements, same)).where(made.role == "champion")


outcomes = View(
    "outcomes",
    "The champion's predictions beside what came true.",
    _outcomes(),
    {
        "project": "whose model made it",
        "location": "OpenAQ's id of the location",
        "parameter": "what is predicted, such as no2",
        "target_at": "the end of the hour that it is for",
        "predicted": "the prediction, in the parameter's unit",
        "observed": "what was measured for that hour, in that unit; null if nothing usable is known (yet)",
        "version": "the version of the model",
        "as_of": "only what was known then went into it",
        "low": "the lower end of its band; null if the model has none",
        "high": "the upper end of its band; null if the model has none",
        "lacked": "the features that the model did without; null if it had all",
    },
)


def beside_persistence(*, only_both: bool) -> tuple[sa.Join, Any]:
    """The view `outcomes` joined with what was measured 24 hours before, which is persistence's answer; and that
    value. `only_both`: without the outcomes that have none."""
    made, before = outcomes.c, measurements.alias("before")
    earlier = sa.and_(
        before.c.project == made.project,
        before.c.location == made.location,
        before.c.time == sql.hours_before(made.target_at, 24),
        before.c.parameter == made.parameter,
    )
    return outcomes.table.join(before, earlier, isouter=not only_both), before.c.value


def _live_error() -> sa.Select[Any]:
    made = outcomes.c
    joined, before = beside_persistence(only_both=False)
    error, naive = made.predicted - made.observed, before - made.observed
    keys = made.project, made.parameter, made.location, sql.day_of(made.target_at)
    columns = (
        sa.func.count().label("hours"),
        sa.func.sqrt(sa.func.avg(error * error)).label("rmse"),
        sa.func.avg(sa.func.abs(error)).label("mae"),
        sa.func.avg(error).label("bias"),
        sa.func.count(naive).label("persistence_hours"),
        sa.func.sqrt(sa.func.avg(naive * naive)).label("persistence_rmse"),
        sa.func.avg(sa.func.abs(naive)).label("persistence_mae"),
    )
    known = made.observed.is_not(None)
    return sa.select(*keys[:3], keys[3].label("day"), *columns).select_from(joined).where(known).group_by(*keys)


live_error = View(
    "live_error",
    "How far off each day's predictions were, and persistence (the value 24 hours before) would have been.",
    _live_error(),
    {
        "project": "whose model it is",
        "parameter": "what is predicted",
        "location": "OpenAQ's id of the location",
        "day": "the day (UTC) of the hours that were predicted",
        "hours": "how many of them have a prediction and a measurement; a day with none has no row",
        "rmse": "the root of the mean squared error, in the parameter's unit",
        "mae": "the mean absolute error, in the parameter's unit",
        "bias": "the mean of prediction − measurement, in the parameter's unit; above zero: predicted too high",
        "persistence_hours": "how many of those hours have a measurement 24 hours before, too",
        "persistence_rmse": "persistence's root of the mean squared error over those, in the parameter's unit",
        "persistence_mae": "persistence's mean absolute error over those, in the parameter's unit",
    },
)


def _coverage() -> sa.Select[Any]:
    made = outcomes.c
    within = sa.case((made.observed.between(made.low, made.high), 1), else_=0)
    banded = sa.and_(made.observed.is_not(None), made.low.is_not(None), made.high.is_not(None))
    keys = made.project, made.parameter, sql.day_of(made.target_at)
    columns = (
        sa.func.count().label("hours"),
        (sa.cast(sa.func.count(made.observed), sa.Float) / sa.func.count()).label("measured_share"),
        sa.func.sum(sa.case((banded, 1), else_=0)).label("banded_hours"),
        sa.func.avg(sa.cast(sa.case((banded, within)), sa.Float)).label("inside_share"),
        sa.func.avg(made.high - made.low).label("width"),
    )
    return sa.select(*keys[:2], keys[2].label("day"), *columns).group_by(*keys)


coverage = View(
    "coverage",
    "How often the truth was within the band, by day, over all locations; the project declares how often it should be.",
    _coverage(),
    {
        "project": "whose model it is",
        "parameter": "what is predicted",
        "day": "the day (UTC) of the hours that were predicted",
        "hours": "how many predictions there are: hours times locations",
        "measured_share": "the share (of 1) of those whose truth is known",
        "banded_hours": "how many of those have a known truth and a band",
        "inside_share": "the share (of 1) of those whose truth is within the band; null if there are none",
        "width": "the bands' mean width, in the parameter's unit; null if there are none",
    },
)


def _freshness() -> sa.Select[Any]:
    never = sa.cast(sa.null(), sa.DateTime(timezone=True))
    seen, made = measurements.c, predictions.c
    keys = ("project", "location", "parameter")
    both = sa.union_all(
        sa.select(*(seen[key] for key in keys), sa.func.max(seen.time).label("seen"), never.label("made")).group_by(
            *(seen[key] for key in keys)
        ),
        sa.select(*(made[key] for key in keys), never, sa.func.max(made.target_at))
        .where(made.role == "champion")
        .group_by(*(made[key] for key in keys)),
    ).subquery("newest")
    newest = sa.func.max(both.c.seen, type_=Utc), sa.func.max(both.c.made, type_=Utc)
    return sa.select(
        *(both.c[key] for key in keys),
        newest[0].label("newest_measurement"),
        newest[1].label("newest_prediction"),
        sql.hours_ago(newest[0]).label("measurement_hours_ago"),
        sql.hours_ago(newest[1]).label("prediction_hours_ago"),
    ).group_by(*(both.c[key] for key in keys))


freshness = View(
    "freshness",
    "How old the newest measurement and the newest prediction of each location are now.",
    _freshness(),
    {
        "project": "whose data and model it is",
        "location": "OpenAQ's id of the location",
        "parameter": "what is measured or predicted",
        "newest_measurement": "the end of the last hour with a usable measurement; null if there is none",
        "newest_prediction": "the end of the last hour with a prediction; null if there is none",
        "measurement_hours_ago": "hours from then until now, by the database's clock",
        "prediction_hours_ago": "the same for the prediction; below zero while it is ahead of now, as it should be",
    },
)

TABLES = (measurements, predictions, runs)
VIEWS = (outcomes, live_error, coverage, freshness)
