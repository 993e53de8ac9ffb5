"""The examined hours of the newest days, kept in the lake from one run to the next.

A day's first rows look back a week, so each run needs what the runs before it have examined. It is kept under a key
made of what examining depends on: the code, the declaration and the libraries. Each day in it says which version of its
file it is; one that is not there is read and examined again, so it does not matter which run wrote last, or whether it
is there at all.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import batched
from typing import Final

import numpy as np
import pandas as pd

from steps.backends import caching
from steps.backends.objects import Bucket
from steps.contract import reach
from steps.contract.declaration import Declaration
from steps.features.day import Day, Version

_EXAMINED_BY: Final = "steps.checking.examine"
_LOCATIONS_AT_ONCE: Final = 250  # some 1 MB for ten days
_DAY: Final = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Kept:
    """What is kept of `locations`, which are those of the run. `days`: how many, counted from each location's newest
    hour."""

    store: Bucket
    declaration: Declaration
    locations: Sequence[int]
    days: int

    def read(self) -> Iterator[tuple[Version, Day]]:
        """All that is kept."""
        for some in self._groups():
            body = self.store.get(self._key(some))
            if body is not None:
                yield from _days(pd.read_parquet(BytesIO(body)))

    def write(self, days: Iterable[tuple[Version, Day]]) -> None:
        """Keep the newest of `days`, and nothing else."""
        found: dict[int, list[tuple[Version, Day]]] = {}
        for version, day in days:
            found.setdefault(version[0], []).append((version, day))
        for some in self._groups():
            rows = [each for location in some for each in _newest(found.get(location, ()), self.days)]
            if rows:
                body = BytesIO()
                _rows(rows).to_parquet(body, index=False)
                self.store.put(self._key(some), body.getvalue())

    def _groups(self) -> Iterator[tuple[int, ...]]:
        return batched(sorted(set(self.locations)), _LOCATIONS_AT_ONCE)

    def _key(self, locations: Sequence[int]) -> str:
        parts = {"declared": self.declaration.model_dump(mode="json"), "locations": list(locations)}
        return f"cache/{caching.key('examined', code=reach.digest(_EXAMINED_BY, __name__), **parts)}/hours.parquet"


def _newest(days: Iterable[tuple[Version, Day]], most: int) -> list[tuple[Version, Day]]:
    some = [(version, day) for version, day in days if len(day.time)]
    if not some:
        return []
    since = max(day.time[-1] for _, day in some) - most * _DAY
    return sorted((each for each in some if each[1].time[-1] >= since), key=lambda each: each[0])


def _rows(days: Sequence[tuple[Version, Day]]) -> pd.DataFrame:
    lengths = [len(day.value) for _, day in days]
    which = np.repeat(np.arange(len(days)), lengths)
    names = pd.DataFrame([version for version, _ in days], columns=["location", "day", "etag"])
    names["day"] = pd.to_datetime(names["day"]).dt.as_unit("s")
    parts = {name: np.concatenate([getattr(day, name) for _, day in days]) for name in Day.__annotations__}
    return names.iloc[which].reset_index(drop=True).assign(**parts)


def _days(rows: pd.DataFrame) -> Iterator[tuple[Version, Day]]:
    names = rows[["location", "day", "etag"]]
    starts = np.flatnonzero((names != names.shift()).any(axis=1))
    parts = {name: rows[name].to_numpy() for name in Day.__annotations__}
    first = names.iloc[starts]
    versions = zip(first["location"].tolist(), first["day"].dt.date.tolist(), first["etag"].tolist(), strict=True)
    for version, begin, end in zip(versions, starts, [*starts[1:], len(rows)], strict=True):
        yield version, Day(**{name: part[begin:end] for name, part in parts.items()})
