"""An input that knows the target's future is named with its location and evidence; honest ones that lead are not."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd
import pytest

from steps.checking.leaks import finding as leaks
from steps.checking.leaks import foresight
from tests.steps.support import leaks as wrong
from tests.steps.support import weather
from tests.steps.support.synthetic import features

NEAR = {one: [other for other in (*weather.LOCATIONS, 999) if other != one] for one in (*weather.LOCATIONS, 999)}


@cache
def rows(days: int = 365, seed: int = 1) -> pd.DataFrame:
    return features(weather.observations(days, seed), "pm25")


@cache
def target() -> "pd.Series[float]":
    return wrong.hourly_of(weather.observations(), "pm25")


def with_input(series: "pd.Series[float]", name: str = "wx_relativehumidity") -> pd.DataFrame:
    """The year's features with one more, the same at all locations."""
    return rows().assign(**{name: series.reindex(rows()["time"]).to_numpy()})


def told(table: pd.DataFrame, reporting: Sequence[int] = ()) -> list[str]:
    return leaks.found(table, "pm25", NEAR, lambda _: reporting).refused


@pytest.mark.parametrize(
    "made_of",
    [pytest.param(one, marks=pytest.mark.soak) if number % 3 else one for number, one in enumerate(wrong.FORETELLING)],
)
def test_an_input_made_of_what_is_to_come_is_refused_by_name(made_of: str) -> None:
    lines = told(with_input(wrong.FORETELLING[made_of](target())), [999])
    assert lines
    assert lines[0].startswith("relativehumidity of location 999 knows pm25 ")
    assert " ahead at location" in lines[0]
    assert "is allowed)" in lines[0]


@pytest.mark.parametrize("hours", [5, 24, *(pytest.param(one, marks=pytest.mark.soak) for one in (8, 12, 16, 60))])
def test_whatever_the_distance_it_is_told(hours: int) -> None:
    known = max(foresight.found(with_input(target().shift(-hours))), key=lambda one: one.value / one.allowed)
    assert (known.location, known.hours) == (201, hours)
    assert known.value > 0.95 > known.now


def test_an_own_pollutant_with_its_clock_early_is_named_at_its_location() -> None:
    early = rows().copy()
    own = early["location"] == 202
    early.loc[own, "co_pm10"] = early.loc[own, "co_pm10"].shift(-24)
    lines = told(early)
    assert len(lines) == 1
    assert lines[0].startswith("pm10 of location 202 knows pm25 24 hours ahead at location 202: ")


def test_of_two_locations_that_report_it_the_one_that_knows_is_named() -> None:
    observed = weather.observations()
    observed = wrong.reported(observed, "temperature", target().shift(-24))
    table = features(observed, "pm25")
    lines = told(table, [201, 999])
    assert len(lines) == 1
    assert lines[0].startswith("temperature of location 999 knows pm25 ")
    assert " ahead at locations 202 and 203: " in lines[0]


@pytest.mark.soak
def test_what_tells_the_past_is_no_leak() -> None:
    day = target().rolling(24, min_periods=6).mean()
    for honest in (
        target(),
        target().shift(12),
        target().clip(lower=1).apply(np.log),
        day,
        target() - target().shift(24),
    ):
        assert told(with_input(honest)) == []


@pytest.mark.parametrize(
    ("days", "seed"),
    [
        *(pytest.param(365, seed, marks=pytest.mark.soak) for seed in (1, 2)),
        *(pytest.param(33, seed, marks=pytest.mark.soak) for seed in (2, 3)),
        (33, 1),
    ],
)
@pytest.mark.parametrize("parameter", ["pm25", "no2", "so2"])
def test_weather_that_leads_and_fronts_that_travel_are_no_leaks(days: int, seed: int, parameter: str) -> None:
    table = features(weather.observations(days, seed), parameter)
    assert leaks.found(table, parameter, NEAR, lambda _: [201]) == leaks.Leaks([], [])


def test_ten_days_say_nothing() -> None:
    assert list(foresight.measured(rows()[rows()["time"] < weather.FIRST + pd.Timedelta(days=10)])) == []
