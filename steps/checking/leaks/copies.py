"""Whether a location is another's copy: under a second id, or with its clock so many hours off.

A copy whose clock is early gives its original the future, and one whose clock is late is given it. What changes from an
hour to the next is nearly the same at a copy, at one distance in time, whatever that is and however values were rounded
or scaled; of two real locations it never is. Their correlation (of the changes of ranks, less the usual at that hour of
the day) is 1 for a copy, and was at most 0.74 at the same hour and 0.53 at any other over 33 days of five real
stations, 0.53 and 0.31 over a year.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from steps.checking import dependence
from steps.checking.dependence import Array
from steps.pages.words import count

_HOURS: Final = 400  # that both have; with fewer, chance might do it
SHIFTED, SAME = 0.75, 0.98  # of correlations
_TOLD: Final = 0.08  # how much better than the other's a clock must fit the rest to be the right one


@dataclass(frozen=True)
class Fit:
    """How well the second of two fits the first at the same hour (`now`), and at best: `best`, `hours` later."""

    now: float
    best: float
    hours: int


@dataclass(frozen=True)
class Pair:
    """Two locations, and how well they fit."""

    locations: tuple[int, int]
    fit: Fit


@dataclass(frozen=True)
class Copy:
    """`early` has what `late` has, `hours` before it (0: at the same time), as far as `fit`, of 1. `off`: which of them
    the other locations do not fit; both, if these do not tell."""

    early: int
    late: int
    hours: int
    fit: float
    off: tuple[int, ...]

    @property
    def words(self) -> str:
        """The finding, in words."""
        fit = f"their hourly changes fit by {self.fit:.2f} (at most {SAME if self.hours == 0 else SHIFTED} is allowed)"
        if not self.hours:
            return f"locations {self.early} and {self.late} are one station under two ids: {fit}"
        apart = count(self.hours, "hour")
        if len(self.off) > 1:
            either = f"{self.early}'s is early or {self.late}'s late, which no other location tells"
            return f"locations {self.early} and {self.late} are one station with clocks {apart} apart, {either}: {fit}"
        side, other = ("early", self.late) if self.off[0] == self.early else ("late", self.early)
        return f"location {self.off[0]} is a copy of {other} with its clock {apart} {side}: {fit} at that distance"


def found(rows: pd.DataFrame, neighbours: Mapping[int, Sequence[int]]) -> list[Copy]:
    """The copies among locations that are each other's neighbours, in `rows` (location, time, value)."""
    alike = [pair for pair in measured(rows, neighbours) if pair.fit.now >= SAME or pair.fit.best >= SHIFTED]
    if not alike:
        return []
    copied = {location for pair in alike for location in pair.locations}
    levels, changes = _hourly(rows)
    agreements = _agreements(levels, copied) + _agreements(changes, copied)
    return [_copy(pair, [float(agreements[one]) for one in pair.locations]) for pair in alike]


def measured(rows: pd.DataFrame, neighbours: Mapping[int, Sequence[int]]) -> Iterator[Pair]:
    """How well each two neighbours fit. Transforms are held as long as a neighbour wants them, and no longer: of all
    locations they are larger than their hours."""
    _, changes = _hourly(rows)
    ids = [int(str(location)) for location in changes]
    pairs = _pairs(ids, neighbours)
    last = {number: at for at, pair in enumerate(pairs) for number in pair}
    held: dict[int, _Series] = {}
    for at, pair in enumerate(pairs):
        for number in pair:
            if number not in held:
                held[number] = _Series.of(changes.iloc[:, number])
        one, other = pair
        yield Pair((ids[one], ids[other]), _fit(held[one], held[other]))
        for number in pair:
            if last[number] == at:
                del held[number]


def _pairs(ids: Sequence[int], neighbours: Mapping[int, Sequence[int]]) -> list[tuple[int, int]]:
    """Each two of them of which one is the other's neighbour, by their places in `ids`."""
    place = {location: number for number, location in enumerate(ids)}
    near = ((place[one], place[other]) for one in ids for other in neighbours[one] if other in place and other != one)
    return sorted({(min(pair), max(pair)) for pair in near})


def _hourly(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The ranks of each location's values and their changes from hour to hour, less the usual at that hour."""
    wide = rows.pivot(index="time", columns="location", values="value").asfreq("h")
    ranks = pd.DataFrame(dependence.ranks(wide), wide.index, wide.columns)
    ranks = ranks.loc[:, ranks.notna().sum() > _HOURS]
    return _unusual(ranks), _unusual(ranks.diff())


def _copy(pair: Pair, agreements: Sequence[float]) -> Copy:
    """`agreements`: of each with the rest."""
    locations, fit = pair.locations, pair.fit
    if fit.now >= SAME:
        return Copy(*locations, 0, fit.now, ())
    early, late = locations if fit.hours > 0 else locations[::-1]
    worse = int(np.argmin(agreements))
    off = (locations[worse],) if agreements[1 - worse] - agreements[worse] >= _TOLD else (early, late)
    return Copy(early, late, abs(fit.hours), fit.best, off)


def _unusual(hourly: pd.DataFrame) -> pd.DataFrame:
    """How far each value is from the usual at that hour of the day."""
    return hourly - hourly.groupby(pd.DatetimeIndex(hourly.index).hour).transform("mean")


def _agreements(unusual: pd.DataFrame, copied: Collection[int]) -> "pd.Series[float]":
    """How well each of the copied fits the mean of the rest at the same hour: a correlation; 0 where there is none."""
    rest = unusual.drop(columns=list(copied)).mean(axis=1)
    return unusual[list(copied)].corrwith(rest).fillna(0.0)


@dataclass(frozen=True, eq=False)
class _Series:
    """The Fourier transforms of a series, of its squares, and of where it is known."""

    values: Any
    squares: Any
    known: Any
    length: int

    @classmethod
    def of(cls, one: "pd.Series[float]") -> "_Series":
        length = 1 << (2 * len(one) - 1).bit_length()
        known = one.notna().to_numpy(dtype=np.float64)
        values = one.fillna(0.0).to_numpy()
        transformed = [np.fft.rfft(part, length) for part in (values, values**2, known)]
        return cls(transformed[0], transformed[1], transformed[2], length)


def _fit(one: _Series, other: _Series) -> Fit:
    """How well they fit at each distance in time at which both are known for long enough."""
    hours = np.rint(_crossed(one.known, other.known, one.length))
    spread = _crossed(one.squares, other.known, one.length) * _crossed(one.known, other.squares, one.length)
    fits = _crossed(one.values, other.values, one.length) / np.sqrt(np.maximum(spread, 1e-9))
    fits[hours < _HOURS] = 0.0
    distances = np.fft.fftfreq(one.length, 1 / one.length).astype(int)
    best = 1 + int(np.argmax(fits[1:]))
    return Fit(float(fits[0]), float(fits[best]), int(distances[best]))


def _crossed(one: Any, other: Any, length: int) -> Array:
    """The sums of products of one with the other, at each distance in time."""
    found: Array = np.fft.irfft(np.conj(one) * other, length)
    return found
