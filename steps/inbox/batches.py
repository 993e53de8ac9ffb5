"""Claimed uploads in parts that fit into memory, each part read at once. A file that is larger than the project takes
is not read at all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from steps.backends.ledger import Upload
from steps.backends.objects import Stored
from steps.contract.batches import batches
from steps.contract.threads import each
from steps.inbox.candidates import Inbox
from steps.inbox.targets import target

MEGABYTE = 2**20
_BYTES = 64 * MEGABYTE
_FILES = 2000
_THREADS = 8


@dataclass(frozen=True)
class Read:
    """An upload and its content; None if it is too large to be read."""

    upload: Upload
    body: bytes | None


def parts(uploads: Sequence[Upload], largest_mb: int) -> Iterator[list[Upload]]:
    """The uploads in their order, in parts of not too many files and bytes."""

    def read_bytes(upload: Upload) -> int:
        return upload.size if upload.size <= largest_mb * MEGABYTE else 0

    return batches(uploads, read_bytes, largest=_BYTES, most=_FILES)


def read(inbox: Inbox, uploads: Sequence[Upload], largest_mb: int) -> tuple[list[Read], list[str]]:
    """The uploads with their contents; and those that were replaced or removed since they were claimed."""
    found: list[Read] = []
    gone: list[str] = []
    small = [one for one in uploads if one.size <= largest_mb * MEGABYTE]
    bodies = {one.upload: body for one, body in each(lambda one: _body(inbox, one), small, threads=_THREADS)}
    for one in uploads:
        body = bodies.get(one.upload)
        if body is None and one.upload in bodies:
            gone.append(one.upload)
        else:
            found.append(Read(one, body))
    return found, gone


def stored(inbox: Inbox, upload: Upload) -> Stored | None:
    """The object that has the upload's content, as it is now; None if it is not the one that was claimed."""
    if upload.source != upload.key:
        return inbox.look(upload.source)
    there = inbox.look(upload.key, version_id=upload.version_id)
    if there is not None and there.etag == upload.etag:
        return there
    return next((copy for copy in map(inbox.look, _copies(upload)) if copy is not None), None)


def _body(inbox: Inbox, upload: Upload) -> bytes | None:
    if upload.source != upload.key:  # its own copy in quarantine, which nothing else writes
        return inbox.get(upload.source)
    body = inbox.get(upload.key, etag=upload.etag, version_id=upload.version_id)
    if body is not None:
        return body
    return next((copy for copy in map(inbox.get, _copies(upload)) if copy is not None), None)


def _copies(upload: Upload) -> tuple[str, ...]:
    """The keys to which a dead owner may have moved the content before it was replaced."""
    return (target(upload, "old"), target(upload, "quarantine")) if upload.claims > 1 else ()
