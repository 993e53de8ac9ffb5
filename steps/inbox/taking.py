"""From the inbox to the history, in an order that makes a kill at any point harmless: nothing is lost or doubled.

    claim      the ledger says whose each upload is
    read       what was claimed, or nothing: another object under that key is another upload
    judge      against the history as it is now
    store      new rows into the lake, each file at its place: nothing reads them yet
    commit     one transaction: the history's next entry, and what became of each upload; from here on it is true
    clear      what was dropped is deleted

Up to the commit, repeating a step overwrites its result with the same; after the commit only `clear` is left, which any
later run finishes. If the history has grown since the files were judged, or another run has taken over an upload, the
commit writes nothing, and what is left is judged again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from uuid import uuid4

import pandas as pd
import sqlalchemy as sa

from steps.backends import history, ledger
from steps.backends.caching import canonical, digest
from steps.backends.database import transact
from steps.backends.history import Entry, Moved
from steps.backends.ledger import Overtaken, Upload
from steps.contract.command import log
from steps.contract.threads import each
from steps.inbox import batches, clearing, leases, retracting, targets
from steps.inbox.announced import Announced
from steps.inbox.batches import MEGABYTE, Read
from steps.inbox.candidates import candidates
from steps.inbox.judging import Judged, judge
from steps.inbox.taker import Taker
from steps.summaries.validation import Expectation
from steps.tables import File, Verdict, history_rows

_THREADS = 8
_REPLACED = "it was replaced or removed before it could be read"


@dataclass
class Taken:
    """What the ledger does not know about a run: how many files it decided about, notes on their rows, and what was
    checked in each batch. It holds no content, which would pile up."""

    decided: int = 0
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    suites: list[tuple[Expectation, ...]] = field(default_factory=list)


def take(taker: Taker, announced: Sequence[Announced]) -> Taken:
    """Take everything new."""
    clearing.finish(taker.inbox, taker.project)
    retracting.carry_out(taker)
    found = candidates(taker.inbox, taker.project, taker.run, announced)
    owner, taken = uuid4().hex, Taken()
    mine = transact(lambda connection: ledger.claim(connection, taker.project, taker.run, owner, found))
    with leases.kept(taker.project, owner):
        for part in batches.parts(mine, taker.largest_mb):
            _settle(taker, owner, part, taken)
            if len(mine) > len(part):
                log.info("%d of %d files are decided", taken.decided, len(mine))
    return taken


def _settle(taker: Taker, owner: str, part: Sequence[Upload], taken: Taken) -> None:
    """Decide about a part of the claimed uploads, and clear it."""
    reads, gone = batches.read(taker.inbox, part, taker.largest_mb)
    _give_up(taker, owner, gone)
    verdicts = _examined(taker, reads, taken)
    while reads:
        rows, head = history_rows.load(taker.lake, taker.project)
        judged = judge(reads, verdicts, rows, taker.shifted, taker.originals)
        new = pd.concat([one.rows for one in judged], ignore_index=True)
        fingerprint = _store(taker, new)
        places = {one.upload.upload: place for one, place in each(partial(_place, taker), judged, threads=_THREADS)}
        gone = [upload for upload, place in places.items() if place is None]
        if gone:
            _give_up(taker, owner, gone)
            reads = _again(taker, owner, reads, gone)
            continue
        decided = [_verdict(one, str(places[one.upload.upload])) for one in judged]
        try:
            transact(
                partial(_commit, taker=taker, owner=owner, decided=decided, after=head, new=new, digest=fingerprint)
            )
        except Moved:
            reads = _again(taker, owner, reads, ())
            continue
        except Overtaken as lost:
            _withdraw(taker, lost.uploads)
            reads = _again(taker, owner, reads, lost.uploads)
            continue
        taken.decided += len(judged)
        taken.notes |= {one.upload.upload: one.notes for one in judged if one.notes}
        clearing.clear(taker.inbox, [replace(one.upload, place=places[one.upload.upload]) for one in judged])
        return


def _again(taker: Taker, owner: str, reads: Sequence[Read], without: Collection[str]) -> list[Read]:
    """What is left to be judged again: the verdict may differ, and what was stored would then be in the wrong place."""
    transact(lambda connection: ledger.again(connection, taker.project, owner))
    left = [one for one in reads if one.upload.upload not in without]
    return [replace(one, upload=replace(one.upload, claims=one.upload.claims + 1)) for one in left]


def _give_up(taker: Taker, owner: str, gone: Sequence[str]) -> None:
    """Record uploads that the store no longer has, or has replaced by another object."""
    if gone:
        transact(lambda connection: ledger.gone(connection, taker.project, owner, gone, _REPLACED))


def _examined(taker: Taker, reads: Sequence[Read], taken: Taken) -> dict[str, Verdict]:
    """What each file's own content says."""
    files = [File(one.upload.upload, one.upload.name, one.body) for one in reads if one.body is not None]
    verdicts = {one.upload.upload: _too_large(one.upload, taker.largest_mb) for one in reads if one.body is None}
    if files:
        examined = taker.examine(files)
        taken.suites.append(examined.suites)
        verdicts |= {one.upload: one for one in examined.verdicts}
    return verdicts


def _too_large(upload: Upload, largest_mb: int) -> Verdict:
    reason = f"it has {upload.size / MEGABYTE:,.0f} MB, wanted at most {largest_mb}; drop it in parts"
    return Verdict(upload.upload, reason, pd.DataFrame({"row": pd.Series(dtype="str")}), 0, ())


def _store(taker: Taker, new: pd.DataFrame) -> str:
    """Put the new rows into the lake, where nothing refers to them yet; returns their digest."""
    fingerprint = digest(list(new["row"]))
    if len(new):
        history_rows.put(taker.lake, history_rows.place(taker.project, fingerprint), new)
    return fingerprint


def _place(taker: Taker, judged: Judged) -> str | None:
    """Put the file in its place, with the reason beside it if it is refused; None if it is no longer what was
    claimed."""
    upload, refused = judged.upload, judged.state == "quarantined"
    place = targets.target(upload, "quarantine" if refused else "old")
    if place != upload.source:
        body = judged.read.body
        if body is not None:
            taker.inbox.put(place, body, metadata=targets.metadata(upload))
        else:
            source = batches.stored(taker.inbox, upload)
            if source is None:
                return None
            if source.key != place and not taker.inbox.copy(source, place, metadata=targets.metadata(upload)):
                return None
    if refused:
        why = {"key": upload.key, "reason": judged.reason, "run": taker.run, "size": upload.size, "etag": upload.etag}
        taker.inbox.put(targets.reason(upload), canonical(why).encode())
    return place


def _withdraw(taker: Taker, lost: Collection[str]) -> None:
    """Remove what this run stored for uploads that another run has decided about, unless it is in the right place.
    While an upload is claimed or released, the copy may still be read."""
    for other in transact(lambda connection: ledger.rows(connection, lost)):
        if other.state not in ledger.OPEN:
            for place in {targets.target(other, "old"), targets.target(other, "quarantine")} - {other.place}:
                targets.remove(taker.inbox, other, place)


def _verdict(judged: Judged, place: str) -> ledger.Verdict:
    return ledger.Verdict(
        upload=judged.upload.upload,
        state=judged.state,
        place=place,
        rows_new=len(judged.rows),
        rows_known=judged.known,
        rows_refused=judged.refused,
        rows_copied=judged.copied,
        reason=judged.reason,
    )


def _commit(
    connection: sa.Connection,
    *,
    taker: Taker,
    owner: str,
    decided: Sequence[ledger.Verdict],
    after: Entry | None,
    new: pd.DataFrame,
    digest: str,
) -> None:
    """The one moment in which the decisions become valid.

    Raises:
        Moved, Overtaken: nothing was written.
    """
    sequence = None
    if len(new):
        key = history_rows.place(taker.project, digest)
        entry = history.append(
            connection, taker.project, after=after, digest=digest, rows=len(new), key=key, run=taker.run
        )
        sequence = entry.sequence
    elif history.head(connection, taker.project) != after:  # a row that was known may have been taken back
        raise Moved
    ledger.decide(connection, taker.project, owner, decided, sequence)
