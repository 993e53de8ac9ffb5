"""The usable observations of accepted location-days, from which features are made.

What a run has examined stays in memory. Older days, which the new rows need as history, the runs before it have kept;
the others are read from the lake and examined again, so there is one rule for what is usable. Memory is bounded: what
was used longest ago is dropped first and read again when needed.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import batched
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from steps.backends.catalog import Accepted
from steps.backends.objects import Bucket
from steps.checking.examine import Examined, Examiner
from steps.checking.reading import RawFile
from steps.contract.threads import each
from steps.errors import CheckFailed
from steps.features.day import Day, Version
from steps.features.kept import Kept

if TYPE_CHECKING:
    from numpy.typing import NDArray

_THREADS = 8
_FILES_AT_ONCE = 400
_MOST_ROWS = 10_000_000  # some 200 MB


class Observations:
    """Observations by location-day. `examiner` says which are usable, `kept` what earlier runs have left.

    Raises:
        CheckFailed: an accepted file is not in the lake.
    """

    def __init__(self, store: Bucket, examiner: Examiner, parameters: Sequence[str], kept: Kept) -> None:
        self._store = store
        self._examiner = examiner
        self._parameters = pd.Index(sorted(parameters))
        self._days: OrderedDict[Version, Day] = OrderedDict()
        self._rows = 0
        self._kept = kept
        self._recalled: set[Version] | None = None  # before anything was needed

    def keep(self, examined: Examined) -> None:
        """Remember what was examined."""
        found = examined.observations
        files = found["file"].to_numpy()
        every = Day(
            found["time"].dt.tz_localize(None).to_numpy(),
            found["offset_minutes"].to_numpy(),
            self._parameters.get_indexer(pd.Index(found["parameter"])).astype("int16"),
            found["value"].to_numpy(),
        )
        for number, verdict in enumerate(examined.verdicts):
            part = slice(*np.searchsorted(files, [number, number + 1]))
            day = Day(every.time[part], every.offset[part], every.parameter[part], every.value[part])
            self._add(_version(verdict.file), day)

    def leave(self) -> None:
        """Leave the newest days for the next run, if it does not have them already."""
        if self._days and not self._days.keys() <= (self._recalled or set()):
            self._kept.write(self._days.items())

    def read(self, days: Sequence[Accepted]) -> None:
        """Make all of `days` available. Examining some hundred files takes little longer than examining a few."""
        for _ in self._parts(days):
            pass

    def of(self, days: Sequence[Accepted]) -> pd.DataFrame:
        """All of `days`: location, time (UTC), offset_minutes, parameter, value; by and unique on location, time and
        parameter."""
        parts = list(self._parts(days))
        lengths = [len(part.value) for _, part in parts]
        found = pd.DataFrame(
            {
                "location": np.repeat(np.array([day.location for day, _ in parts], dtype="int64"), lengths),
                "time": pd.Series(_joined([part.time for _, part in parts], "datetime64[us]")).dt.tz_localize("UTC"),
                "offset_minutes": _joined([part.offset for _, part in parts], "int16").astype("int64"),
                "parameter": self._parameters[_joined([part.parameter for _, part in parts], "int16")].astype("str"),
                "value": _joined([part.value for _, part in parts], "float64"),
            }
        )
        keys = ["location", "time", "parameter"]
        return found.sort_values(keys, kind="stable").drop_duplicates(keys, ignore_index=True)

    def by_day(self, days: Sequence[Accepted]) -> Iterator[tuple[Accepted, list[tuple[datetime, str, float]]]]:
        """Each of `days` with its hours: time (UTC, end of the hour), parameter and value."""
        names = self._parameters.tolist()
        for day, part in self._parts(days):
            times = [time.replace(tzinfo=UTC) for time in part.time.astype("datetime64[us]").tolist()]
            parameters = [names[number] for number in part.parameter.tolist()]
            yield day, list(zip(times, parameters, part.value.tolist(), strict=True))

    def _parts(self, days: Sequence[Accepted]) -> Iterator[tuple[Accepted, Day]]:
        for some in batched(days, _FILES_AT_ONCE):
            if any(_version(day) not in self._days for day in some):
                self._recall()
            known = {_version(day) for day in some} & self._days.keys()
            for version in known:
                self._days.move_to_end(version)  # so that what is read next does not push it out
            unknown = [day for day in some if _version(day) not in known]
            if unknown:
                files = [file for _, file in each(self._read, unknown, threads=_THREADS)]
                self.keep(self._examiner.examine(files))
            yield from ((day, self._days[_version(day)]) for day in some)

    def _recall(self) -> None:
        if self._recalled is None:
            found = dict(self._kept.read())
            self._recalled = set(found)
            for version, day in found.items():
                if version not in self._days:
                    self._add(version, day)

    def _add(self, version: Version, day: Day) -> None:
        self._days[version] = day
        self._rows += len(day.value)
        while self._rows > _MOST_ROWS and len(self._days) > _FILES_AT_ONCE:
            self._rows -= len(self._days.popitem(last=False)[1].value)

    def _read(self, day: Accepted) -> RawFile:
        body = self._store.get(day.raw_key)
        if body is None:
            raise CheckFailed(
                f"{day.raw_key} is not in the lake, though the catalog has it as accepted; restore it, or remove "
                f"location {day.location}, {day.day} from the table location_days and run the backfill"
            )
        return RawFile(day.location, day.day, day.etag, day.raw_key, body)


def _version(of: Accepted | RawFile) -> Version:
    return of.location, of.day, of.etag


def _joined[Number: np.generic](parts: "Sequence[NDArray[Number]]", dtype: str) -> "NDArray[Number]":
    return np.concatenate([np.array([], dtype=dtype), *parts])
