"""Means and spreads of the last hours: what pandas says, and the same bits wherever the series begins."""

import numpy as np
import pandas as pd
import pytest

from steps.features import windows

RANDOM = np.random.default_rng(4)
SERIES = np.where(RANDOM.random(400) > 0.3, 1000 * RANDOM.random(400), np.nan)


@pytest.mark.parametrize(("window", "least"), [(6, 2), (24, 6), (168, 42), (1000, 2)])
def test_they_are_those_of_pandas(window: int, least: int) -> None:
    rolling = pd.Series(SERIES).rolling(window, min_periods=least)
    np.testing.assert_allclose(windows.mean(SERIES, window, least), rolling.mean(), rtol=1e-12)
    np.testing.assert_allclose(windows.std(SERIES, window, least), rolling.std(), rtol=1e-9)


@pytest.mark.parametrize("begin", [1, 57, 200])
def test_a_row_is_made_of_its_own_hours_alone(begin: int) -> None:
    for of in (windows.mean, windows.std):
        whole, part = of(SERIES, 24, 6), of(SERIES[begin:], 24, 6)
        np.testing.assert_array_equal(part[23:], whole[begin + 23 :])


def test_columns_are_as_each_by_itself() -> None:
    table = RANDOM.permuted(np.column_stack([SERIES] * 5), axis=0)
    each = [windows.mean(column, 24, 6) for column in table.T]
    np.testing.assert_array_equal(windows.mean(table, 24, 6), np.column_stack(each))


@pytest.mark.parametrize("rows", [1, 2, 23])
def test_a_short_series_has_what_the_rows_of_a_long_one_have(rows: int) -> None:
    for of in (windows.mean, windows.std):
        np.testing.assert_array_equal(of(SERIES[:rows], 24, 2), of(SERIES, 24, 2)[:rows])


def test_equal_values_have_no_spread() -> None:
    found = windows.std(np.full(30, 0.1), 24, 6)
    assert set(found[~np.isnan(found)]) == {0.0}


def test_a_series_without_rows() -> None:
    assert not windows.mean(np.array([]), 6, 2).size
    assert not windows.std(np.array([]), 6, 2).size
