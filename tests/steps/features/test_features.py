"""Features look back and never ahead."""

from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steps.features import hourly
from tests.counting import calls
from tests.steps.support.synthetic import FIRST, LEARNING, LOCATIONS, observations

OBSERVED = observations(days=30)
END = 24 * 30


def build(table: pd.DataFrame, location: int = LOCATIONS[0], parameter: str = "no2") -> pd.DataFrame:
    return hourly.build(table, parameter=parameter, learning=LEARNING, location=location)


@cache
def built() -> pd.DataFrame:
    return build(OBSERVED)


def at(table: pd.DataFrame, hour: pd.Timestamp) -> "pd.Series[Any]":
    return table.set_index("time").loc[[hour]].iloc[0]


@given(hour=st.integers(200, END - 2), seed=st.integers(0, 1000), drop=st.booleans())
@settings(max_examples=25, deadline=None)
def test_nothing_of_a_row_changes_when_the_future_does(hour: int, seed: int, drop: bool) -> None:
    t = FIRST + pd.Timedelta(hours=hour)
    random = np.random.default_rng(seed)
    later = OBSERVED["time"] > t
    altered = OBSERVED.copy()
    altered.loc[later, "value"] = random.normal(500, 200, int(later.sum()))
    altered.loc[later, "offset_minutes"] = 300 if seed % 2 else -300
    if drop:  # hours that never came, and a parameter that nobody had measured before
        altered = altered[~later | (random.random(len(altered)) > 0.5)]
        new = altered[altered["time"] > t].assign(parameter="o3").drop_duplicates(["location", "time", "parameter"])
        altered = pd.concat([altered, new]).sort_values(["location", "time", "parameter"], ignore_index=True)
    before, after = (rows[rows["time"] <= t].reset_index(drop=True) for rows in (built(), build(altered)))
    assert len(before) > 0
    pd.testing.assert_frame_equal(before, after[before.columns], check_exact=True)
    assert after[after.columns.difference(before.columns)].isna().all(axis=None)


def test_a_row_needs_no_more_history_than_it_says() -> None:
    t = FIRST + pd.Timedelta(hours=400)
    since = t - pd.Timedelta(hours=hourly.history_hours(LEARNING))
    enough = OBSERVED[(OBSERVED["time"] >= since) & (OBSERVED["time"] <= t)]
    whole, short = at(build(OBSERVED), t), at(build(enough), t)
    np.testing.assert_allclose(short.to_numpy(dtype=float), whole.to_numpy(dtype=float), rtol=1e-5, atol=1e-4)


def test_what_the_columns_mean() -> None:
    times = pd.date_range("2021-03-05T01:00Z", periods=400, freq="h")  # the first ends on Friday 01:00
    value = pd.DataFrame({"time": times, "parameter": "no2", "value": np.arange(400.0)})
    west = pd.DataFrame({"time": times, "parameter": "wind_direction", "value": 270.0})
    wind = pd.DataFrame({"time": times, "parameter": "wind_speed", "value": 3.0})
    ozone = pd.DataFrame({"time": times, "parameter": "o3", "value": 7.0})
    mine = pd.concat([value, west, wind, ozone]).assign(location=1, offset_minutes=-120)
    other = value.assign(value=1000.0, location=2, offset_minutes=0)
    rows = build(pd.concat([mine, other]), location=1)
    row = at(rows, times[300])
    assert row["value"] == row["lag_0"] == 300
    assert row["lag_24"] == 276
    assert row["mean_6"] == np.mean([295, 296, 297, 298, 299, 300])
    assert (row["min_24"], row["max_24"]) == (277, 300)
    assert row["change_24"] == 24
    assert row["mean_same_hour"] == np.mean([300 - 24 * day for day in range(7)])
    assert row["co_o3"] == row["co_o3_mean_24"] == 7
    assert row["others_now"] == 1000
    # a wind from the west blows towards the east
    assert (row["wx_wind_east"], row["wx_wind_north"]) == pytest.approx((3, 0), abs=1e-5)
    # the hour that ends at t + 24 h, where local time is two hours behind
    middle = times[300] + pd.Timedelta(hours=24 - 2, minutes=-30)
    assert (row["cal_hour"], row["cal_weekday"]) == (middle.hour, middle.weekday())
    assert set(rows.dtypes.drop(["location", "time", "value"])) == {np.dtype("float32")}


def test_an_hour_that_ends_at_midnight_belongs_to_the_day_it_was_in() -> None:
    sunday_ends = pd.Timestamp("2021-03-08T00:00Z")  # a Monday's first instant
    t = sunday_ends - pd.Timedelta(hours=24)
    rows = build(pd.DataFrame({"location": [1], "time": [t], "offset_minutes": 0, "parameter": "no2", "value": 1.0}), 1)
    assert (rows.loc[0, "cal_hour"], rows.loc[0, "cal_weekday"], rows.loc[0, "cal_weekend"]) == (23, 6, 1)


@pytest.mark.parametrize(("offset", "stamped"), [(330, "19:00"), (345, "19:00"), (-210, "04:00"), (0, "00:00")])
def test_an_hour_is_that_of_the_local_clock_where_it_is_not_whole_hours_off(offset: int, stamped: str) -> None:
    """The hour that ends at local midnight is stamped with the whole hour of UTC that it ends in."""
    t = pd.Timestamp(f"2021-03-07T{stamped}Z")
    table = pd.DataFrame({"location": [1], "time": [t], "offset_minutes": offset, "parameter": "no2", "value": 1.0})
    assert build(table, 1).loc[0, "cal_hour"] == 23


def test_each_hour_from_first_to_last_has_a_row_and_a_missing_value_stays_missing() -> None:
    holes = OBSERVED.drop(OBSERVED[(OBSERVED["parameter"] == "no2") & (OBSERVED["time"].dt.hour == 5)].index)
    rows = build(holes)
    assert (rows["time"].diff().dropna() == pd.Timedelta(hours=1)).all()
    assert rows.loc[rows["time"].dt.hour == 5, ["value", "lag_0"]].isna().all(axis=None)
    assert rows["mean_24"].iloc[24:].notna().all()


def test_a_location_without_the_target_or_without_anything() -> None:
    other = OBSERVED[(OBSERVED["location"] == LOCATIONS[0]) | (OBSERVED["parameter"] != "no2")]
    rows = build(other, LOCATIONS[1])
    assert len(rows) > 0
    assert rows["value"].isna().all()
    assert rows["others_now"].notna().any()
    assert build(OBSERVED, 999).empty


def test_a_location_without_weather_is_given_the_others() -> None:
    mine = (OBSERVED["location"] == LOCATIONS[1]) & (OBSERVED["parameter"] != "no2")
    given_theirs, own = (build(OBSERVED[~mine], location) for location in reversed(LOCATIONS))
    both = given_theirs.merge(own, on="time", suffixes=("", "_own"))
    np.testing.assert_allclose(both["wx_wind_east"], both["wx_wind_east_own"], rtol=1e-4, atol=1e-4)


def test_no_work_is_done_for_each_hour() -> None:
    """Eighteen months must not take eighteen times what one takes."""
    short, long = (calls(partial(build, observations(days=days))) for days in (30, 180))
    assert long < 1.1 * short
