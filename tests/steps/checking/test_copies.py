"""A station under two ids, and a copy whose clock is off, are named; real neighbours are not."""

from functools import cache

import pandas as pd
import pytest

from steps.checking import agreement
from steps.checking.leaks import copies
from steps.checking.leaks import finding as leaks
from tests.steps.support import leaks as wrong
from tests.steps.support import weather


@cache
def observed(days: int = 365, locations: tuple[int, ...] = weather.LOCATIONS) -> pd.DataFrame:
    rows = weather.observations(days, locations=locations)
    return rows[rows["parameter"] == "pm25"]


def found(rows: pd.DataFrame) -> leaks.Leaks:
    ids = sorted(set(rows["location"]))
    near = {one: [other for other in ids if other != one] for one in ids}
    return leaks.found(rows[["location", "time", "value"]], "pm25", near, lambda _: [])


@pytest.mark.parametrize(
    ("days", "hours"),
    [*((40, hours) for hours in (12, 16, 24, 60)), (365, 500)]
    + [pytest.param(365, hours, marks=pytest.mark.soak) for hours in (12, 16, 24, 60)],
)
def test_a_copy_with_its_clock_early_is_named_and_its_original_is_not(days: int, hours: int) -> None:
    told = found(wrong.copied(observed(days), hours)).refused
    assert [line.partition(":")[0] for line in told] == [
        f"location 999 is a copy of 201 with its clock {hours} hours early"
    ]


@pytest.mark.parametrize("days", [pytest.param(365, marks=pytest.mark.soak), 40])
@pytest.mark.parametrize("hours", [1, 5, 8])
def test_where_fronts_come_hours_before_it_a_copy_that_is_as_early_may_be_the_right_one(days: int, hours: int) -> None:
    told = found(wrong.copied(observed(days), hours)).refused
    assert len(told) == 1
    assert "999" in told[0].split(" is a copy of ")[0], "the original alone is never named"
    assert f"{hours} hour" in told[0]


@pytest.mark.parametrize("hours", [12, *(pytest.param(one, marks=pytest.mark.soak) for one in (24, 500))])
def test_a_copy_with_its_clock_late_is_the_one_that_is_named(hours: int) -> None:
    told = found(wrong.copied(observed(), -hours)).refused
    assert [line.partition(":")[0] for line in told] == [
        f"location 999 is a copy of 201 with its clock {hours} hours late"
    ]


def test_a_copy_that_is_scaled_blurred_and_rounded_is_one() -> None:
    told = found(wrong.copied(observed(), 12, noise=0.05)).refused
    assert len(told) == 1
    assert told[0].startswith("location 999 is a copy of 201 with its clock 12 hours early")


def test_where_no_third_location_tells_both_are_named() -> None:
    told = found(wrong.copied(observed(locations=(201,)), 12)).refused
    assert len(told) == 1
    assert "locations 999 and 201 are one station with clocks 12 hours apart, 999's is early or 201's late" in told[0]
    assert "which no other location tells" in told[0]


def test_one_station_under_two_ids_is_said_and_not_refused() -> None:
    told = found(wrong.copied(observed(), 0))
    assert not told.refused
    assert len(told.said) == 1
    assert told.said[0].startswith("locations 201 and 999 are one station under two ids")


@pytest.mark.parametrize("days", [pytest.param(365, marks=pytest.mark.soak), 33])
@pytest.mark.parametrize("seed", [1, 2])
def test_neighbours_that_a_front_reaches_one_after_another_are_no_copies(days: int, seed: int) -> None:
    rows = weather.observations(days, seed)
    for parameter in ("pm25", "no2", "so2"):
        own = rows[rows["parameter"] == parameter]
        assert found(own) == leaks.Leaks([], [])
        near = dict.fromkeys(weather.LOCATIONS, weather.LOCATIONS)
        assert all(pair.fit.best < 0.75 * copies.SHIFTED for pair in copies.measured(own, near))


@pytest.mark.parametrize("hours", [12, -12, 30])
def test_a_clock_that_is_hours_off_is_found_and_the_worst_is_named_alone(hours: int) -> None:
    rows = observed()
    off = rows["location"] == 202
    times = rows["time"].where(~off, rows["time"] - pd.Timedelta(hours=hours))
    told = agreement.shifted(rows.assign(time=times))
    assert list(told) == [202]
    words = told[202].reason.removeprefix("its hours are stamped ").split()
    assert words[1:3] == ["hours", "early" if hours > 0 else "late"]
    assert abs(int(words[0]) - abs(hours)) <= weather.TRAVEL
