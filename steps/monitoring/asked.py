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
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from steps.backends.objects import Bucket
from steps.models.base import Array

_LONGEST_ID = 128  # characters


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
