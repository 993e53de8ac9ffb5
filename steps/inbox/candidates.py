"""What there is to claim: everything that a listing shows, and everything announced that exists."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Protocol

import sqlalchemy as sa

from steps.backends import ledger
from steps.backends.database import transact
from steps.backends.ledger import Object, Upload
from steps.backends.objects import Stored
from steps.contract.threads import each
from steps.inbox.announced import Announced

_THREADS = 8
_LOST = "it was announced, and replaced or removed before it could be read"


class Inbox(Protocol):
    """What the inbox needs of a bucket, such as `steps.backends.objects.Bucket`."""

    name: str

    def versions(self, prefix: str) -> Iterable[Stored]: ...
    def look(self, key: str, *, version_id: str = "") -> Stored | None: ...
    def get(self, key: str, *, etag: str = "", version_id: str = "") -> bytes | None: ...
    def copy(self, source: Stored, key: str, *, metadata: dict[str, str] | None = None) -> bool: ...
    def put(self, key: str, body: bytes, *, metadata: dict[str, str] | None = None) -> str: ...
    def delete(self, key: str, *, version_id: str = "") -> None: ...


def prefix(project: str) -> str:
    """Where the files of a project are dropped."""
    return f"{project}/new/"


def candidates(inbox: Inbox, project: str, run: str, announced: Sequence[Announced]) -> list[Object]:
    """Every object that may be new. What was announced but neither exists nor is known is recorded as missing."""
    found = {(one.key, one.version_id): one for one in inbox.versions(prefix(project)) if not one.key.endswith("/")}
    lost = []
    for one, there in each(lambda one: _look(inbox, one), announced, threads=_THREADS):
        if there is not None:
            found.setdefault((there.key, there.version_id), there)
        if there is None or (one.etag and there.etag != one.etag):
            lost.append(one)
    if lost:
        transact(lambda connection: _note(connection, inbox.name, project, run, lost))
    return [_object(inbox.name, one) for one in found.values()]


def _look(inbox: Inbox, announced: Announced) -> Stored | None:
    """The objects under the announced keys: the one with the announced etag or, if there is none, whatever is there."""
    other = None
    for key in announced.keys:
        there = inbox.look(key, version_id=announced.version_id)
        if there is not None and announced.etag in ("", there.etag):
            return there
        other = other or there
    return other


def _note(connection: sa.Connection, bucket: str, project: str, run: str, lost: Sequence[Announced]) -> None:
    """Record those of which the ledger has never seen a version with that etag."""
    unknown, seen = [], defaultdict[str, list[Upload]](list)
    for row in ledger.known(connection, project, *{key for one in lost for key in one.keys}):
        seen[row.key].append(row)
    for one in lost:
        rows = [row for key in one.keys for row in seen[key]]
        same = [row for row in rows if one.etag in ("", row.etag) and one.version_id in ("", row.version_id)]
        if not same:
            unknown.append(Object(bucket, one.keys[0], one.version_id, one.etag, None, 0))
    ledger.missed(connection, project, run, unknown, _LOST)


def _object(bucket: str, stored: Stored) -> Object:
    return Object(bucket, stored.key, stored.version_id, stored.etag, stored.modified, stored.size)
