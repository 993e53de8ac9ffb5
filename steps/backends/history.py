"""The history: what a project has accepted, in order. A dataset is the history at a sequence number.

Contract. An entry is appended at the next number in the transaction that decides its uploads, and never changes. Its
rows lie in the lake under the digest of their content, put there before; each row of the history is in one entry only,
because `append` is told which entry the rows were compared with. What is taken back is an entry, too: `rows` is below
zero, and the rows that it names are not in the history from that number on; before it they are, so older datasets stay
what they were. `chain` is a digest of all entries up to this one, so two histories with the same chain hold the same
rows in the same order.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from steps.backends.caching import digest as digest_of
from steps.backends.columns import Utc
from steps.backends.database import clock, metadata

history = sa.Table(
    "history",
    metadata,
    sa.Column("project", sa.String(63), primary_key=True),
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("digest", sa.String(32), nullable=False),
    sa.Column("chain", sa.String(32), nullable=False),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("run", sa.String(253), nullable=False),
    sa.Column("made_at", Utc, nullable=False),
)


@dataclass(frozen=True)
class Entry:
    """One entry. `rows`: how many it adds, below zero if it takes rows back; `total`: with all before it; `key`: of its
    rows in the lake."""

    project: str
    sequence: int
    digest: str
    chain: str
    rows: int
    total: int
    key: str
    run: str
    made_at: datetime


class Moved(Exception):
    """The history has grown since it was looked at."""


def head(connection: sa.Connection, project: str) -> Entry | None:
    """The newest entry, None if nothing has been accepted yet."""
    found = entries(connection, project, newest=1)
    return found[0] if found else None


def entries(
    connection: sa.Connection, project: str, *, after: int = 0, upto: int | None = None, newest: int | None = None
) -> list[Entry]:
    """The entries with a number above `after` and up to `upto`, in order; with `newest`, only that many, newest
    first."""
    column = history.c
    query = sa.select(history).where(column.project == project, column.sequence > after)
    if upto is not None:
        query = query.where(column.sequence <= upto)
    query = query.order_by(column.sequence.desc() if newest else column.sequence).limit(newest)
    return [Entry(**row) for row in connection.execute(query).mappings()]


def append(
    connection: sa.Connection, project: str, *, after: Entry | None, digest: str, rows: int, key: str, run: str
) -> Entry:
    """Append an entry, whose rows were compared with all up to `after`; `rows` is below zero if it takes them back.

    Raises:
        Moved: `after` is no longer the newest.
    """
    if head(connection, project) != after:
        raise Moved
    entry = Entry(
        project=project,
        sequence=(after.sequence if after else 0) + 1,
        digest=digest,
        chain=digest_of([after.chain if after else "", digest]),
        rows=rows,
        total=(after.total if after else 0) + rows,
        key=key,
        run=run,
        made_at=datetime.fromtimestamp(clock(connection), UTC),
    )
    try:
        connection.execute(sa.insert(history), vars(entry))
    except sa.exc.IntegrityError as error:
        raise Moved from error
    return entry
