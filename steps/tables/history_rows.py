"""The rows of a project's history, in the lake.

An entry's own rows lie under `<project>/history/rows/<digest>.parquet`. After every few entries another object holds
all rows so far, so that a long history takes a few requests to read; if it is missing, the entries are read instead.
"""

from collections.abc import Sequence
from io import BytesIO

import pandas as pd

from steps.backends import history
from steps.backends.database import transact
from steps.backends.history import Entry
from steps.backends.objects import Bucket
from steps.contract.threads import each
from steps.errors import CheckFailed

_EVERY = 50
_THREADS = 8


def load(bucket: Bucket, project: str, sequence: int | None = None) -> tuple[pd.DataFrame, Entry | None]:
    """All rows up to a sequence number (None: the newest), in the order they came in, and the entry they end with.

    Columns: `row`, and those of the project's table; no rows if nothing has been accepted yet.

    Raises:
        CheckFailed: rows of the history are gone from the lake.
    """
    found = transact(lambda connection: history.entries(connection, project, upto=sequence))
    if not found:
        return pd.DataFrame({"row": pd.Series(dtype="str")}), None
    newest = found[-1].sequence // _EVERY * _EVERY
    whole = _read(bucket, _whole(project, found[newest - 1])) if newest else None
    parts = [] if whole is None else [whole]
    rest = found[newest:] if whole is not None else found
    parts += _parts(bucket, project, rest)
    rows = pd.concat(parts, ignore_index=True)
    if newest and whole is None:
        put(bucket, _whole(project, found[newest - 1]), rows.iloc[: found[newest - 1].total])
    return rows, found[-1]


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
