"""A refused file moves to quarantine, with its reason beside it; one that is accepted after all moves back.

The move has two halves around the catalog's transaction: first the object is put in its new place, last it is taken
from where it was. A crash in between leaves it in both places, and the next run of the same plan ends the move.
"""

from collections.abc import Sequence

from steps.archive import layout
from steps.archive.planned import Wanted
from steps.backends import caching
from steps.backends.objects import Bucket
from steps.checking.examine import Verdict
from steps.checking.reading import RawFile
from steps.contract.threads import each

_THREADS = 8


def place(project: str, verdict: Verdict) -> str:
    """The key under which the lake keeps the file from now on."""
    key = layout.quarantine_key if verdict.reasons else layout.raw_key
    return key(project, verdict.file.location, verdict.file.day, verdict.file.etag)


def find(store: Bucket, project: str, item: Wanted) -> RawFile | None:
    """The file as fetched, wherever an earlier run left it; None if it was never fetched.

    Raises:
        StepError: the store does not answer.
    """
    version = (project, item.location, item.day, item.etag)
    for key in (layout.raw_key(*version), layout.quarantine_key(*version)):
        body = store.get(key)
        if body is not None:
            return RawFile(item.location, item.day, item.etag, key, body)
    return None


def put(store: Bucket, project: str, verdicts: Sequence[Verdict]) -> None:
    """The first half: put every file in its new place, and the reason beside each refused one."""

    def settle(verdict: Verdict) -> None:
        file, key = verdict.file, place(project, verdict)
        if key != file.raw_key:
            store.put(key, file.body)
        if verdict.reasons:
            why = {"location": file.location, "day": file.day.isoformat(), "etag": file.etag}
            reason = caching.canonical({**why, "reasons": verdict.reasons, "refused_for": verdict.refused_for})
            store.put(layout.reason_key(project, file.location, file.day, file.etag), reason.encode())

    for _ in each(settle, verdicts, threads=_THREADS):
        pass


def clear(store: Bucket, project: str, verdicts: Sequence[Verdict]) -> None:
    """The second half: remove what was moved from its old place."""

    def leave(verdict: Verdict) -> None:
        file = verdict.file
        if place(project, verdict) != file.raw_key:
            store.delete(file.raw_key)
            if not verdict.reasons:
                store.delete(layout.reason_key(project, file.location, file.day, file.etag))

    for _ in each(leave, verdicts, threads=_THREADS):
        pass
