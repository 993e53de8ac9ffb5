"""Predictions and what came true, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pandas as pd
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import StatementError

from steps.backends import warehouse
from steps.backends.database import begin, upsert
from steps.backends.warehouse import Outcome, Prediction
from steps.backends.warehouse.schema import measurements, predictions
from steps.backends.warehouse.skill import live_skill

pytestmark = pytest.mark.usefixtures("database")

NOON = datetime(2003, 6, 1, 12, tzinfo=UTC)
ONE, TWO = 9000001, 9000002


def prediction(location: int, hour: int, value: float, version: int = 1) -> Prediction:
    return Prediction(location, NOON + timedelta(hours=hour), value, version, NOON - timedelta(hours=24))


def record(*made: Prediction, parameter: str = "no2") -> None:
    with begin() as connection:
        warehouse.record(connection, "openaq", parameter, made)


def measure(location: int, hour: int, value: float) -> None:
    key = {"project": "openaq", "location": location, "time": NOON + timedelta(hours=hour), "parameter": "no2"}
    with begin() as connection:
        upsert(connection, measurements, [key | {"value": value, "unit": "µg/m³", "day": NOON.date(), "etag": "a"}])


def outcomes() -> list[Outcome]:
    with begin() as connection:
        return warehouse.outcomes(connection, "openaq", "no2", NOON, NOON + timedelta(days=1))


def test_publishing_again_leaves_the_same_rows_with_the_new_values() -> None:
    record(prediction(ONE, 0, 10.0), prediction(TWO, 0, 20.0))
    record(prediction(ONE, 0, 11.0, version=2), prediction(TWO, 0, 20.0))
    assert outcomes() == [Outcome(ONE, NOON, 11.0, None, 2, None, None), Outcome(TWO, NOON, 20.0, None, 1, None, None)]


def test_publishing_again_keeps_what_came_true() -> None:
    record(prediction(ONE, 0, 10.0))
    measure(ONE, 0, 12.5)
    record(prediction(ONE, 0, 11.0))
    assert outcomes() == [Outcome(ONE, NOON, 11.0, 12.5, 1, None, None)]


def test_what_came_true_is_corrected_when_the_source_is_patched() -> None:
    record(prediction(ONE, 0, 10.0), prediction(ONE, 1, 10.0))
    measure(ONE, 0, 12.5)
    measure(TWO, 0, 99.0)
    assert [one.observed for one in outcomes()] == [12.5, None]
    measure(ONE, 0, 13.0)
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
    with pytest.raises(StatementError, match="no time zone"):
        record(Prediction(ONE, NOON.replace(tzinfo=None), 11.0, 1, NOON))
    assert outcomes() == []


def test_the_error_counts_only_what_is_known() -> None:
    record(prediction(ONE, 0, 10.0), prediction(ONE, 1, 10.0), prediction(ONE, 2, 10.0))
    assert warehouse.rmse(outcomes()) is None
    measure(ONE, 0, 13.0)
    measure(ONE, 1, 14.0)
    assert warehouse.rmse(outcomes()) == pytest.approx(12.5**0.5)


def test_two_models_on_one_day_leave_one_prediction_of_the_champion_for_each_hour() -> None:
    former = replace(prediction(ONE, 1, 8.0), role="former")
    record(prediction(ONE, 0, 10.0), prediction(ONE, 1, 10.0), replace(prediction(ONE, 1, 9.0, 2), role="challenger"))
    record(prediction(ONE, 1, 12.0, version=2), former)  # it has taken over, and the day is published again
    assert [(one.target_at, one.predicted, one.version) for one in outcomes()] == [
        (NOON, 10.0, 1),
        (NOON + timedelta(hours=1), 12.0, 2),
    ]
    with begin() as connection:
        c = predictions.c
        found = connection.execute(sa.select(c.role, c.version).where(c.target_at > NOON).order_by(c.role)).fetchall()
        assert [tuple(row) for row in found] == [("champion", 2), ("former", 1)]
        assert warehouse.began(connection, "openaq", "no2", 2) == NOON + timedelta(hours=1)


def beside(champion: int | None) -> pd.DataFrame:
    until, role = NOON + timedelta(days=2), "challenger"
    with begin() as connection:
        return warehouse.versus.days(
            connection, "openaq", "no2", [ONE, TWO], until, role=role, versions=[2], champion=champion
        )


def test_another_model_counts_in_no_view_of_the_champion() -> None:
    record(prediction(ONE, 0, 10.0), replace(prediction(ONE, 0, 90.0, version=2), role="challenger"))
    measure(ONE, 0, 12.0)
    measure(ONE, -24, 11.0)
    assert warehouse.rmse(outcomes()) == 2.0
    with begin() as connection:
        assert connection.execute(sa.select(live_skill.c.error, live_skill.c.version)).fetchall() == [(2.0, 1)]
    told, gone = beside(None), beside(9)
    assert told[["location", "hours", "own", "other"]].to_numpy().tolist() == [[ONE, 1, 2.0, 78.0]]
    assert gone.empty
