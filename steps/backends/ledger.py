"""The ledger: the one place that says who owns an upload, and what became of it.

Contract. An upload is one object at one time: a version of it if the store has versions, else its key with its etag and
its time in whole seconds. Its row is won once, by an insert; a lease on the database's clock, renewed while its owner
lives, lets others take over what a dead owner held. Every change checks the owner again inside its transaction, so a
process that was overtaken can change nothing. The states:

    claimed → done | known | quarantined      decided, in the transaction that appends its rows to the history
    quarantined → released → claimed → …      a person let it back in
    done | known → retracting → retracted     a person takes it back; or, where that cannot be done, what it was before
    missing                                   announced, and gone or replaced before anybody could read it

A decided upload has a `place`, where its content is now, and gets `cleared_at` once the dropped object is gone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa

from steps.backends.caching import digest
from steps.backends.columns import Utc
from steps.backends.database import clock, inserting, metadata

State = Literal["claimed", "done", "known", "quarantined", "released", "missing", "retracting", "retracted"]
ACCEPTED: tuple[State, ...] = ("done", "known")
DECIDED: tuple[State, ...] = (*ACCEPTED, "quarantined", "retracting", "retracted")
OPEN: tuple[State, ...] = ("claimed", "released")
LEASE_SECONDS = 60
_PART = 500  # names in one statement

uploads = sa.Table(
    "uploads",
    metadata,
    sa.Column("upload", sa.String(32), primary_key=True),
    sa.Column("project", sa.String(63), nullable=False),
    sa.Column("bucket", sa.String(63), nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("version_id", sa.Text, nullable=False),
    sa.Column("etag", sa.String(128), nullable=False),
    sa.Column("modified", Utc),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("source", sa.Text, nullable=False),  # the key its content is read from: its own, or one in quarantine
    sa.Column("state", sa.String(11), nullable=False),
    sa.Column("run", sa.String(253), nullable=False),  # that first claimed it: its place is named after it
    sa.Column("holder", sa.String(253), nullable=False),  # the run that holds it, or held it last
    sa.Column("owner", sa.String(32), nullable=False),  # the process of that run
    sa.Column("lease_until", sa.Double, nullable=False),  # seconds since 1970, the database's clock
    sa.Column("claims", sa.Integer, nullable=False),  # how often it was claimed or judged again
    sa.Column("place", sa.Text),
    sa.Column("sequence", sa.Integer),
    sa.Column("rows_new", sa.Integer, nullable=False, default=0),
    sa.Column("rows_known", sa.Integer, nullable=False, default=0),
    sa.Column("rows_refused", sa.Integer, nullable=False, default=0),
    sa.Column("rows_copied", sa.Integer),  # of the new ones, those that are copies up to rounding
    sa.Column("reason", sa.Text),
    sa.Column("who", sa.Text),
    sa.Column("why", sa.Text),
    sa.Column("seen_at", Utc, nullable=False),
    sa.Column("decided_at", Utc),
    sa.Column("cleared_at", Utc),
    sa.Column("retracted_by", sa.Text),
    sa.Column("retracted_why", sa.Text),
    sa.Column("retracted_at", Utc),
    sa.Column("rows_left", sa.Integer),  # that left the history with it
    sa.Column("left_at", sa.Integer),  # the first number of the history that is without it
    sa.Index("uploads_open", "project", "state", "cleared_at"),
    sa.Index("uploads_keys", "project", "key"),
    sa.Index("uploads_places", "project", "place"),
    sa.Index("uploads_holders", "project", "holder"),
    sa.Index("uploads_seen", "project", "seen_at"),
    sa.Index("uploads_seen_last", "seen_at"),  # of all projects
)


@dataclass(frozen=True)
class Object:
    """An object of the inbox as it is now. `version_id`: empty if the store has no versions; `modified`: UTC, whole
    seconds, None if known only from an announcement; `size`: bytes."""

    bucket: str
    key: str
    version_id: str
    etag: str
    modified: datetime | None
    size: int

    @property
    def upload(self) -> str:
        """Its identity. The version called null is replaced by the next put, as in a store without versions."""
        if self.version_id not in {"", "null"}:
            return digest([self.bucket, self.key, self.version_id])
        return digest([self.bucket, self.key, self.etag, int(self.modified.timestamp()) if self.modified else 0])


@dataclass(frozen=True)
class Upload:
    """A row of the ledger; the columns of the table. Times in UTC."""

    upload: str
    project: str
    bucket: str
    key: str
    version_id: str
    etag: str
    modified: datetime | None
    size: int
    source: str
    state: State
    run: str
    holder: str
    owner: str
    lease_until: float
    claims: int
    place: str | None
    sequence: int | None
    rows_new: int
    rows_known: int
    rows_refused: int
    rows_copied: int | None
    reason: str | None
    who: str | None
    why: str | None
    seen_at: datetime
    decided_at: datetime | None
    cleared_at: datetime | None
    retracted_by: str | None
    retracted_why: str | None
    retracted_at: datetime | None
    rows_left: int | None
    left_at: int | None

    @property
    def name(self) -> str:
        """What it is called below the project's `new/`."""
        return self.key.removeprefix(f"{self.project}/new/")


@dataclass(frozen=True)
class Verdict:
    """What was decided about an upload, and where its content is now. `reason`: of a quarantined one."""

    upload: str
    state: Literal["done", "known", "quarantined"]
    place: str
    rows_new: int = 0
    rows_known: int = 0
    rows_refused: int = 0
    rows_copied: int = 0
    reason: str | None = None


class Overtaken(Exception):
    """Some of the uploads now have another owner."""

    def __init__(self, uploads: frozenset[str]) -> None:
        super().__init__(f"{len(uploads)} uploads now have another owner")
        self.uploads = uploads


def claim(connection: sa.Connection, project: str, run: str, owner: str, found: Iterable[Object]) -> list[Upload]:
    """Claim what of `found` is free, and take over what is released, what this run held, and what a dead one holds.
    Returns everything that `owner` now holds, the oldest first.

    `run`: the workflow's name; `owner`: a token of this process alone.
    """
    now = clock(connection)
    rows = [
        {
            "upload": each.upload, "project": project, "bucket": each.bucket, "key": each.key,
            "version_id": each.version_id, "etag": each.etag, "modified": each.modified, "size": each.size,
            "source": each.key, "state": "claimed", "run": run, "holder": run, "owner": owner,
            "lease_until": now + LEASE_SECONDS,
            "claims": 1, "seen_at": datetime.fromtimestamp(now, UTC), "rows_new": 0, "rows_known": 0, "rows_refused": 0,
        }
        for each in found
    ]  # fmt: skip
    if rows:
        insert = inserting(connection)
        connection.execute(insert(uploads).on_conflict_do_nothing(index_elements=["upload"]), rows)
        _clear_again(connection, [str(row["upload"]) for row in rows])
    column = uploads.c
    held = sa.and_(column.state == "claimed", sa.or_(column.lease_until < now, column.holder == run))
    connection.execute(
        sa.update(uploads)
        .where(column.project == project, column.state.in_(OPEN), column.owner != owner)
        .where(sa.or_(held, column.state == "released"))
        .values(state="claimed", holder=run, owner=owner, lease_until=now + LEASE_SECONDS, claims=column.claims + 1)
    )
    return _read(connection, *_held(project, owner), order=(column.modified, column.key, column.upload))


def _clear_again(connection: sa.Connection, listed: Sequence[str]) -> None:
    """Mark those that were decided and cleared and exist again: the same content, dropped again in the same second."""
    column = uploads.c
    decided = column.state.in_(DECIDED), column.cleared_at.is_not(None)
    for part in _parts(listed):
        again = sa.update(uploads).where(column.upload.in_(part), *decided)
        connection.execute(again.values(cleared_at=None, source=column.key))


def _held(project: str, owner: str) -> tuple[sa.ColumnElement[bool], ...]:
    """Where an upload is the owner's; few are claimed at a time, and the index has them by project."""
    return uploads.c.project == project, uploads.c.state == "claimed", uploads.c.owner == owner


def renew(connection: sa.Connection, project: str, owner: str) -> None:
    """The owner is alive: its leases start over."""
    connection.execute(
        sa.update(uploads).where(*_held(project, owner)).values(lease_until=clock(connection) + LEASE_SECONDS)
    )


def again(connection: sa.Connection, project: str, owner: str) -> None:
    """The owner judges its uploads once more, and may already have put them in the wrong place."""
    connection.execute(sa.update(uploads).where(*_held(project, owner)).values(claims=uploads.c.claims + 1))


def decide(
    connection: sa.Connection, project: str, owner: str, verdicts: Sequence[Verdict], sequence: int | None
) -> None:
    """Record what was decided; `sequence`: the number in the history of the new rows.

    Raises:
        Overtaken: some of these no longer belong to the owner; nothing is written.
    """
    now, column = datetime.fromtimestamp(clock(connection), UTC), uploads.c
    mine = sa.select(column.upload).where(*_held(project, owner)).with_for_update()
    lost = {each.upload for each in verdicts} - set(connection.execute(mine).scalars())
    if lost:
        raise Overtaken(frozenset(lost))
    if not verdicts:
        return
    connection.execute(
        sa.update(uploads)
        .where(column.upload == sa.bindparam("_upload"))
        .values({name: sa.bindparam(name) for name in _VERDICT}),
        [
            {
                "_upload": each.upload, "state": each.state, "place": each.place, "reason": each.reason,
                "rows_new": each.rows_new, "rows_known": each.rows_known, "rows_refused": each.rows_refused,
                "rows_copied": each.rows_copied, "sequence": sequence if each.rows_new else None, "decided_at": now,
            }
            for each in verdicts
        ],
    )  # fmt: skip


_VERDICT = (
    *("state", "place", "reason", "rows_new", "rows_known", "rows_refused", "rows_copied", "sequence", "decided_at"),
)


def cleared(connection: sa.Connection, done: Iterable[str]) -> None:
    """The dropped object is deleted; its content is now only at its place."""
    now = datetime.fromtimestamp(clock(connection), UTC)
    for part in _parts(list(done)):
        connection.execute(sa.update(uploads).where(uploads.c.upload.in_(part)).values(cleared_at=now))


def uncleared(connection: sa.Connection, project: str) -> list[Upload]:
    """The decided uploads whose dropped object may still exist."""
    column = uploads.c
    decided = column.state.in_(DECIDED)
    return _read(connection, column.project == project, decided, column.cleared_at.is_(None))


def rows(connection: sa.Connection, wanted: Iterable[str]) -> list[Upload]:
    """The uploads of these identities."""
    return [row for part in _parts(list(wanted)) for row in _read(connection, uploads.c.upload.in_(part))]


def held(connection: sa.Connection, project: str, run: str) -> list[Upload]:
    """The uploads that the run held last, the oldest first."""
    return _read(connection, uploads.c.project == project, uploads.c.holder == run)


def known(connection: sa.Connection, project: str, *keys: str) -> list[Upload]:
    """All uploads ever dropped under one of those keys, the newest first."""
    order = (uploads.c.modified.desc(), uploads.c.seen_at.desc())
    there = [
        _read(connection, uploads.c.project == project, uploads.c.key.in_(part), order=order) for part in _parts(keys)
    ]
    return [row for part in there for row in part]


def named(connection: sa.Connection, project: str, name: str) -> list[Upload]:
    """All uploads ever dropped under that key, that are at that place or have that id, the newest first."""
    order = (uploads.c.modified.desc(), uploads.c.seen_at.desc())
    return _read(connection, _named(project, name), order=order)


def _named(project: str, name: str) -> sa.ColumnElement[bool]:
    """Where an upload has that key, is at that place, or has that id, which no key is. Each is looked up by its own
    index: with `or`, SQLite reads all of the project."""
    column = uploads.c
    names = (
        sa.select(column.upload).where(column.project == project, own == name)
        for own in (column.key, column.place, column.upload)
    )
    return column.upload.in_(sa.union(*names))


def recent(connection: sa.Connection, project: str | None, limit: int) -> list[Upload]:
    """The uploads seen last, the newest first; for None, of all projects."""
    where = () if project is None else (uploads.c.project == project,)
    return _read(connection, *where, order=(uploads.c.seen_at.desc(), uploads.c.key), limit=limit)


def learned(connection: sa.Connection, project: str, upto: int) -> list[Upload]:
    """The uploads that brought the rows of the history up to that number, in its order."""
    column = uploads.c
    there = sa.or_(column.left_at.is_(None), column.left_at > upto)
    where = column.project == project, column.sequence <= upto, column.state.in_(DECIDED), there
    return _read(connection, *where, order=(column.sequence, column.key, column.upload))


def missed(connection: sa.Connection, project: str, run: str, lost: Iterable[Object], reason: str) -> None:
    """Record announced objects that do not exist and are unknown to the ledger."""
    now = clock(connection)
    insert = inserting(connection)
    rows = [
        {
            "upload": digest(["missing", each.bucket, each.key, each.version_id, each.etag]), "project": project,
            "bucket": each.bucket, "key": each.key, "version_id": each.version_id, "etag": each.etag,
            "modified": each.modified, "size": each.size, "source": each.key, "state": "missing", "run": run,
            "holder": run, "owner": "", "claims": 0, "lease_until": 0.0,
            "seen_at": datetime.fromtimestamp(now, UTC), "reason": reason,
            "rows_new": 0, "rows_known": 0, "rows_refused": 0,
        }
        for each in lost
    ]  # fmt: skip
    if rows:
        connection.execute(insert(uploads).on_conflict_do_nothing(index_elements=["upload"]), rows)


def gone(connection: sa.Connection, project: str, owner: str, lost: Iterable[str], reason: str) -> None:
    """Record uploads of the owner that were replaced or removed before they could be read."""
    for part in _parts(list(lost)):
        where = uploads.c.upload.in_(part), *_held(project, owner)
        connection.execute(sa.update(uploads).where(*where).values(state="missing", reason=reason))


def release(connection: sa.Connection, project: str, key: str, *, who: str, why: str) -> Upload | None:
    """Release the newest quarantined upload with that key, or at that place, so that the next run checks it again; None
    if there is none."""
    column = uploads.c
    where = column.state == "quarantined", column.cleared_at.is_not(None)
    found = _read(connection, _named(project, key), *where, order=(column.decided_at.desc(),), limit=1)
    if not found:
        return None
    values = {"state": "released", "source": found[0].place, "cleared_at": None, "who": who, "why": why}
    connection.execute(sa.update(uploads).where(column.upload == found[0].upload).values(**values))
    return found[0]


def ask_back(connection: sa.Connection, project: str, key: str, *, who: str, why: str) -> Upload | None:
    """Ask for the newest accepted upload with that key, or at that place, to be taken back by the next run; None if
    there is none."""
    column = uploads.c
    where = _named(project, key), column.state.in_(ACCEPTED)
    found = _read(connection, *where, order=(column.decided_at.desc(),), limit=1)
    if not found:
        return None
    asked = {"state": "retracting", "retracted_by": who, "retracted_why": why}
    connection.execute(sa.update(uploads).where(column.upload == found[0].upload).values(**asked, reason=None))
    return found[0]


def retracting(connection: sa.Connection, project: str) -> list[Upload]:
    """The uploads that are to be taken back, once what was dropped is cleared."""
    there = uploads.c.state == "retracting", uploads.c.cleared_at.is_not(None)
    return _read(connection, uploads.c.project == project, *there)


def accepted(connection: sa.Connection, project: str) -> list[Upload]:
    """The uploads whose rows are in the history, but for those that are to be taken back; the oldest first."""
    return _read(connection, uploads.c.project == project, uploads.c.state.in_(ACCEPTED))


def retracted(connection: sa.Connection, upload: Upload, *, run: str, place: str, rows_left: int, left_at: int) -> None:
    """It is taken back: its content is at `place` now, and what is where it was before is to be cleared."""
    now = datetime.fromtimestamp(clock(connection), UTC)
    told = {"rows_left": rows_left, "left_at": left_at, "retracted_at": now, "holder": run}
    moved = {"state": "retracted", "place": place, "source": upload.place, "cleared_at": None}
    connection.execute(sa.update(uploads).where(uploads.c.upload == upload.upload).values(**told, **moved))


def not_retracted(connection: sa.Connection, upload: Upload, reason: str) -> None:
    """It cannot be taken back, and is what it was before, unless another run has managed to."""
    told = {"state": "done" if upload.rows_new else "known", "reason": reason}
    where = uploads.c.upload == upload.upload, uploads.c.state == "retracting"
    connection.execute(sa.update(uploads).where(*where).values(**told))


def _read(
    connection: sa.Connection,
    *where: sa.ColumnElement[bool],
    order: Sequence[sa.ColumnElement[Any]] = (),
    limit: int | None = None,
) -> list[Upload]:
    query = sa.select(uploads).where(*where).order_by(*(order or (uploads.c.modified, uploads.c.key))).limit(limit)
    return [Upload(**row) for row in connection.execute(query).mappings()]


def _parts(names: Sequence[str]) -> Iterable[Sequence[str]]:
    return (names[start : start + _PART] for start in range(0, len(names), _PART))
