"""Means and spreads of the last hours: what pandas says, and the same bits wherever the series begins."""

import numpy as np
import pandas as pd
import pytest

from steps.features import windows

RANDOM = np.random.default_rng(4)
SERIES = pd.Series(1000 * RANDOM.random(400)).where(RANDOM.random(400) > 0.3)


@pytest.mark.parametrize(("window", "least"), [(6, 2), (24, 6), (168, 42), (1000, 2)])
def test_they_are_those_of_pandas(window: int, least: int) -> None:
    rolling = SERIES.rolling(window, min_periods=least)
    pd.testing.assert_series_equal(windows.mean(SERIES, window, least), rolling.mean())
    pd.testing.assert_series_equal(windows.std(SERIES, window, least), rolling.std())


@pytest.mark.parametrize("begin", [1, 57, 200])
def test_a_row_is_made_of_its_own_hours_alone(begin: int) -> None:
    later = SERIES.iloc[begin:]
    for of in (windows.mean, windows.std):
        whole, part = of(SERIES, 24, 6), of(later, 24, 6)
        pd.testing.assert_series_equal(part.iloc[23:], whole.iloc[begin + 23 :], check_exact=True)


def test_equal_values_have_no_spread() -> None:
    assert set(windows.std(pd.Series([0.1] * 30, dtype="float64"), 24, 6).dropna()) == {0.0}


def test_a_series_without_rows() -> None:
    assert windows.mean(pd.Series(dtype="float64"), 6, 2).empty
    assert windows.std(pd.Series(dtype="float64"), 6, 2).empty
