"""Predictions and what came true, on both databases."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from steps.backends import warehouse
from steps.backends.database import begin
from steps.backends.warehouse import Observation, Outcome, Prediction

pytestmark = pytest.mark.usefixtures("database")

NOON = datetime(2003, 6, 1, 12, tzinfo=UTC)
ONE, TWO = 9000001, 9000002


def prediction(location: int, hour: int, value: float, version: int = 1) -> Prediction:
    return Prediction(location, NOON + timedelta(hours=hour), value, version, NOON - timedelta(hours=24))


def record(*made: Prediction, parameter: str = "no2") -> None:
    with begin() as connection:
        warehouse.record(connection, "openaq", parameter, made)


def observe(*measured: Observation) -> int:
    with begin() as connection:
        return warehouse.observe(connection, "openaq", "no2", measured)


def outcomes() -> list[Outcome]:
    with begin() as connection:
        return warehouse.outcomes(connection, "openaq", "no2", NOON, NOON + timedelta(days=1))


def test_publishing_again_leaves_the_same_rows_with_the_new_values() -> None:
    record(prediction(ONE, 0, 10.0), prediction(TWO, 0, 20.0))
    record(prediction(ONE, 0, 11.0, version=2), prediction(TWO, 0, 20.0))
    assert outcomes() == [Outcome(ONE, NOON, 11.0, None, 2, None, None), Outcome(TWO, NOON, 20.0, None, 1, None, None)]


def test_publishing_again_keeps_what_came_true() -> None:
    record(prediction(ONE, 0, 10.0))
    assert observe(Observation(ONE, NOON, 12.5)) == 1
    record(prediction(ONE, 0, 11.0))
    assert outcomes() == [Outcome(ONE, NOON, 11.0, 12.5, 1, None, None)]


def test_what_came_true_is_written_once_and_corrected_when_the_source_is_patched() -> None:
    record(prediction(ONE, 0, 10.0), prediction(ONE, 1, 10.0))
    assert observe(Observation(ONE, NOON, 12.5), Observation(TWO, NOON, 99.0)) == 1
    assert observe(Observation(ONE, NOON, 12.5)) == 0
    assert observe(Observation(ONE, NOON, 13.0)) == 1
    assert [one.observed for one in outcomes()] == [13.0, None]


def test_parameters_do_not_mix() -> None:
    record(prediction(ONE, 0, 10.0))
    record(prediction(ONE, 0, 77.0), parameter="pm25")
    assert outcomes() == [Outcome(ONE, NOON, 10.0, None, 1, None, None)]


def test_an_hour_is_the_same_hour_in_every_zone() -> None:
    vienna = timezone(timedelta(hours=2))
    record(prediction(ONE, 0, 10.0))
    record(Prediction(ONE, NOON.astimezone(vienna), 11.0, 1, NOON))
    assert outcomes() == [Outcome(ONE, NOON, 11.0, None, 1, None, None)]
    assert outcomes()[0].target_at.utcoffset() == timedelta(0)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(Exception, match="no time zone"):
        record(Prediction(ONE, NOON.replace(tzinfo=None), 11.0, 1, NOON))
    assert outcomes() == []


def test_the_error_counts_only_what_is_known() -> None:
    record(prediction(ONE, 0, 10.0), prediction(ONE, 1, 10.0), prediction(ONE, 2, 10.0))
    assert warehouse.rmse(outcomes()) is None
    observe(Observation(ONE, NOON, 13.0), Observation(ONE, NOON + timedelta(hours=1), 14.0))
    assert warehouse.rmse(outcomes()) == pytest.approx(12.5**0.5)
