"""Challengers on trial: what the gate promoted where a project's release is not direct. A row for each decision.

Contract. A trial is *admitted* (the server is to have the challenger beside the champion, as its deployment says), then
*begun* (the server was asked: `since`), then *ended*: it has taken over, was withdrawn, or was replaced by a newer
challenger; `words` say why. At most one of a project has not ended; a decision is on trial once. One that has the same
recipe as the challenger that it replaces goes on with that one's trial: `first` is the decision it began with, and what
was predicted by any of them counts. The last four columns are what the monitor saw when it looked last.

A challenger takes over by a new decision (`promotions.take_over`), as a rollback does; so a late older decision cannot
undo it, and it cannot undo a later one. MLflow's alias `challenger` follows this table and decides nothing.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import sqlalchemy as sa

from steps.backends import promotions
from steps.backends.columns import Utc
from steps.backends.database import metadata
from steps.backends.promotions import Promotion
from steps.errors import StepError

Outcome = Literal["taken over", "withdrawn", "replaced"]
REMEMBERED: Final = timedelta(days=90)

challengers = sa.Table(
    "challengers",
    metadata,
    sa.Column("project", sa.String(63), primary_key=True),
    sa.Column("decision", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("first", sa.Integer, nullable=False),
    sa.Column("how", sa.String(8), nullable=False),
    sa.Column("share", sa.Float, nullable=False),  # of the requests, that a canary answers
    sa.Column("days", sa.Integer, nullable=False),  # with outcomes, after which the trial is over
    sa.Column("admitted_at", Utc, nullable=False),
    sa.Column("since", Utc),
    sa.Column("ended_at", Utc),
    sa.Column("outcome", sa.String(16)),
    sa.Column("words", sa.Text),
    sa.Column("run", sa.String(253)),  # the workflow that ended it
    sa.Column("counted", sa.Integer),  # the days that could be compared
    sa.Column("better", sa.Float),  # the evidence that it is better than the champion
    sa.Column("worse", sa.Float),  # that it is worse
    sa.Column("gain", sa.Float),  # how much smaller its error was, as a share (of 1) of the champion's
)
_OPEN = challengers.c.ended_at.is_(None)
sa.Index("one_challenger_on_trial", challengers.c.project, unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN)


@dataclass(frozen=True)
class Trial:
    """A row, and the decision that promoted the challenger. Times in UTC."""

    model: Promotion
    first: int
    how: Literal["shadow", "canary"]
    share: float
    days: int
    admitted_at: datetime
    since: datetime | None
    ended_at: datetime | None
    outcome: Outcome | None
    words: str | None
    run: str | None
    counted: int | None
    better: float | None
    worse: float | None
    gain: float | None

    @property
    def version(self) -> int:
        """The challenger's version."""
        return int(self.model.version or 0)


def due(release: str, kind: str, parameter: str, version: int | None, live: promotions.Champion | None) -> bool:
    """Whether a promoted version is to be on trial first: a new recipe for what the live model predicts. A refresh is
    the champion's own recipe and goes on in its place."""
    fresh = live is not None and live.parameter == parameter and live.version != version
    return release != "direct" and kind == "train" and fresh


def admit(connection: sa.Connection, wanted: Promotion, *, how: str, share: float, days: int) -> bool:
    """The fence: the promoted decision is on trial now, in the place of an older one. False if it was before and the
    trial has ended, or if a later decision has been admitted to deployment or trial.

    Raises:
        StepError: another process put a challenger on trial at this moment. Worth a retry.
    """
    known = get(connection, wanted.project, wanted.decision)
    if known is not None:
        return known.ended_at is None
    admitted, newest = promotions.newest_admitted(connection, wanted.project), last(connection, wanted.project)
    highest = max(admitted.decision if admitted else 0, newest.model.decision if newest else 0)
    if highest > wanted.decision:
        return False
    before, first = on_trial(connection, wanted.project), wanted.decision
    if before is not None:
        first = before.first if before.model.recipe == wanted.recipe else first
        end(connection, before, "replaced", f"version {wanted.version} is on trial in its place")
    row = {"project": wanted.project, "decision": wanted.decision, "first": first}
    row |= {"how": how, "share": share, "days": days, "admitted_at": datetime.now(UTC)}
    try:
        connection.execute(sa.insert(challengers), row)
    except sa.exc.IntegrityError as error:
        raise StepError(f"another challenger of {wanted.project} began a trial at this moment; try again") from error
    return True


def begun(connection: sa.Connection, trial: Trial) -> None:
    """The server has the challenger beside the champion."""
    _update(connection, trial, since=sa.func.coalesce(challengers.c.since, datetime.now(UTC)))


def looked(
    connection: sa.Connection, trial: Trial, *, counted: int, better: float, worse: float, gain: float | None
) -> None:
    """Write down how the evidence stands."""
    _update(connection, trial, counted=counted, better=better, worse=worse, gain=gain)


def widen(connection: sa.Connection, trial: Trial, share: float) -> None:
    """The canary answers that share of the requests, unless it answers more."""
    _update(connection, trial, challengers.c.share < share, share=share)


def end(connection: sa.Connection, trial: Trial, outcome: Outcome, why: str, run: str | None = None) -> None:
    """The trial is over; nothing changes if it was before."""
    told = {"ended_at": datetime.now(UTC), "outcome": outcome, "words": why, "run": run}
    if _update(connection, trial, challengers.c.ended_at.is_(None), **told):
        promotions.end(connection, trial.model.project, trial.model.decision, f"{outcome}: {why}")


def withdraw(connection: sa.Connection, project: str, why: str) -> None:
    """End the trial that is under way, if one is."""
    if trial := on_trial(connection, project):
        end(connection, trial, "withdrawn", why)


def on_trial(connection: sa.Connection, project: str) -> Trial | None:
    """The trial that has not ended, begun or only admitted."""
    return _first(connection, project, _OPEN)


def turned_down(connection: sa.Connection, project: str) -> Trial | None:
    """The last trial, if its challenger was withdrawn on what it did, at most 90 days ago, and no other recipe has gone
    live since: its recipe would only be withdrawn again."""
    trial = last(connection, project)
    if trial is None or trial.outcome != "withdrawn" or trial.run is None or trial.ended_at is None:
        return None
    made = promotions.promotions.c
    others = made.project == project, made.kind != "refresh", made.live_at > trial.ended_at
    newer = connection.execute(sa.select(made.decision).where(*others).limit(1)).first()
    return None if newer or datetime.now(UTC) - trial.ended_at > REMEMBERED else trial


def get(connection: sa.Connection, project: str, decision: int) -> Trial | None:
    """The trial of that decision's model; None if it never was on trial."""
    return _first(connection, project, challengers.c.decision == decision)


def last(connection: sa.Connection, project: str) -> Trial | None:
    """The newest decision's trial."""
    return _first(connection, project)


def listed(connection: sa.Connection, project: str) -> dict[int, Trial]:
    """All trials of the project, by decision. Nothing is locked: who may only read may ask."""
    made = {one.decision: one for one in promotions.listed(connection, project)}
    rows = connection.execute(sa.select(challengers).where(challengers.c.project == project)).mappings()
    return {row["decision"]: _trial(row, made[row["decision"]]) for row in rows}


def ended_by(connection: sa.Connection, project: str, run: str) -> Trial | None:
    """The trial that a workflow ended, if it did."""
    return _first(connection, project, challengers.c.run == run)


def versions(connection: sa.Connection, trial: Trial) -> list[int]:
    """The versions whose predictions count in the trial: its own, and those of the same recipe that it replaced."""
    made, c = promotions.promotions.c, challengers.c
    same = sa.and_(made.project == c.project, made.decision == c.decision)
    query = sa.select(made.version).select_from(promotions.promotions.join(challengers, same))
    rows = connection.execute(query.where(c.project == trial.model.project, c.first == trial.first))
    return sorted(int(version) for version in rows.scalars())


def _first(connection: sa.Connection, project: str, *conditions: sa.ColumnElement[bool]) -> Trial | None:
    query = sa.select(challengers).where(challengers.c.project == project, *conditions)
    row = connection.execute(query.order_by(challengers.c.decision.desc()).limit(1)).mappings().first()
    return None if row is None else _trial(row, promotions.get(connection, project, row["decision"]))


def _trial(row: sa.RowMapping, model: Promotion) -> Trial:
    told: dict[str, Any] = {name: value for name, value in row.items() if name not in ("project", "decision")}
    return Trial(model, **told)


def _update(connection: sa.Connection, trial: Trial, *conditions: sa.ColumnElement[bool], **columns: Any) -> bool:
    c = challengers.c
    where = c.project == trial.model.project, c.decision == trial.model.decision, *conditions
    return connection.execute(sa.update(challengers).where(*where).values(**columns)).rowcount > 0
