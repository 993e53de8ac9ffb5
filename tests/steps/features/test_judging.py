"""Locations are judged by the hours that the warehouse has, on both databases."""

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from pipeline.projects.openaq import OPENAQ
from steps.backends.database import begin
from steps.backends.warehouse.schema import measurements
from steps.contract.declaration import parse
from steps.features.judging import judge

START = datetime(2021, 2, 27, tzinfo=UTC)
LAST = date(2021, 3, 8)


@pytest.mark.usefixtures("database")
def test_a_sensor_that_has_died_is_left_out_since_the_hour_it_did() -> None:
    of = {"project": "openaq", "parameter": "no2", "unit": "µg/m³", "day": LAST, "etag": "e"}
    spoke = {1: 240, 2: 90}  # hours; the second one says 0 from then on
    rows = [
        of | {"location": location, "time": START + timedelta(hours=hour), "value": float(hour <= until)}
        for location, until in spoke.items()
        for hour in range(1, 241)
    ]
    with begin() as connection:
        connection.execute(sa.insert(measurements), rows)
    found = judge(parse(OPENAQ.declaration()), "no2", [1, 2], START.date(), LAST, at=START)
    assert found == {2: "it has said 0 for 150 hours in a row, since 2021-03-02: it is dead"}
