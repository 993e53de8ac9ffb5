"""The rows of a project's history, in the lake.

An entry's own rows lie under `<project>/history/rows/<digest>.parquet`; an entry that takes rows back has only their
digests there. After every few entries another object holds all rows that were added so far, so that a long history
takes a few requests to read; if it is missing, the entries are read instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

import numpy as np
import pandas as pd

from steps.backends import history
from steps.backends.database import transact
from steps.backends.history import Entry
from steps.backends.objects import Bucket
from steps.contract.threads import each
from steps.errors import CheckFailed

_EVERY = 50
_THREADS = 8
_NEVER: Final = np.iinfo(np.int64).max
_Numbers = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, eq=False)
class Ever:
    """All rows that were ever added, in the order they came in: the number under which each came, and the one under
    which it was taken back. `entries`: all that these are of."""

    rows: pd.DataFrame
    came: _Numbers
    left: _Numbers
    entries: Sequence[Entry]

    @property
    def present(self) -> "np.ndarray[Any, np.dtype[np.bool_]]":
        """Which of the rows were not taken back."""
        present: np.ndarray[Any, np.dtype[np.bool_]] = self.left == _NEVER
        return present

    def between(self, after: int, upto: int) -> pd.DataFrame:
        """The rows that came after one number and up to another, and were there at that one."""
        return self.rows[(self.came > after) & (self.came <= upto) & (self.left > upto)].reset_index(drop=True)


def load(bucket: Bucket, project: str, sequence: int | None = None) -> tuple[pd.DataFrame, Entry | None]:
    """All rows up to a sequence number (None: the newest), in the order they came in, and the entry they end with.

    Columns: `row`, and those of the project's table; no rows if nothing has been accepted yet.

    Raises:
        CheckFailed: rows of the history are gone from the lake.
    """
    found = ever(bucket, project, sequence)
    if not found.entries:
        return found.rows, None
    return found.rows[found.present].reset_index(drop=True), found.entries[-1]


def ever(bucket: Bucket, project: str, sequence: int | None = None) -> Ever:
    """All rows that were ever added up to a sequence number (None: the newest).

    Raises:
        CheckFailed: rows of the history are gone from the lake.
    """
    found = transact(lambda connection: history.entries(connection, project, upto=sequence))
    added = [one for one in found if one.rows >= 0]
    came = np.repeat(np.array([one.sequence for one in added], dtype=np.int64), [one.rows for one in added])
    left = np.full(len(came), _NEVER)
    if not added:
        return Ever(pd.DataFrame({"row": pd.Series(dtype="str")}), came, left, found)
    rows = _added(bucket, project, found)
    back = [one for one in found if one.rows < 0]
    for one, gone in zip(back, _parts(bucket, project, back), strict=True):
        left[(came < one.sequence) & (left == _NEVER) & rows["row"].isin(gone["row"]).to_numpy()] = one.sequence
    return Ever(rows, came, left, found)


def _added(bucket: Bucket, project: str, found: Sequence[Entry]) -> pd.DataFrame:
    """The rows that these entries, which are all up to one number, have added."""
    newest = found[-1].sequence // _EVERY * _EVERY
    whole = _read(bucket, _whole(project, found[newest - 1])) if newest else None
    parts = [] if whole is None else [whole]
    rest = found[newest:] if whole is not None else found
    parts += _parts(bucket, project, [one for one in rest if one.rows >= 0])
    rows = pd.concat(parts, ignore_index=True)
    if newest and whole is None:
        many = sum(max(one.rows, 0) for one in found[:newest])
        put(bucket, _whole(project, found[newest - 1]), rows.iloc[:many])
    return rows


def place(project: str, digest: str) -> str:
    """Where an entry's rows lie."""
    return f"{project}/history/rows/{digest}.parquet"


def put(bucket: Bucket, key: str, rows: pd.DataFrame) -> None:
    """Store rows."""
    body = BytesIO()
    rows.to_parquet(body, index=False)
    bucket.put(key, body.getvalue())


def _whole(project: str, entry: Entry) -> str:
    return f"{project}/history/upto/{entry.chain}.parquet"


def _parts(bucket: Bucket, project: str, wanted: Sequence[Entry]) -> list[pd.DataFrame]:
    read = [(entry, rows) for entry, rows in each(lambda one: _read(bucket, one.key), wanted, threads=_THREADS)]
    gone = [entry.sequence for entry, rows in read if rows is None]
    if gone:
        raise CheckFailed(f"the rows of number {gone[0]} of {project}'s history are gone from the lake; restore them")
    return [rows for _, rows in read if rows is not None]


def _read(bucket: Bucket, key: str) -> pd.DataFrame | None:
    body = bucket.get(key)
    return None if body is None else pd.read_parquet(BytesIO(body))
