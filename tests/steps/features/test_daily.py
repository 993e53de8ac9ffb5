"""Features of days look back and never ahead, and their calendar is that of the day that is predicted."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steps.features import daily
from steps.testing import check_features
from tests.steps.support.daily import FIRST, declared, observations

LEARNING = declared().learning
OBSERVED = observations(days=200)
BEGIN = pd.Timestamp(FIRST, tz="UTC")


def build(observed: pd.DataFrame, location: int = 1) -> pd.DataFrame:
    return daily.build(observed, parameter="sold", learning=LEARNING, location=location)


@given(day=st.integers(100, 198), seed=st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_nothing_of_a_row_changes_when_the_future_does(day: int, seed: int) -> None:
    t = BEGIN + pd.Timedelta(days=day)
    random = np.random.default_rng(seed)
    later = OBSERVED["time"] > t
    altered = OBSERVED.copy()
    altered.loc[later, "value"] = random.normal(500, 200, int(later.sum()))
    altered = altered[~later | (random.random(len(altered)) > 0.5)]
    before, after = (rows[rows["time"] <= t].reset_index(drop=True) for rows in (build(OBSERVED), build(altered)))
    assert len(before) > 0
    pd.testing.assert_frame_equal(before, after[before.columns], check_exact=True)


def test_a_row_needs_no_more_history_than_it_says() -> None:
    t = OBSERVED["time"].max()
    history = pd.Timedelta(hours=daily.history_hours(LEARNING))
    enough = OBSERVED[OBSERVED["time"] >= t - history]
    whole, short = (build(rows).iloc[-1].drop("time").to_numpy(dtype=float) for rows in (OBSERVED, enough))
    np.testing.assert_allclose(short, whole, rtol=1e-5, atol=1e-4)


def test_what_the_columns_mean() -> None:
    times = pd.date_range("2024-02-01T00:00Z", periods=60, freq="D")  # the first ends Wednesday, 31 January
    sold = pd.DataFrame({"time": times, "parameter": "sold", "value": np.arange(60.0)})
    mine = pd.concat([sold, sold.assign(parameter="temp", value=7.0)]).assign(location=1, offset_minutes=0)
    rows = build(pd.concat([mine, sold.assign(value=1000.0, location=2, offset_minutes=0)]))
    row = rows.set_index("time").loc[pd.Timestamp("2024-03-01T00:00Z")]  # which ends 29 February, a Thursday
    assert row["value"] == row["lag_0"] == 29
    assert (row["lag_7"], row["mean_7"], row["max_28"], row["change_7"]) == (22, 26, 29, 7)
    assert row["mean_same_weekday"] == np.mean([23, 16, 9, 2]), "Fridays: 1 March less whole weeks"
    assert (row["co_temp"], row["others_now"], row["others_change_7"]) == (7, 1000, 0)
    friday = {"cal_weekday": 4, "cal_weekend": 0, "cal_monthday": 1, "cal_month": 3}
    assert {name: row[name] for name in friday} == friday


def test_a_series_without_the_target_or_the_location_has_no_values() -> None:
    assert build(OBSERVED[OBSERVED["parameter"] == "temp"])["value"].isna().all()
    assert build(OBSERVED, location=3).empty


def test_they_keep_the_contract_of_feature_functions() -> None:
    check_features(declared())


def test_a_row_that_looks_further_back_than_it_says_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daily, "history_hours", lambda _: 24 * 7)
    with pytest.raises(AssertionError, match="looks further back than the 168 hours"):
        check_features(declared())
