"""Whether a location's hours are plausible: its clock against the others', its level against its own past, and whether
it is alive.

A clock that is early gives the other locations, through a neighbour's value, what has yet to come: their scores are
splendid, and their forecasts are not. A unit that changes without notice makes two series of one. And a sensor that may
rest at zero for a day may also be dead. None of this shows in a day's file; it shows in many days' hours. The bounds
are far from what five stations of two archives show: no shift by 10 to 72 hours fitted a month better than none, and no
month's level was 10 times another's. Air may need some hours from one location to the next, so shifts by less are no
fault; those of copies are found by `steps.checking.leaks.copies`.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd

from steps.backends.judged import Doubt
from steps.checking import dependence
from steps.pages.words import count
from steps.summaries.intervals import DAY, HOUR, Interval

_LAGS: Final = np.array([0, *(sign * hours for sign in (1, -1) for hours in range(1, 73))])
_DAYS: Final = np.isin(np.abs(_LAGS), [23, 24, 25, 47, 48, 49])  # what a date that is wrong makes
_ROWS: Final = 200  # observed hours of a month; with fewer it is not judged
_NEAR: Final = np.abs(_LAGS) < 10
# of correlations: how much better than none the shift must be, and how good; of days, and of any other hours, of which
# there are more to fit by chance
_MARGIN: Final = np.where(_DAYS, 0.15, 0.2)
_HOURS: Final = 400  # of a month, that both must have
_PEAK: Final = np.where(_NEAR, np.inf, np.where(_DAYS, 0.4, 0.6))
_TIMES: Final = 50.0
_MONTH: Final = "datetime64[M]"
_DEAD: Final = 120  # hours, or days, of exactly 0, the newest among them; clean air has rarely a day of it


def doubts(rows: pd.DataFrame, interval: Interval = HOUR) -> dict[int, Doubt]:
    """The locations that are not plausible. `rows`: with location, time (UTC) and value, by both. Of a daily series
    only whether they are alive: months of days are too few to tell a clock or a unit by."""
    found: dict[int, Doubt] = {}
    if rows.empty:
        return found
    if interval is DAY:
        return dead(rows, interval)
    for one in (dead(rows, interval), jumped(rows), shifted(rows)):
        found = one | found
    return found


def dead(rows: pd.DataFrame, interval: Interval) -> dict[int, Doubt]:
    """The locations that have said 0 and nothing else for so long, up to their newest hour (or day)."""
    found = {}
    for location, own in rows.dropna(subset="value").groupby("location"):
        spoke = np.flatnonzero(own["value"].to_numpy() != 0)
        silent = own["time"].iloc[spoke[-1] + 1 if len(spoke) else 0 :]
        if len(silent) >= _DEAD:
            since = f"since {interval.moment(silent.iloc[0])[:10]}"
            reason = f"it has said 0 for {count(len(silent), interval.name)} in a row, {since}: it is dead"
            found[_number(location)] = Doubt(reason, f"{silent.iloc[0]:%Y-%m}")
    return found


def shifted(rows: pd.DataFrame) -> dict[int, Doubt]:
    """The locations whose values fit the others' far better hours or days earlier or later than at the same
    time. The worst goes first, and the others are compared without it; of two it cannot be told which is off.

    `rows`: with location, time (UTC, hourly) and value. Values are compared by how far they are from the usual at that
    hour.
    """
    wide = rows.pivot(index="time", columns="location", values="value").asfreq("h")
    hours, ranks = pd.DatetimeIndex(wide.index), wide.rank(pct=True)
    unusual = ranks - ranks.groupby(hours.hour).transform("mean")
    months = _months(hours)
    found: dict[int, Doubt] = {}
    while len(unusual.columns) > 1:
        known = unusual.sum(axis=1), unusual.count(axis=1)
        off = [one for one in map(partial(_off, unusual, months, *known), unusual) if one]
        named = off if len(unusual.columns) == 2 else sorted(off, key=lambda one: -one.gain)[:1]
        found |= {_number(one.location): one.doubt for one in named}
        if len(named) != 1:
            break
        unusual = unusual.drop(columns=named[0].location)
    return found


def jumped(rows: pd.DataFrame) -> dict[int, Doubt]:
    """The locations with months on a level that no weather explains, but a change of unit does.

    A month's level is what a tenth of its hours exceed: where air is clean the median is 0 or nearly, and any other
    month's is many times that. Months with few hours are not judged, nor those with nothing but zeros.
    """
    months = pd.DatetimeIndex(rows["time"]).tz_convert(None).to_numpy().astype(_MONTH).astype(np.int64)
    of_months = rows.groupby(["location", months])["value"]
    judged = of_months.quantile(0.9)[of_months.count() >= _ROWS]
    found = {}
    for location, own in judged[judged > 0].groupby(level="location"):
        usual, levels = float(own.median()), own.droplevel("location")
        bad = levels[(levels > usual * _TIMES) | (levels * _TIMES < usual)]
        if len(bad):
            month, level = str(np.datetime64(int(bad.index[0]), "M")), float(bad.iloc[0])
            reason = (
                f"it is above {level:.3g} a tenth of the time in {month}, above {usual:.3g} in most months; "
                f"{count(len(bad), 'month')} {'are' if len(bad) > 1 else 'is'} like that, as if the unit had changed"
            )
            found[_number(location)] = Doubt(reason, month)
    return found


def _number(location: Any) -> int:
    return int(location)


@dataclass(frozen=True)
class _Off:
    """A location that is off against the others: in which months, so many `hours` early; and how much better they fit
    at that distance, over all of these."""

    location: int
    months: tuple[str, ...]
    hours: int
    gain: float

    @property
    def doubt(self) -> Doubt:
        shift = f"{abs(self.hours)} hours {'early' if self.hours > 0 else 'late'} against the other locations'"
        where = f"in {count(len(self.months), 'month')}, the first {self.months[0]}"
        return Doubt(f"its hours are stamped {shift} {where}", self.months[0])


def _months(hours: pd.DatetimeIndex) -> dict[str, slice]:
    """Which of `hours`, one after the other, are in each month (YYYY-MM, UTC)."""
    months, begins = np.unique(hours.tz_convert(None).to_numpy().astype(_MONTH), return_index=True)
    ends = np.append(begins, len(hours))[1:]
    return {str(month): slice(begin, end) for month, begin, end in zip(months, begins, ends, strict=True)}


def _off(
    unusual: pd.DataFrame,
    months: dict[str, slice],
    total: "pd.Series[float]",
    known: "pd.Series[int]",
    location: int,
) -> _Off | None:
    """None if the location's clock is right; `total` and `known`: of all locations, at each hour."""
    own = unusual[location]
    rest = known - own.notna().astype(int)
    others = (total - own.fillna(0.0)) / rest.where(rest > 0)
    later = dependence.later(others.to_numpy(dtype=np.float64), _LAGS)
    found: dict[str, Any] = {}
    for month, here in months.items():
        if here.stop - here.start < _HOURS:
            continue
        fits = _correlations(own.to_numpy()[here], later[here])
        if (fits > np.maximum(_PEAK, fits[0] + _MARGIN)).any():
            found[month] = fits
    if not found:
        return None
    fits = np.mean(list(found.values()), axis=0)
    return _Off(location, tuple(found), int(_LAGS[fits.argmax()]), float(fits.max() - fits[0]) * len(found))


def _correlations(own: Any, later: Any) -> Any:
    """The correlation of one column with each of the others; 0 where both are known too seldom."""
    both = np.isfinite(own)[:, None] & np.isfinite(later)
    hours = np.maximum(both.sum(axis=0), 1)
    one, other = (np.where(both, values, 0.0) for values in (own[:, None], later))
    one, other = (np.where(both, values - values.sum(axis=0) / hours, 0.0) for values in (one, other))
    spread = np.sqrt((one**2).sum(axis=0) * (other**2).sum(axis=0))
    return np.where((hours >= _HOURS) & (spread > 0), (one * other).sum(axis=0) / np.maximum(spread, 1e-12), 0.0)
