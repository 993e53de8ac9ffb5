"""Out of the history again: what a person takes back, in an order that makes a kill at any point harmless.

    ask        the ledger says so, and by whom and why; from here on it will be done
    read       its rows; and those of every accepted file that may have brought some of them, too: these stay
    store      the digests of the rows that leave into the lake, the file at its place: nothing reads them yet
    commit     one transaction: the history's next entry, which takes the rows back, and what became of the upload
    clear      what is in `old/` is deleted

Up to the commit, repeating a step overwrites its result with the same; what is left after it, any later run finishes.
If the history has grown meanwhile, or another file was accepted, whose rows may be among these, the commit writes
nothing and all is read again. A file that cannot be read any more is not guessed about: it stays accepted, and the
ledger says why.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import sqlalchemy as sa

from steps.backends import history, ledger
from steps.backends.caching import digest
from steps.backends.database import transact
from steps.backends.history import Moved
from steps.backends.ledger import Upload
from steps.contract.command import log
from steps.inbox import batches, clearing, targets
from steps.inbox.taker import Taker
from steps.pages.words import one_line
from steps.tables import File, history_rows
from steps.tables.history_rows import Ever


class _Unknown(Exception):
    """Which rows a file has brought cannot be told; the message says why."""


def carry_out(taker: Taker) -> None:
    """Take back whatever people have asked for."""
    for upload in transact(lambda connection: ledger.retracting(connection, taker.project)):
        try:
            _take_back(taker, upload)
        except _Unknown as unknown:
            why = f"not retracted: {unknown}"
            log.warning("%s was %s", upload.key, why)
            transact(partial(ledger.not_retracted, upload=upload, reason=why))


def _take_back(taker: Taker, upload: Upload) -> None:
    """Take one upload back, unless another run does.

    Raises:
        _Unknown: its rows, or those of another file that may have brought them, cannot be read any more.
    """
    body = taker.inbox.get(str(upload.place))
    if body is None:
        raise _Unknown(f"its content is gone from {upload.place}; restore it")
    place = targets.target(upload, "retracted")
    while True:
        others = transact(lambda connection: ledger.accepted(connection, taker.project))
        ever = history_rows.ever(taker.lake, taker.project)
        leaving = _leaving(taker, upload, others, ever)
        fingerprint = digest(["taken back", *leaving])
        if leaving:
            rows = pd.DataFrame({"row": pd.Series(leaving, dtype="str")})
            history_rows.put(taker.lake, history_rows.place(taker.project, fingerprint), rows)
        taker.inbox.put(place, body, metadata=targets.metadata(upload))
        commit = partial(
            _commit, taker=taker, upload=upload, others=others, ever=ever, leaving=len(leaving), digest=fingerprint
        )
        try:
            done = transact(partial(commit, place=place))
        except Moved:
            continue
        if done:
            log.info("%s was retracted; %d rows left the history", upload.key, len(leaving))
            moved = replace(upload, place=place, source=str(upload.place))
            clearing.clear(taker.inbox, [moved])
        return


def _leaving(taker: Taker, upload: Upload, others: Sequence[Upload], ever: Ever) -> list[str]:
    """The rows of the history that came with the upload and with no other accepted one, in order."""
    own = ever.present & ever.rows["row"].isin(_rows(taker, [upload])).to_numpy()
    entries = set(ever.came[own].tolist())
    may = [one for one in others if one.rows_known or one.sequence in entries]
    for part in batches.parts(may, taker.largest_mb):
        if not own.any():
            break
        own &= ~ever.rows["row"].isin(_rows(taker, part)).to_numpy()
    return list(ever.rows["row"][np.flatnonzero(own)])


def _rows(taker: Taker, uploads: Sequence[Upload]) -> set[str]:
    """The rows that these files have.

    Raises:
        _Unknown: one is gone, or the checks of today refuse it.
    """
    verdicts = taker.examine(list(_files(taker, uploads))).verdicts
    for upload, verdict in zip(uploads, verdicts, strict=True):
        if verdict.reason is not None:
            raise _Unknown(f"{one_line(upload.key)} cannot be read any more: {verdict.reason}")
    return {row for verdict in verdicts for row in verdict.rows["row"]}


def _files(taker: Taker, uploads: Sequence[Upload]) -> Iterator[File]:
    for upload in uploads:
        body = taker.inbox.get(str(upload.place))
        if body is None:
            raise _Unknown(
                f"{one_line(upload.key)} may have brought the same rows, and is gone from {upload.place}; restore it"
            )
        yield File(upload.upload, upload.name, body)


def _commit(
    connection: sa.Connection,
    *,
    taker: Taker,
    upload: Upload,
    others: Sequence[Upload],
    ever: Ever,
    leaving: int,
    digest: str,
    place: str,
) -> bool:
    """The one moment in which the rows leave; False if another run has done it.

    Raises:
        Moved: the history, or what is accepted, is not what was looked at; nothing was written.
    """
    now = ledger.rows(connection, [upload.upload])
    if not now or now[0].state != "retracting":
        return False
    after = ever.entries[-1] if ever.entries else None
    accepted = {one.upload for one in ledger.accepted(connection, taker.project)}
    if history.head(connection, taker.project) != after or accepted != {one.upload for one in others}:
        raise Moved
    if leaving:
        key = history_rows.place(taker.project, digest)
        history.append(connection, taker.project, after=after, digest=digest, rows=-leaving, key=key, run=taker.run)
    number = (after.sequence if after else 0) + 1
    ledger.retracted(connection, upload, run=taker.run, place=place, rows_left=leaving, left_at=number)
    return True
