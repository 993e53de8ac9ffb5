"""Features that the lake lacks are computed, checked and stored: a month of a location at a time, each under its key.

A month is made of exactly the hours that its key names, from its history's beginning to its end. So it comes out the
same whenever and beside whatever it is computed, and a run that was killed goes on with the months that are missing.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO

import pandas as pd

from steps.backends.objects import Bucket
from steps.checking import features as checking
from steps.checking.expectations import Expectations, Outcome
from steps.declaration import Declaration, load
from steps.features.keys import FeatureMonth
from steps.features.observations import Observations
from steps.threads import each

log = logging.getLogger("steps")
_THREADS = 8
_ROWS_AT_ONCE = 60_000


@dataclass(frozen=True)
class Computed:
    """What was done: of `months`, `computed` were missing; they have `rows` rows and `columns` features."""

    months: int
    computed: int
    rows: int
    columns: int
    outcomes: list[Outcome]


def compute(
    store: Bucket,
    months: list[FeatureMonth],
    observations: Observations,
    expectations: Expectations,
    *,
    declaration: Declaration,
    parameter: str,
) -> Computed:
    """Store the features of those `months` that are not there.

    Raises:
        CheckFailed: they are not as expected; those of earlier months are stored.
    """
    lacking = _lacking(store, declaration.name, parameter, months)
    rows = columns = 0
    outcomes: list[Outcome] = []
    built = ((month, _build(declaration, parameter, month, observations)) for month in lacking)
    for batch in _batches(built):
        named = [(f"location {month.location} in {month.month}", frame) for month, frame in batch]
        outcomes += checking.check(expectations, named, parameter, declaration.quantities)
        for (_, frame), _ in each(lambda one: store.put(one[0].object_key, _parquet(one[1])), batch, threads=_THREADS):
            rows += len(frame)
            columns = max(columns, len(frame.columns) - len(checking.ROW))
        log.info("features of %d location-months stored", len(batch))
    return Computed(len(months), len(lacking), rows, columns, outcomes)


def _lacking(store: Bucket, project: str, parameter: str, months: list[FeatureMonth]) -> list[FeatureMonth]:
    prefixes = sorted({f"{project}/features/{parameter}/location={month.location}/" for month in months})
    listed = each(lambda prefix: [one.key for one in store.list(prefix)], prefixes, threads=_THREADS)
    there = {key for _, keys in listed for key in keys}
    return [month for month in months if month.object_key not in there]


def _build(declaration: Declaration, parameter: str, month: FeatureMonth, observations: Observations) -> pd.DataFrame:
    seen = observations.of(month.days)
    hours = seen["time"]
    window = seen[(hours >= month.history) & (hours < month.end)].reset_index(drop=True)
    rows: pd.DataFrame = load(declaration.learning.features)(
        window, parameter=parameter, learning=declaration.learning, location=month.location
    )
    return rows[(rows["time"] >= month.start) & (rows["time"] < month.end)].reset_index(drop=True)


def _batches(
    built: Iterable[tuple[FeatureMonth, pd.DataFrame]],
) -> Iterator[list[tuple[FeatureMonth, pd.DataFrame]]]:
    batch: list[tuple[FeatureMonth, pd.DataFrame]] = []
    for one in built:
        batch.append(one)
        if sum(len(frame) for _, frame in batch) >= _ROWS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _parquet(frame: pd.DataFrame) -> bytes:
    body = BytesIO()
    frame.to_parquet(body, index=False)
    return body.getvalue()
