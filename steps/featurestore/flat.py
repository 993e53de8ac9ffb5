"""The current rows of all locations, laid out flat: `lake/<project>/store/<view>/<month>-<digest>.parquet`.

The lake's own files are keyed by content: a patched month leaves its older file beside the new one, and locations have
different columns. Here is each row once, in files that all have the same columns, one for each month.

Contract. `<project>/store/<view>.json` names the files that are current, and is written after them; a file is named by
what it is made of and never changes. What the list before named stays until the next time, so that a reader of either
list finds its files.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from io import BytesIO
from typing import Final

import pandas as pd

from steps.backends.caching import canonical, digest
from steps.backends.objects import Bucket
from steps.contract.declaration import Part
from steps.features import keys
from steps.features.keys import FeatureMonth

_ROW: Final = ("location", "time", "value")  # `value` is no feature: what was measured is in the warehouse


class Month(Part):
    """One file. `made_of`: a digest of the lake's files; `columns`: the features that these have."""

    file: str
    made_of: str
    columns: tuple[str, ...]
    rows: int
    first: datetime
    newest: datetime
    locations: tuple[int, ...]


Flat = Mapping[str, Month]


def features_of(flat: Flat) -> tuple[str, ...]:
    """The columns of all files, location and time apart."""
    return tuple(dict.fromkeys(name for month in sorted(flat) for name in flat[month].columns))


def lay_out(bucket: Bucket, project: str, view: str, wanted: Sequence[FeatureMonth]) -> Flat:
    """Make the files that are not there yet, list all, and remove what no list names any more.

    Raises:
        CheckFailed: features are not in the lake.
    """
    before = read(bucket, project, view)
    parts = {month: _Part(bucket, some, before.get(month)) for month, some in _by_month(wanted).items()}
    columns = list(dict.fromkeys(name for part in parts.values() for name in part.columns))
    flat: dict[str, Month] = {}
    for month, part in parts.items():
        file = f"{project}/store/{view}/{month}-{digest([part.made_of, columns])[:16]}.parquet"
        flat[month] = part.stored(file, columns)
    listing = canonical({month: one.model_dump(mode="json") for month, one in flat.items()})
    bucket.put(f"{project}/store/{view}.json", listing.encode())
    _clear(bucket, f"{project}/store/{view}/", {one.file for one in (*flat.values(), *before.values())})
    return flat


class _Part:
    """The locations of one month, whose rows are read only where something has changed. `before`: its file as it was
    listed last."""

    def __init__(self, bucket: Bucket, wanted: list[FeatureMonth], before: Month | None) -> None:
        self._bucket, self._wanted, self._before = bucket, wanted, before
        self._rows: pd.DataFrame | None = None
        self.made_of = digest(sorted(one.object_key for one in wanted))
        same = before is not None and before.made_of == self.made_of
        self.columns = before.columns if before and same else self._own()

    def _own(self) -> tuple[str, ...]:
        return tuple(str(name) for name in self._read() if name not in _ROW)

    def _read(self) -> pd.DataFrame:
        if self._rows is None:
            self._rows = keys.read(self._bucket, self._wanted)
        return self._rows

    def stored(self, file: str, columns: list[str]) -> Month:
        """Its file, written if it is not there."""
        if self._before is not None and self._before.file == file:
            return self._before
        rows = self._read()
        self._bucket.put(file, _parquet(rows, columns))
        self._rows = None  # one month at a time is enough to remember
        return Month(
            file=file,
            made_of=self.made_of,
            columns=self.columns,
            rows=len(rows),
            first=rows["time"].min().to_pydatetime(),
            newest=rows["time"].max().to_pydatetime(),
            locations=tuple(int(location) for location in sorted(rows["location"].unique())),
        )


def _by_month(wanted: Sequence[FeatureMonth]) -> dict[str, list[FeatureMonth]]:
    found: defaultdict[str, list[FeatureMonth]] = defaultdict(list)
    for one in wanted:
        found[one.month].append(one)
    return dict(sorted(found.items()))


def read(bucket: Bucket, project: str, view: str) -> Flat:
    """What is laid out now; nothing if nothing was."""
    body = bucket.get(f"{project}/store/{view}.json")
    return {} if body is None else {month: Month.model_validate(one) for month, one in json.loads(body).items()}


def _parquet(rows: pd.DataFrame, columns: list[str]) -> bytes:
    """Rows by location and time. A feature that these locations do not have is null, of the same type."""
    values = rows.reindex(columns=columns).astype("float32")
    whole = pd.concat([rows[["location", "time"]], values], axis=1)
    whole["time"] = whole["time"].dt.as_unit("us")
    body = BytesIO()
    whole.to_parquet(body, index=False)
    return body.getvalue()


def _clear(bucket: Bucket, folder: str, named: set[str]) -> None:
    for stored in list(bucket.list(folder)):
        if stored.key not in named:
            bucket.delete(stored.key)
