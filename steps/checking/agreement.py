"""Whether a location's hours are plausible: its clock against the others', its level against its own past, and whether
it is alive.

A clock that is a day early gives the other locations, through a neighbour's value, what has yet to come: their scores
are splendid, and their forecasts are not. A unit that changes without notice makes two series of one. And a sensor that
may rest at zero for a day may also be dead. None of this shows in a day's file; it shows in many days' hours. The
bounds are far from what four stations of two archives show: the best shift by a day was never better than none by more
than 0.02, and no month's level was 10 times another's.
"""

from typing import Any, Final

import numpy as np
import pandas as pd

from steps.backends.judged import Doubt
from steps.pages.words import count

_DAYS: Final = tuple(sign * (24 * days + near) for sign in (1, -1) for days in (1, 2) for near in (-1, 0, 1))  # hours
_ROWS: Final = 200  # observed hours of a month; with fewer it is not judged
_MARGIN, _PEAK = 0.15, 0.4  # of correlations: how much better the shift must be, and how good
_TIMES: Final = 50.0
_DEAD: Final = 120  # hours of exactly 0, the newest among them; clean air has rarely a day of it


def doubts(rows: pd.DataFrame) -> dict[int, Doubt]:
    """The locations that are not plausible. `rows`: with location, time (UTC, hourly) and value, by both."""
    found: dict[int, Doubt] = {}
    if rows.empty:
        return found
    for one in (dead(rows), jumped(rows), shifted(rows)):
        found = one | found
    return found


def dead(rows: pd.DataFrame) -> dict[int, Doubt]:
    """The locations that have said 0 and nothing else for days, up to their newest hour."""
    found = {}
    for location, own in rows.dropna(subset="value").groupby("location"):
        spoke = np.flatnonzero(own["value"].to_numpy() != 0)
        silent = own["time"].iloc[spoke[-1] + 1 if len(spoke) else 0 :]
        if len(silent) >= _DEAD:
            reason = f"it has said 0 for {count(len(silent), 'hour')} in a row, since {silent.iloc[0]:%F}: it is dead"
            found[_number(location)] = Doubt(reason, f"{silent.iloc[0]:%Y-%m}")
    return found


def shifted(rows: pd.DataFrame) -> dict[int, Doubt]:
    """The locations whose values fit the others' far better a day or two earlier or later than at the same
    time.

    `rows`: with location, time (UTC, hourly) and value. Values are compared by how far they are from the usual at that
    hour.
    """
    wide = rows.pivot(index="time", columns="location", values="value").asfreq("h")
    hours, ranks = pd.DatetimeIndex(wide.index), wide.rank(pct=True)
    unusual = (ranks - ranks.groupby(hours.hour).transform("mean")).to_numpy(dtype=np.float64)
    known = np.isfinite(unusual)
    measured, total = known.sum(axis=1), np.where(known, unusual, 0.0).sum(axis=1)
    months = pd.Series(range(len(wide))).groupby(hours.strftime("%Y-%m")).indices
    found = {}
    for number, location in enumerate(wide.columns):
        own, rest = unusual[:, number], measured - known[:, number]
        others = np.where(rest > 0, (total - np.where(known[:, number], own, 0.0)) / np.maximum(rest, 1), np.nan)
        later = {lag: _shifted(others, lag) for lag in (0, *_DAYS)}
        lags = {
            str(month): _better(own[here], {lag: one[here] for lag, one in later.items()})
            for month, here in months.items()
        }
        if bad := [month for month, lag in lags.items() if lag]:
            lag = lags[bad[0]]
            shift = f"{abs(lag)} hours {'early' if lag > 0 else 'late'} against the other locations'"
            reason = f"its hours are stamped {shift} in {count(len(bad), 'month')}, the first {bad[0]}"
            found[_number(location)] = Doubt(reason, bad[0])
    return found


def jumped(rows: pd.DataFrame) -> dict[int, Doubt]:
    """The locations with months on a level that no weather explains, but a change of unit does.

    A month's level is what a tenth of its hours exceed: where air is clean the median is 0 or nearly, and any other
    month's is many times that. Months with few hours are not judged, nor those with nothing but zeros.
    """
    months = rows["time"].dt.strftime("%Y-%m")
    of_months = rows.groupby(["location", months])["value"]
    judged = of_months.quantile(0.9)[of_months.count() >= _ROWS]
    found = {}
    for location, own in judged[judged > 0].groupby(level="location"):
        usual, levels = float(own.median()), own.droplevel("location")
        bad = levels[(levels > usual * _TIMES) | (levels * _TIMES < usual)]
        if len(bad):
            month, level = bad.index[0], float(bad.iloc[0])
            reason = (
                f"it is above {level:.3g} a tenth of the time in {month}, above {usual:.3g} in most months; "
                f"{count(len(bad), 'month')} {'are' if len(bad) > 1 else 'is'} like that, as if the unit had changed"
            )
            found[_number(location)] = Doubt(reason, str(month))
    return found


def _number(location: Any) -> int:
    return int(location)


def _shifted(values: Any, lag: int) -> Any:
    """The values `lag` hours later (earlier if negative), NaN if there are none."""
    moved = np.full(len(values), np.nan)
    moved[max(0, -lag) : len(values) - max(0, lag)] = values[max(0, lag) : len(values) - max(0, -lag)]
    return moved


def _better(own: Any, others: dict[int, Any]) -> int:
    """The lag (hours) at which the others fit far better than at the same time, or 0."""
    fits = {lag: _correlation(own, one) for lag, one in others.items()}
    best = max(fits, key=lambda lag: fits[lag])
    return best if fits[best] > _PEAK and fits[best] > fits[0] + _MARGIN else 0


def _correlation(one: Any, other: Any) -> float:
    both = np.isfinite(one) & np.isfinite(other)
    if both.sum() < _ROWS:
        return 0.0
    one, other = one[both] - one[both].mean(), other[both] - other[both].mean()
    spread = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum() / spread) if spread > 0 else 0.0
