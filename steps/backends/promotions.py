"""Promotions: one numbered decision for one judged dataset or rollback, and what became of it.

Its kind is *train* (a challenger was judged), *refresh* (it was judged too, but the live model's own recipe, fitted
again, is what was released), *rollback*, or *takeover* (a challenger takes over after its trial; see `challengers`).

Contract. A decision's number comes from the database and is never used again; a dataset is decided once, so a second
run of `decide` reads the first one's answer. A decision is *reserved* (its number is known, nothing else), then
*settled* (promoted or not, with the model it names), then perhaps *admitted* (the fence: never after a higher one),
*verified* (the server gives its model's answers; the alias is about to move) and *live* (the alias has moved). At most
one decision of a project is live; the others say in `ended` why they are not. `run` and `by` name the workflow that
decided and what or who started it.

Why a table and not the model registry: the registry has neither transactions nor numbers in order. Still, it is the
alias that says which version is live (`tracking.alias`). A decision that is verified but not live means that a crash
came between the two; both `verify` and `follow` take it the rest of the way.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NotRequired, TypedDict, Unpack

import sqlalchemy as sa

from steps.backends.columns import Utc
from steps.backends.database import metadata
from steps.errors import BadInput, CheckFailed, StepError

promotions = sa.Table(
    "promotions",
    metadata,
    sa.Column("project", sa.String(63), primary_key=True),
    sa.Column("decision", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("fingerprint", sa.String(64)),  # of the dataset; a rollback has none
    sa.Column("restores", sa.Integer),  # the decision that a rollback goes back to, or whose challenger takes over
    sa.Column("replaces", sa.Integer),  # the decision that was live then
    sa.Column("parameter", sa.String(63), nullable=False),
    sa.Column("promoted", sa.Boolean),  # null until settled
    sa.Column("words", sa.Text),
    sa.Column("scores", sa.JSON),
    sa.Column("recipe", sa.JSON),
    sa.Column("afterwards", sa.JSON),  # of the model that was live: how it did on what came after it was fitted
    sa.Column("sequence", sa.Integer),  # of the history that a table's dataset is; null for a series
    sa.Column("data_until", Utc),  # the last hour of a series' dataset; null for a table
    sa.Column("version", sa.Integer),
    sa.Column("model_uri", sa.Text),
    sa.Column("digest", sa.String(64)),
    sa.Column("made_at", Utc, nullable=False),
    sa.Column("admitted_at", Utc),
    sa.Column("verified_at", Utc),
    sa.Column("live_at", Utc),
    sa.Column("url", sa.Text),
    sa.Column("ended", sa.Text),
    sa.Column("run", sa.String(253)),  # the workflow that settled it
    sa.Column("by", sa.Text),  # what or who started that workflow
    sa.UniqueConstraint("project", "fingerprint"),
)

DRIFT = "drift ("  # how `by` begins where an alarm started the training
_FITTED = promotions.c.kind.in_(("train", "refresh"))
_LIVE = promotions.c.live_at.is_not(None), promotions.c.ended.is_(None)


@dataclass(frozen=True)
class Promotion:
    """One decision; the columns of the table. Times in UTC."""

    project: str
    decision: int
    kind: Literal["train", "refresh", "rollback", "takeover"]
    fingerprint: str | None
    restores: int | None
    replaces: int | None
    parameter: str
    promoted: bool | None
    words: str | None
    scores: list[dict[str, Any]] | None
    recipe: dict[str, Any] | None
    afterwards: dict[str, Any] | None
    sequence: int | None
    data_until: datetime | None
    version: int | None
    model_uri: str | None
    digest: str | None
    made_at: datetime
    admitted_at: datetime | None
    verified_at: datetime | None
    live_at: datetime | None
    url: str | None
    ended: str | None
    run: str | None
    by: str | None

    @property
    def fitted(self) -> bool:
        """Whether a training made its model, and not an earlier decision."""
        return self.kind in ("train", "refresh")


@dataclass(frozen=True)
class Champion:
    """The model that is live: where its files are, their digest, the recipe that made it."""

    decision: int
    version: int
    model_uri: str
    digest: str
    recipe: dict[str, Any]
    parameter: str
    url: str | None


def champion(connection: sa.Connection, project: str) -> Champion | None:
    """The live model of the project, or None if nothing is live."""
    live = _first(connection, project, *_LIVE)
    if live is None or live.version is None or live.model_uri is None or live.digest is None:
        return None
    return Champion(
        decision=live.decision,
        version=live.version,
        model_uri=live.model_uri,
        digest=live.digest,
        recipe=live.recipe or {},
        parameter=live.parameter,
        url=live.url,
    )


def projects(connection: sa.Connection) -> list[str]:
    """The projects of which a model is live, by name."""
    return sorted(connection.execute(sa.select(promotions.c.project).distinct().where(*_LIVE)).scalars())


def live(connection: sa.Connection, project: str) -> Promotion:
    """The decision that is live.

    Raises:
        CheckFailed: none is.
    """
    found = _first(connection, project, *_LIVE)
    if found is None:
        raise CheckFailed(f"no model of {project} is live")
    return found


def pins(model: Champion | Promotion, dataset: str | None) -> dict[str, str]:
    """The values by which a deployment names `model`, which was made of `dataset` (its fingerprint; None: unknown)."""
    return {
        "parameter": model.parameter,
        "uri": str(model.model_uri),
        "version": str(model.version),
        "digest": str(model.digest),
        "decision": str(model.decision),
        "dataset": dataset or "",
    }


def find(connection: sa.Connection, project: str, fingerprint: str) -> Promotion | None:
    """The decision on that dataset, settled or only reserved; None if there is none."""
    return _first(connection, project, promotions.c.fingerprint == fingerprint)


def get(connection: sa.Connection, project: str, decision: int) -> Promotion:
    """That decision, locked until the transaction ends.

    Raises:
        BadInput: there is no decision of that number.
    """
    found = _first(connection, project, promotions.c.decision == decision, lock=True)
    if found is None:
        raise BadInput(f"project {project} has no decision {decision}; see the table promotions")
    return found


def newest(connection: sa.Connection, project: str) -> Promotion | None:
    """The decision with the highest number, settled or not."""
    return _first(connection, project)


def listed(connection: sa.Connection, project: str) -> list[Promotion]:
    """All decisions of the project, the newest first."""
    query = sa.select(promotions).where(promotions.c.project == project).order_by(promotions.c.decision.desc())
    return [Promotion(**row) for row in connection.execute(query).mappings()]


def made(connection: sa.Connection, project: str, version: int | None) -> Promotion | None:
    """The decision that made a version; None if there is no such version."""
    return _first(connection, project, _FITTED, promotions.c.version == version)


def watched_as(connection: sa.Connection, project: str) -> dict[int, int]:
    """Of each version that was ever live the version as which it is watched: of a scheduled refit the one that it goes
    on with, else itself. What an alarm's training has made is the answer to that alarm, and begins anew."""
    found: dict[int, int] = {}
    c, before = promotions.c, None
    was_live = c.project == project, c.live_at.is_not(None), c.version.is_not(None)
    query = sa.select(c.version, c.kind, c.by).where(*was_live)
    for version, kind, by in connection.execute(query.order_by(c.live_at, c.decision)):
        goes_on = kind == "refresh" and not (by or "").startswith(DRIFT)
        before = found.setdefault(version, before if goes_on and before is not None else version)
    return found


def dataset(connection: sa.Connection, project: str, version: int | None) -> str | None:
    """The fingerprint of the dataset that the version was made of; None if there is no such version."""
    found = made(connection, project, version)
    return None if found is None else found.fingerprint


def of_run(connection: sa.Connection, project: str, run: str) -> Promotion | None:
    """The decision that a workflow settled, if it did."""
    return _first(connection, project, promotions.c.run == run, promotions.c.promoted.is_not(None))


def set_aside(connection: sa.Connection, project: str) -> Promotion | None:
    """The decision that was rolled back to get to the live one; None if nothing was rolled back."""
    live = _first(connection, project, *_LIVE)
    if live is None or live.kind != "rollback" or live.replaces is None:
        return None
    return get(connection, project, live.replaces)


def former(connection: sa.Connection, project: str) -> Promotion | None:
    """The decision that was live with another version before the live one; None if there is none, or if the live one
    was put back by a rollback and so has proved itself before."""
    live = _first(connection, project, *_LIVE)
    if live is None or live.kind == "rollback":
        return None
    found = _last_before(connection, project, live.decision, live.version)
    return found if found is not None and found.parameter == live.parameter else None


def newest_admitted(connection: sa.Connection, project: str) -> Promotion | None:
    """The highest decision that passed the fence: the one whose model the server has or is about to have."""
    return _first(connection, project, promotions.c.admitted_at.is_not(None))


def newest_sequence(connection: sa.Connection, project: str) -> int:
    """The newest state of the history that a settled decision is about; 0 if there is none."""
    highest = sa.select(sa.func.coalesce(sa.func.max(promotions.c.sequence), 0))
    return int(connection.execute(highest.where(promotions.c.project == project)).scalar_one())


def newer_since(
    connection: sa.Connection, project: str, parameter: str, until: datetime, since: datetime
) -> Promotion | None:
    """The newest decision made since `since` on a series of `parameter` that ends later than `until`."""
    settled = promotions.c.promoted.is_not(None), promotions.c.parameter == parameter
    return _first(connection, project, *settled, promotions.c.data_until > until, promotions.c.made_at >= since)


def looks(connection: sa.Connection, project: str) -> int:
    """How many trainings have been settled, each of which looked at the holdout once."""
    settled = _FITTED, promotions.c.promoted.is_not(None)
    count = sa.select(sa.func.count()).where(promotions.c.project == project, *settled)
    return int(connection.execute(count).scalar_one())


def reserve(connection: sa.Connection, project: str, fingerprint: str, parameter: str) -> Promotion:
    """The decision on that dataset: the existing one, or a new one, numbered but not settled."""
    found = find(connection, project, fingerprint)
    return found or _insert(connection, project, kind="train", fingerprint=fingerprint, parameter=parameter)


class Outcome(TypedDict):
    """What was decided: columns of the table."""

    kind: NotRequired[Literal["train", "refresh"]]
    promoted: bool
    words: str
    scores: list[dict[str, Any]]
    recipe: dict[str, Any]
    afterwards: NotRequired[dict[str, Any] | None]
    sequence: NotRequired[int | None]
    data_until: NotRequired[datetime | None]
    version: NotRequired[int | None]
    model_uri: NotRequired[str | None]
    digest: NotRequired[str | None]
    run: NotRequired[str | None]
    by: NotRequired[str | None]


def settle(connection: sa.Connection, project: str, decision: int, **outcome: Unpack[Outcome]) -> None:
    """Record what was decided, in the transaction that began with `get`. Final: these columns never change again."""
    _update(connection, project, decision, **outcome)


def admit(connection: sa.Connection, project: str, decision: int) -> bool:
    """The fence: False if a higher decision has passed; otherwise this one has, and may be deployed.

    Passing again is allowed, so that a deployment that failed can be tried again.

    Raises:
        BadInput: there is no such decision, or it promoted nothing.
    """
    wanted = get(connection, project, decision)
    if not wanted.promoted:
        raise BadInput(f"decision {decision} of {project} promoted no model, so there is none to deploy")
    highest = newest_admitted(connection, project)
    if highest is not None and highest.decision > decision:
        return False
    _update(connection, project, decision, admitted_at=datetime.now(UTC), ended=None)
    return True


def verified(connection: sa.Connection, project: str, decision: int, url: str) -> None:
    """The server at `url` gives this decision's answers. Next the alias moves, then `go_live` follows."""
    get(connection, project, decision)
    _update(connection, project, decision, verified_at=datetime.now(UTC), url=url, ended=None)


def go_live(connection: sa.Connection, project: str, decision: int) -> None:
    """The alias names this decision's version: it is live, and what was live before it is not."""
    wanted = get(connection, project, decision)
    ended = f"rolled back by {decision}" if wanted.kind == "rollback" else f"superseded by {decision}"
    before = promotions.c.project == project, *_LIVE
    connection.execute(sa.update(promotions).where(*before, promotions.c.decision != decision).values(ended=ended))
    if wanted.live_at is None or wanted.ended is not None:
        _update(connection, project, decision, live_at=datetime.now(UTC), ended=None)


def end(connection: sa.Connection, project: str, decision: int, why: str) -> None:
    """This decision must not be served, or no longer; `why` in a few words."""
    get(connection, project, decision)
    _update(connection, project, decision, ended=why)


def roll_back(
    connection: sa.Connection,
    project: str,
    *,
    to: int | None = None,
    why: str = "",
    run: str | None = None,
    by: str | None = None,
) -> Promotion:
    """Make a new decision for the version `to`, or for None the one that was live before the present one.

    So rolling back twice returns to where you were, like `cd -`. A rollback that never went live (its run was killed)
    is reused instead of getting a new number.

    Raises:
        CheckFailed: nothing is live, nothing else ever was, `to` is live already or was never verified.
    """
    present = champion(connection, project)
    if present is None:
        raise CheckFailed(f"no model of {project} is live, so there is nothing to roll back from")
    earlier = _before(connection, project, present) if to is None else _verified(connection, project, present, to)
    words = f"Rolled back from version {present.version} to version {earlier.version}" + (f": {why}" if why else ".")
    last = newest(connection, project)
    if last and last.restores == earlier.decision and last.live_at is None and last.ended is None:
        _update(connection, project, last.decision, words=words, run=run, by=by)
        return get(connection, project, last.decision)
    return _again(connection, earlier, present, kind="rollback", words=words, run=run, by=by)


def take_over(connection: sa.Connection, challenger: Promotion, *, why: str, run: str | None, by: str) -> Promotion:
    """Make a new decision for the version that `challenger` promoted and that was on trial since.

    Raises:
        CheckFailed: nothing is live.
    """
    present = champion(connection, challenger.project)
    if present is None:
        raise CheckFailed(f"no model of {challenger.project} is live, so none is to be taken over from")
    words = f"Took over from version {present.version}: {why}"
    return _again(connection, challenger, present, kind="takeover", words=words, run=run, by=by)


def _again(
    connection: sa.Connection, earlier: Promotion, present: Champion, *, kind: str, words: str, **told: str | None
) -> Promotion:
    """A new decision of that kind for the model of an earlier one."""
    project = earlier.project
    parts = {"restores": earlier.decision, "replaces": present.decision, "parameter": earlier.parameter}
    reserved = _insert(connection, project, kind=kind, **parts)
    settle(
        connection,
        project,
        reserved.decision,
        promoted=True,
        words=words,
        scores=earlier.scores or [],
        recipe=earlier.recipe or {},
        version=earlier.version,
        model_uri=earlier.model_uri,
        digest=earlier.digest,
        run=told["run"],
        by=told["by"],
    )
    return get(connection, project, reserved.decision)


def _before(connection: sa.Connection, project: str, present: Champion) -> Promotion:
    """The newest decision before the present one that was live with another version."""
    found = _last_before(connection, project, present.decision, present.version)
    if found is None:
        raise CheckFailed(f"version {present.version} is the only one of {project} that was ever live; it stays")
    return found


def _last_before(connection: sa.Connection, project: str, decision: int, version: int | None) -> Promotion | None:
    older = promotions.c.decision < decision, promotions.c.version != version
    return _first(connection, project, promotions.c.live_at.is_not(None), *older)


def _verified(connection: sa.Connection, project: str, present: Champion, version: int) -> Promotion:
    """The newest verified decision for that version."""
    if version == present.version:
        raise CheckFailed(f"version {version} of {project} is live already; it stays")
    served = promotions.c.verified_at.is_not(None)
    found = _first(connection, project, served, promotions.c.version == version)
    if found is None:
        there = sa.select(promotions.c.version).distinct().where(promotions.c.project == project, served)
        known = ", ".join(str(each) for each in sorted(connection.execute(there).scalars()))
        raise CheckFailed(f"version {version} of {project} was never live; these were: {known}")
    return found


def _first(
    connection: sa.Connection, project: str, *conditions: sa.ColumnElement[bool], lock: bool = False
) -> Promotion | None:
    """The highest decision of the project that meets the conditions."""
    query = sa.select(promotions).where(promotions.c.project == project, *conditions)
    query = query.order_by(promotions.c.decision.desc()).limit(1)
    row = connection.execute(query.with_for_update() if lock else query).mappings().first()
    return None if row is None else Promotion(**row)


def _insert(connection: sa.Connection, project: str, **columns: Any) -> Promotion:
    highest = sa.select(sa.func.coalesce(sa.func.max(promotions.c.decision), 0)).where(promotions.c.project == project)
    decision = connection.execute(highest).scalar_one() + 1
    row = {"project": project, "decision": decision, "made_at": datetime.now(UTC), **columns}
    try:
        connection.execute(sa.insert(promotions), row)
    except sa.exc.IntegrityError as error:
        raise StepError(f"another decision of {project} was numbered {decision} at this moment; try again") from error
    return get(connection, project, decision)


def _update(connection: sa.Connection, project: str, decision: int, **columns: Any) -> None:
    where = promotions.c.project == project, promotions.c.decision == decision
    connection.execute(sa.update(promotions).where(*where).values(**columns))
