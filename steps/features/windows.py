"""Means and spreads over the last hours, each computed from its own hours alone.

A rolling mean that updates its sum also carries the rounding errors of every earlier hour: a row would depend, if only
in its last digit, on where the series begins. Here the hours of each row are added up separately, oldest first, so that
the same hours give the same bits in a month computed at once and in one that grew by a day.
"""

from typing import Any

import numpy as np

Values = np.ndarray[Any, np.dtype[np.float64]]


def mean(values: Values, window: int, least: int) -> Values:
    """The mean of each row and the `window` − 1 before it, as far as they exist; NaN with fewer than `least`. Of rows ×
    columns, that of each column."""
    total = added(_last(np.nan_to_num(values), window, 0.0))
    count = _known(values, window)
    return _over(total, count, count >= least)


def std(values: Values, window: int, least: int) -> Values:
    """As `mean`, of one column, the sample's standard deviation; `least` is 2 or more. Of equal values it is exactly
    0."""
    origin = newest(values)  # deviations are taken from it, so that equal values have none
    away = _last(values, window, np.nan) - origin
    count = _known(values, window)
    middle = _over(added(np.nan_to_num(away)), count, count >= least)
    squares = added(np.nan_to_num((away - middle) ** 2))
    return np.sqrt(_over(squares, count - 1, count >= least))


def newest(values: Values) -> Values:
    """The newest value that is known at each row; NaN before the first."""
    at = np.maximum.accumulate(np.where(np.isnan(values), 0, np.arange(len(values))))
    found: Values = values[at]
    return found


def added(parts: Values) -> Values:
    """The sum of what lies along the first axis, one after the other."""
    total = np.zeros(parts.shape[1:])
    for part in parts:
        total += part
    return total


def _last(values: Values, window: int, lacking: float) -> Values:
    """The value `window` − 1 rows before each row, …, its own: window × the shape of `values`."""
    padded = np.concatenate([np.full((window, *values.shape[1:]), lacking), values])
    return np.moveaxis(np.lib.stride_tricks.sliding_window_view(padded, window, axis=0)[1:], -1, 0)


def _known(values: Values, window: int) -> Values:
    """How many of each row and the `window` − 1 before it there are."""
    known = np.cumsum(~np.isnan(values), axis=0, dtype=np.float64)
    known[window:] -= known[:-window].copy()
    return known


def _over(total: Values, count: Values, enough: "np.ndarray[Any, np.dtype[np.bool_]]") -> Values:
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=enough)
