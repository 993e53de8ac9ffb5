"""Whether a location's hours are plausible: its clock against the others', its level against its own past.

A clock that is a day early gives the other locations, through a neighbour's value, what has yet to come: their scores
are splendid, and their forecasts are not. And a unit that changes without notice makes two series of one. Neither shows
in a day's file; both show in a month's rows. The bounds are far from what four stations of two archives show: the best
shift by a day was never better than none by more than 0.02, and no month's level was 10 times another's.
"""

from typing import Any, Final

import numpy as np
import pandas as pd

from steps.pages.words import count

_DAYS: Final = tuple(sign * (24 * days + near) for sign in (1, -1) for days in (1, 2) for near in (-1, 0, 1))  # hours
_ROWS: Final = 200  # observed hours of a month; with fewer it is not judged
_MARGIN, _PEAK = 0.15, 0.4  # of correlations: how much better the shift must be, and how good
_TIMES: Final = 50.0


def shifted(rows: pd.DataFrame) -> list[str]:
    """In words, the locations whose values fit the others' far better a day or two earlier or later than at the same
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
    found = []
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
            found.append(
                f"location {location}'s hours are stamped {shift} in {count(len(bad), 'month')}, the first {bad[0]}"
            )
    return found


def jumped(rows: pd.DataFrame) -> list[str]:
    """In words, the locations with months on a level that no weather explains, but a change of unit does.

    A month's level is what a tenth of its hours exceed: where air is clean the median is 0 or nearly, and any other
    month's is many times that. Months with few hours are not judged, nor those with nothing but zeros.
    """
    months = rows["time"].dt.strftime("%Y-%m")
    of_months = rows.groupby(["location", months])["value"]
    judged = of_months.quantile(0.9)[of_months.count() >= _ROWS]
    found = []
    for location, own in judged[judged > 0].groupby(level="location"):
        usual, levels = float(own.median()), own.droplevel("location")
        bad = levels[(levels > usual * _TIMES) | (levels * _TIMES < usual)]
        if len(bad):
            month, level = bad.index[0], float(bad.iloc[0])
            found.append(
                f"location {location} is above {level:.3g} a tenth of the time in {month}, above {usual:.3g} in most "
                f"months; {count(len(bad), 'month')} {'are' if len(bad) > 1 else 'is'} like that, as if the unit had "
                "changed"
            )
    return found


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
