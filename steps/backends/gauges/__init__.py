"""What the product tells Prometheus of itself, read from the database when it is asked.

| metric | labels | what |
|---|---|---|
| pipeline_database_up | | 1 if the database answered, 0 if not; then the others are missing |
| pipeline_live_model_info | project, parameter, version, decision | 1 for each model that is live |
| pipeline_live_since_timestamp_seconds | project | when it went live |
| pipeline_decision_timestamp_seconds | project | when the newest decision was made |
| pipeline_run_end_timestamp_seconds | project, workflow, status | when the newest run that ended so did; a training is the workflow train |
| pipeline_trainings | project, state | states of the data by what became of their training: offered, claimed, done, superseded |
| pipeline_detector_evidence_ratio | project, parameter, kind, location | the evidence that the live model has become worse, as a share of what an alarm takes; location 0: all together |
| pipeline_outcome_timestamp_seconds | project, parameter | the end of the last day of which predictions were compared with what came true |
| pipeline_alarms | project, cause | alarms that the live version has raised |
| pipeline_alarm_timestamp_seconds | project, cause | the day of the newest alarm of any version |
| pipeline_measurement_timestamp_seconds | project, location | the newest hour that was measured and accepted |
| pipeline_quarantined_files | project | dropped files, and days of a location, that lie in quarantine |
| pipeline_quarantined_rows | project | refused rows of dropped files |
| pipeline_open_uploads | project | dropped files that are not decided about |
| pipeline_open_trials | project | challengers that are on trial beside the champion |

All are gauges. Times are seconds since 1970, so that an age is `time() - x`.
"""  # noqa: E501

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa

from steps.backends.catalog import QUARANTINED, location_days
from steps.backends.challengers import challengers
from steps.backends.ledger import OPEN, uploads
from steps.backends.promotions import promotions
from steps.backends.trainings import trainings
from steps.backends.warehouse.detectors import detectors
from steps.backends.warehouse.schema import runs
from steps.backends.warehouse.skill import alarms


@dataclass(frozen=True)
class Gauge:
    """One value of a metric."""

    name: str
    labels: dict[str, str]
    value: float


def read(connection: sa.Connection) -> Iterator[Gauge]:
    """All of them, as they are now."""
    for part in _PARTS:
        yield from part(connection)


def _live(connection: sa.Connection) -> Iterator[Gauge]:
    c = promotions.c
    live = sa.select(c.project, c.parameter, c.version, c.decision, c.live_at).where(
        c.live_at.is_not(None), c.ended.is_(None), c.version.is_not(None)
    )
    for row in connection.execute(live.order_by(c.project)):
        named = {"parameter": row.parameter, "version": str(row.version), "decision": str(row.decision)}
        yield Gauge("pipeline_live_model_info", {"project": row.project, **named}, 1)
        yield Gauge("pipeline_live_since_timestamp_seconds", {"project": row.project}, row.live_at.timestamp())


def _decisions(connection: sa.Connection) -> Iterator[Gauge]:
    c = promotions.c
    query = sa.select(c.project, sa.func.max(c.made_at, type_=c.made_at.type)).where(c.promoted.is_not(None))
    for project, made in connection.execute(query.group_by(c.project)):
        yield Gauge("pipeline_decision_timestamp_seconds", {"project": project}, made.timestamp())


def _runs(connection: sa.Connection) -> Iterator[Gauge]:
    c = runs.c
    keys = c.project, c.workflow, c.status
    query = sa.select(*keys, sa.func.max(c.ended_at, type_=c.ended_at.type)).group_by(*keys)
    for project, workflow, status, ended in connection.execute(query):
        labels = {"project": project, "workflow": workflow, "status": status}
        yield Gauge("pipeline_run_end_timestamp_seconds", labels, ended.timestamp())


def _trainings(connection: sa.Connection) -> Iterator[Gauge]:
    c = trainings.c
    query = sa.select(c.project, c.state, sa.func.count()).group_by(c.project, c.state)
    for project, state, count in connection.execute(query):
        yield Gauge("pipeline_trainings", {"project": project, "state": state}, count)


def _detectors(connection: sa.Connection) -> Iterator[Gauge]:
    newest: dict[tuple[str, str], date] = {}
    for row in connection.execute(sa.select(detectors)):
        key = row.project, row.parameter
        newest[key] = max(row.day, newest.get(key, row.day))
        labels = {"project": row.project, "parameter": row.parameter}
        more = {"kind": row.kind, "location": str(row.location)}
        yield Gauge("pipeline_detector_evidence_ratio", labels | more, row.evidence / row.level)
    for (project, parameter), day in newest.items():
        labels = {"project": project, "parameter": parameter}
        yield Gauge("pipeline_outcome_timestamp_seconds", labels, _midnight(day + timedelta(days=1)))


def _alarms(connection: sa.Connection) -> Iterator[Gauge]:
    c, live = alarms.c, promotions.c
    mine = sa.exists().where(
        live.project == c.project, live.version == c.version, live.live_at.is_not(None), live.ended.is_(None)
    )
    raised = sa.func.sum(sa.case((mine, 1), else_=0))
    query = sa.select(c.project, c.cause, raised, sa.func.max(c.day)).group_by(c.project, c.cause)
    for project, cause, count, day in connection.execute(query):
        labels = {"project": project, "cause": cause}
        yield Gauge("pipeline_alarms", labels, count)
        yield Gauge("pipeline_alarm_timestamp_seconds", labels, _midnight(day))


def _measurements(connection: sa.Connection) -> Iterator[Gauge]:
    c = location_days.c
    newest = sa.func.max(c.last_hour, type_=c.last_hour.type)
    query = sa.select(c.project, c.location, newest).where(c.last_hour.is_not(None)).group_by(c.project, c.location)
    for project, location, hour in connection.execute(query):
        labels = {"project": project, "location": str(location)}
        yield Gauge("pipeline_measurement_timestamp_seconds", labels, hour.timestamp())


def _inputs(connection: sa.Connection) -> Iterator[Gauge]:
    days, dropped = location_days.c, uploads.c

    def counted(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.sum(sa.case((condition, 1), else_=0))

    files: dict[str, int] = {}
    query = sa.select(days.project, counted(days.state == QUARANTINED)).group_by(days.project)
    for project, count in connection.execute(query):
        files[project] = count
    rows = sa.func.sum(dropped.rows_refused)
    columns = counted(dropped.state == QUARANTINED), counted(dropped.state.in_(OPEN)), rows
    for project, count, waiting, refused in connection.execute(
        sa.select(dropped.project, *columns).group_by(dropped.project)
    ):
        files[project] = files.get(project, 0) + count
        yield Gauge("pipeline_quarantined_rows", {"project": project}, refused)
        yield Gauge("pipeline_open_uploads", {"project": project}, waiting)
    for project, count in files.items():
        yield Gauge("pipeline_quarantined_files", {"project": project}, count)


def _midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def _trials(connection: sa.Connection) -> Iterator[Gauge]:
    c = challengers.c
    query = sa.select(c.project, sa.func.count().label("number")).where(c.ended_at.is_(None)).group_by(c.project)
    for row in connection.execute(query):
        yield Gauge("pipeline_open_trials", {"project": row.project}, row.number)


_PARTS: tuple[Callable[[sa.Connection], Iterator[Gauge]], ...] = (
    *(_live, _decisions, _runs, _trainings),
    *(_detectors, _alarms, _measurements, _inputs, _trials),
)
UP = "pipeline_database_up"
"""Whether the rest could be read."""

__all__ = ["UP", "Gauge", "read"]
