"""The end of a move: delete what was dropped, once its content is at its place and the ledger says so.

The object is checked once more before it is deleted: if it is not the one that was decided on, somebody has dropped
another file under its name, which waits for its own turn. In a store with versions only the decided one is deleted.
Without versions a file dropped between check and deletion is lost: no store deletes conditionally.
"""

from collections.abc import Sequence

from steps.backends import ledger
from steps.backends.database import transact
from steps.backends.ledger import Object, Upload
from steps.contract.threads import each
from steps.inbox.candidates import Inbox
from steps.inbox.targets import remove, target

_THREADS = 8
_PART = 500


def clear(inbox: Inbox, uploads: Sequence[Upload]) -> None:
    """Delete the dropped objects of decided uploads, and record it."""
    for start in range(0, len(uploads), _PART):
        part = uploads[start : start + _PART]
        done = [one.upload for one, _ in each(lambda one: _clear(inbox, one), part, threads=_THREADS)]
        transact(lambda connection, done=done: ledger.cleared(connection, done))  # type: ignore[misc]


def finish(inbox: Inbox, project: str) -> None:
    """Clear what earlier runs decided but did not clear."""
    clear(inbox, transact(lambda connection: ledger.uncleared(connection, project)))


def _clear(inbox: Inbox, upload: Upload) -> None:
    if upload.claims > 1:  # it may have been put somewhere else before
        for place in {target(upload, "old"), target(upload, "quarantine")} - {upload.place, upload.source}:
            remove(inbox, upload, place)
    if upload.source != upload.key:
        if upload.source != upload.place:
            remove(inbox, upload, upload.source)
        return
    there = inbox.look(upload.key, version_id=upload.version_id)
    if there is None:
        return
    found = Object(upload.bucket, there.key, upload.version_id, there.etag, there.modified, there.size)
    if found.upload == upload.upload:
        inbox.delete(upload.key, version_id=upload.version_id)
