"""Means and spreads over the last hours, each computed from its own hours alone.

A rolling mean that updates its sum also carries the rounding errors of every earlier hour: a row would depend, if only
in its last digit, on where the series begins. Here the hours of each row are added up separately, oldest first, so that
the same hours give the same bits in a month computed at once and in one that grew by a day.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

_Values = np.ndarray[Any, np.dtype[np.float64]]


def mean(series: "pd.Series[float]", window: int, least: int) -> "pd.Series[float]":
    """The mean of each row and the `window` − 1 before it, as far as they exist; NaN with fewer than `least`."""
    values = series.to_numpy(dtype=np.float64)
    total, count = np.zeros(len(values)), np.zeros(len(values))
    for here, then in _pairs(values, window):
        total[here] += np.nan_to_num(then)
        count[here] += ~np.isnan(then)
    return pd.Series(_over(total, count, count >= least), index=series.index)


def std(series: "pd.Series[float]", window: int, least: int) -> "pd.Series[float]":
    """As `mean`, the sample's standard deviation; `least` is 2 or more. Of equal values it is exactly 0."""
    newest = series.ffill()  # deviations are taken from it, so that equal values have none
    values, origin = series.to_numpy(dtype=np.float64), newest.to_numpy(dtype=np.float64)
    total, count, squares = (np.zeros(len(values)) for _ in range(3))
    for here, then in _pairs(values, window):
        total[here] += np.nan_to_num(then - origin[here])
        count[here] += ~np.isnan(then)
    middle = _over(total, count, count >= least)
    for here, then in _pairs(values, window):
        squares[here] += np.nan_to_num((then - origin[here] - middle[here]) ** 2)
    return pd.Series(np.sqrt(_over(squares, count - 1, count >= least)), index=series.index)


def _pairs(values: _Values, window: int) -> Iterator[tuple[slice, _Values]]:
    """Rows, and the values so many hours before each: window − 1, …, 1, 0."""
    for back in reversed(range(min(window, len(values)))):
        yield slice(back, None), values[: len(values) - back]


def _over(total: _Values, count: _Values, enough: "np.ndarray[Any, np.dtype[np.bool_]]") -> _Values:
    return np.divide(total, count, out=np.full(len(total), np.nan), where=enough)
