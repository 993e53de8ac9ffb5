"""Locations are judged by the hours that the warehouse has, on both databases."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from pipeline.projects.openaq import OPENAQ
from steps.backends import catalog
from steps.backends import measurements as measured
from steps.backends.catalog import Accepted
from steps.backends.database import begin
from steps.backends.measurements import Measured
from steps.backends.objects import lake
from steps.backends.warehouse.schema import measurements
from steps.contract.declaration import parse
from steps.features import target_hours
from steps.features.judging import judge
from tests.steps.support.collecting import keys

START = datetime(2021, 2, 27, tzinfo=UTC)
LAST = date(2021, 3, 8)
HOUR = timedelta(hours=1)
PROJECT = parse(OPENAQ.declaration())


@pytest.mark.usefixtures("database", "store_environment")
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
    found = judge(lake(), PROJECT, "no2", [1, 2], first=START.date(), last=LAST, revision=0, at=START)
    assert found == {2: "it has said 0 for 150 hours in a row, since 2021-03-02: it is dead"}


def decide(location: int, days: Sequence[date], etag: str, value: float) -> None:
    """Those days are accepted and loaded; each of the target's hours has that value."""
    good = []
    for day in days:
        start = datetime.combine(day, time(), UTC)
        good.append(Accepted(location, day, etag, "k", 24, start + HOUR, start + 24 * HOUR))
    catalog.record("openaq", good, [], at=START)
    while due := measured.pending("openaq", location).accepted:
        hours = {
            one: [Measured(one.first_hour + n * HOUR, "no2", "µg/m³", value + n) for n in range(24)] for one in due
        }
        measured.replace("openaq", location, hours)


def hours(since: date) -> pd.DataFrame:
    return target_hours.read(lake(), "openaq", "no2", [1, 2], since, revision=catalog.revision("openaq"))


@pytest.mark.usefixtures("database", "store_environment")
def test_only_the_hours_around_what_was_decided_since_are_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    days = [START.date() + timedelta(days=n) for n in range(40)]
    for location in (1, 2):
        decide(location, days[:30], "e", location)
    assert len(hours(days[0])) == 2 * 30 * 24
    measure, read = target_hours._measured, list[int]()

    def noting(*of: Any) -> pd.DataFrame:
        read.append(len(found := measure(*of)))
        return found

    monkeypatch.setattr(target_hours, "_measured", noting)
    assert len(hours(days[1])) == 2 * 29 * 24 + 2
    assert read == []
    decide(1, days[30:31], "e", 5.5)
    decide(2, [days[20], days[22]], "patched", 0.1)
    found = hours(days[1])
    assert sorted(read) == [3 * 24 + 1, 8 * 24 + 1]
    assert (found["value"] < 1).sum() == 4  # the patched ones, and those after them, which were loaded anew
    for key in keys("cache/"):
        lake().delete(key)
    pd.testing.assert_frame_equal(found, hours(days[1]), check_exact=True)
    assert len(hours(days[0])) == len(found) + 2 * 24 - 2
