"""Compute, check and store the features that the lake lacks: a month of a location at a time, each under its key.

A month is made of exactly the hours that its key names, from the start of its history to its end. So it comes out the
same whenever it is computed and with whatever else, and a run that was killed resumes with the missing months. If an
earlier state of a month is in the lake, it is continued: only the hours that its new rows look at are read.

A month's present state is the one that was written last. What tidies the lake relies on that.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from itertools import batched

import pandas as pd

from steps.backends.objects import Bucket
from steps.checking import features as checking
from steps.checking.expectations import Expectations, Outcome
from steps.contract.batches import batches
from steps.contract.declaration import Declaration
from steps.contract.threads import each
from steps.features.keys import FeatureMonth
from steps.features.look import Look
from steps.features.making import Made, Maker
from steps.features.observations import Observations

log = logging.getLogger("steps")
_THREADS = 8
_ROWS_AT_ONCE = 60_000
_MONTHS_AT_ONCE = 50


@dataclass(frozen=True)
class Computed:
    """What was done: of `months`, `computed` were missing; they have `rows` rows and `columns` features. `kept` of the
    rows were copied from earlier states of their months. `months` counts those, too, that there was no need to look
    at."""

    months: int
    computed: int
    rows: int
    kept: int
    columns: int
    outcomes: list[Outcome]


def compute(
    store: Bucket,
    look: Look,
    observations: Observations,
    expectations: Expectations,
    *,
    declaration: Declaration,
    parameter: str,
) -> Computed:
    """Store the features of those months that are looked at and that the lake lacks.

    Raises:
        CheckFailed: they are not as expected; those of earlier months are stored.
    """
    months = look.months
    there = _there(store, declaration.name, parameter, months)
    lacking = [month for month in months if month.object_key not in there]
    _put_last(store, there, months)
    maker = Maker(store, there.keys(), observations, declaration, parameter)
    rows = kept = columns = 0
    outcomes: list[Outcome] = []
    for batch in batches(_made(maker, lacking), lambda made: len(made.rows), largest=_ROWS_AT_ONCE):
        named = [(f"location {one.month.location} in {one.month.month}", one.rows) for one in batch]
        outcomes += checking.check(expectations, named, parameter, declaration.quantities)
        for made, _ in each(lambda one: store.put(one.month.object_key, _parquet(one.rows)), batch, threads=_THREADS):
            rows += len(made.rows)
            kept += made.kept
            columns = max(columns, len(made.rows.columns) - len(checking.ROW))
        log.info("features of %d location-months stored", len(batch))
    look.end()
    return Computed(look.count, len(lacking), rows, kept, columns, outcomes)


def _made(maker: Maker, months: list[FeatureMonth]) -> Iterator[Made]:
    for some in batched(months, _MONTHS_AT_ONCE):
        maker.read_ahead(some)
        yield from map(maker.make, some)


def _put_last(store: Bucket, there: Mapping[str, datetime], months: Sequence[FeatureMonth]) -> None:
    """Write again what is there and is present again, since the source has taken a patch back, say."""
    last: dict[str, datetime] = {}
    for key, modified in there.items():
        last[_folder(key)] = max(modified, last.get(_folder(key), modified))
    back = [one.object_key for one in months if one.object_key in there]
    back = [key for key in back if there[key] < last[_folder(key)]]
    for key, body in each(store.get, back, threads=_THREADS):
        if body is not None:
            store.put(key, body)


def _folder(key: str) -> str:
    return key.rpartition("/")[0]


def _there(store: Bucket, project: str, parameter: str, months: Sequence[FeatureMonth]) -> dict[str, datetime]:
    """The keys in the lake of these locations' months, from the first of each on, and when each was written."""
    begin: dict[int, str] = {}
    for month in months:
        begin[month.location] = min(month.month, begin.get(month.location, month.month))
    folders = [(f"{project}/features/{parameter}/location={one}/", first) for one, first in sorted(begin.items())]
    listed = each(lambda of: list(store.list(of[0], after=f"{of[0]}month={of[1]}")), folders, threads=_THREADS)
    return {one.key: one.modified for _, found in listed for one in found}


def _parquet(frame: pd.DataFrame) -> bytes:
    body = BytesIO()
    frame.to_parquet(body, index=False)
    return body.getvalue()
