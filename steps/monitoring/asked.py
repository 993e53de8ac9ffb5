"""What the live model was asked and answered, as the model server keeps it in the lake.

Contract. `<project>/requests/day=YYYY-MM-DD/<time>-v<version>-<random>.parquet`: a batch of rows, written once under a
name of its own, so that any number of servers may write. It is a sample, and may have gaps: nothing may count on it.
Columns: `id` of the request (the sender's `puid`, or one of ours), `row` within it from 0, `time` (UTC), `version` and
`decision` of the model (0 where unknown), `answer` in the parameter's unit, and `features`, a struct of numbers (null:
missing). Nothing else of a request is kept, no header and no address.
"""

import io
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby, takewhile
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from steps.backends.objects import Bucket
from steps.models.base import Array

_LONGEST_ID = 128  # characters
_MOST_FILES = 300  # are read


@dataclass(frozen=True)
class Asked:
    """One request that was answered: its rows (shape rows × features; NaN: missing) and the answers (shape rows)."""

    id: str
    at: datetime
    values: Array
    answers: Array


@dataclass(frozen=True)
class Model:
    """Who answered. `decision`: 0 if unknown."""

    project: str
    version: int
    decision: int
    features: tuple[str, ...]


def write(bucket: Bucket, model: Model, batch: Sequence[Asked]) -> None:
    """Write a batch, each day's requests by themselves.

    Raises:
        StepError: the store does not take them.
    """
    for day, group in groupby(batch, key=lambda one: one.at.date()):
        asked = list(group)
        name = f"{asked[0].at:%H%M%S}-v{model.version}-{secrets.token_hex(8)}.parquet"
        bucket.put(_folder(model.project, day) + name, packed(model, asked))


@dataclass(frozen=True)
class Heard:
    """What was asked of one version since a day. `values` by feature (NaN: missing) and `answers`, one for each row."""

    version: int
    since: date
    requests: int
    values: dict[str, Array]
    answers: Array


def read(bucket: Bucket, project: str, version: int, days: Sequence[date]) -> Heard | None:
    """What a version was asked on those days; None if nothing is kept of it. Of very many files some are read, spread
    evenly; one that is broken, or of a model with other features, is passed over."""
    listed = [each.key for day in days for each in bucket.list(_folder(project, day)) if f"-v{version}-" in each.key]
    if not listed:
        return None
    chosen = [listed[place] for place in np.unique(np.linspace(0, len(listed) - 1, _MOST_FILES).astype(int))]
    with ThreadPoolExecutor(8) as pool:
        bodies = list(pool.map(bucket.get, chosen))
    tables = [table for body in bodies if body is not None and (table := _unpacked(body)) is not None]
    if not tables:
        return None
    kept = pa.concat_tables([table for table in tables if table.schema.equals(tables[-1].schema)])
    features = kept["features"].combine_chunks()
    values = {
        field.name: features.field(field.name).to_numpy(zero_copy_only=False).astype(np.float64)
        for field in features.type
    }
    return Heard(version, min(days), len(kept["id"].unique()), values, kept["answer"].to_numpy())


def _unpacked(body: bytes) -> Any:
    try:
        table = pq.read_table(pa.BufferReader(body))
    except pa.ArrowException:
        return None
    return table if {"id", "answer", "features"} <= set(table.column_names) else None


def forget(bucket: Bucket, project: str, before: date) -> int:
    """Delete what was asked before a day; how many files that were."""
    old = list(takewhile(lambda each: each.key < _folder(project, before), bucket.list(f"{project}/requests/")))
    for each in old:
        bucket.delete(each.key)
    return len(old)


def packed(model: Model, batch: Sequence[Asked]) -> bytes:
    """A batch as Parquet."""
    sizes = [len(one.answers) for one in batch]
    values = np.concatenate([one.values for one in batch])
    features = [pa.array(column, from_pandas=True) for column in values.T]
    rows = sum(sizes)
    columns = {
        "id": np.repeat(np.array([_text(one.id) for one in batch], dtype=object), sizes),
        "row": pa.array(np.concatenate([np.arange(size) for size in sizes]), pa.int32()),
        "time": pa.array(np.repeat([_micros(one.at) for one in batch], sizes), pa.timestamp("us", "UTC")),
        "version": pa.array([model.version] * rows, pa.int32()),
        "decision": pa.array([model.decision] * rows, pa.int32()),
        "answer": np.concatenate([one.answers for one in batch]),
        "features": pa.StructArray.from_arrays(features, names=list(model.features)),
    }
    body = io.BytesIO()
    pq.write_table(pa.table(columns), body, compression="zstd")
    return body.getvalue()


def _text(given: str) -> str:
    """A sender's text as one that can be stored: JSON may hold halves of characters."""
    return given[:_LONGEST_ID].encode("utf-8", "replace").decode()


def _micros(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)


def _folder(project: str, day: date) -> str:
    return f"{project}/requests/day={day:%F}/"
