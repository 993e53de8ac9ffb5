"""What goes wrong around the monitor: outcomes that stay away, clocks, rollbacks, and being killed at any point."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from steps import monitor
from steps.backends import promotions, runs
from steps.backends.database import begin
from steps.backends.runs import Run
from steps.backends.warehouse import schema, skill, watches
from steps.errors import StepError
from steps.monitoring import live
from tests.steps.support.released import decide, release
from tests.steps.test_monitor import START, World, alarms, watched, world, worse

__all__ = ["world"]
pytestmark = pytest.mark.usefixtures("database_environment", "store_environment")


def kept() -> list[tuple[object, ...]]:
    """The alarms, without when they were written down."""
    return [(one.kind, one.location, one.number, one.day, one.cause, one.training, one.outcome) for one in alarms()]


def forget(first: int, last: int) -> list[dict[str, Any]]:
    """What was measured on these days is gone; its rows."""
    c = schema.measurements.c
    span = c.time > START + timedelta(days=first), c.time <= START + timedelta(days=last)
    with begin() as connection:
        rows = [dict(row) for row in connection.execute(sa.select(schema.measurements).where(*span)).mappings()]
        connection.execute(sa.delete(schema.measurements).where(*span))
    return rows


def test_no_outcomes_for_weeks_alarm_nobody_and_when_they_come_each_alarm_is_raised_once(
    world: World, tmp_path: Path
) -> None:
    world.days(110, error=worse(60, 1.5))
    late = forget(60, 110)
    found = watched(tmp_path, 110)
    assert found["alarms"] == [] and "59 days watched: no alarm" in found["words"]
    with begin() as connection:
        connection.execute(sa.insert(schema.measurements), late)
    first = watched(tmp_path, 110)
    before = kept()
    assert {one["cause"] for one in first["alarms"]} == {"world"} and first["manifest"]
    assert watched(tmp_path, 110)["manifest"] == first["manifest"] and kept() == before


def test_a_clock_that_is_ahead_sees_no_more_and_one_that_is_behind_raises_nothing_again(
    world: World, tmp_path: Path
) -> None:
    world.days(100, error=worse(60, 1.5))
    ahead = watched(tmp_path, 1000)
    before = kept()
    behind = watched(tmp_path, 95)
    assert "99 days watched" in ahead["words"] and "94 days watched" in behind["words"]
    assert kept() == before and behind["manifest"]["metadata"] == ahead["manifest"]["metadata"]


def test_a_rollback_in_between_begins_anew_and_the_old_alarms_stay(world: World, tmp_path: Path) -> None:
    world.days(85, error=worse(40, 1.5))
    watched(tmp_path, 85)
    before = kept()
    release(decide("b", 2))
    world.days(10, first=85, version=2)
    with begin() as connection:
        back = promotions.roll_back(connection, "openaq").decision
    release(back)
    world.days(12, first=95, version=1)
    found = watched(tmp_path, 107)
    assert "Version 1 of openaq, 12 days watched: no alarm" in found["words"] and kept() == before


def test_a_day_of_two_models_counts_for_neither(world: World, tmp_path: Path) -> None:
    world.days(30)
    c = schema.predictions.c
    with begin() as connection:  # the afternoon of the last day was predicted by the next one
        later = c.target_at > START + timedelta(days=29, hours=12)
        connection.execute(sa.update(schema.predictions).where(later).values(version=2))
    release(decide("b", 2))
    world.days(20, first=30, version=2)
    found = watched(tmp_path, 50)
    assert all(way["days"][0] == "2003-01-31" for way in found["ways"])
    assert "Version 2 of openaq, 20 days watched" in found["words"]


def test_killed_or_cut_off_at_any_point_the_next_look_makes_up_for_it(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.days(80, error=worse(40, 1.7))
    whole, count = begin, 0

    @contextmanager
    def failing() -> Iterator[sa.Connection]:
        nonlocal count
        count += 1
        if count == at:
            raise StepError("the database did not take the transaction")
        with whole() as connection:
            yield connection

    at, cut_off = 1, 0
    with monkeypatch.context() as patch:
        patch.setattr(live, "begin", failing)
        patch.setattr(monitor, "begin", failing)
        while True:
            count = 0
            try:
                found = watched(tmp_path, 80)
                break
            except StepError:
                at, cut_off = at + 3, cut_off + 1
    assert cut_off > 3, "the look was cut off at several points"
    after = kept()
    with begin() as connection:
        connection.execute(sa.delete(skill.alarms))
        connection.execute(sa.delete(watches.watches))
    again = watched(tmp_path, 80)
    assert kept() == after and again["manifest"] == found["manifest"]
    assert len({one[5] for one in after if one[5]}) == 1


def test_the_store_is_away_and_nothing_is_lost(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world.days(80, error=worse(40, 1.7))
    with monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
        with pytest.raises(StepError):
            watched(tmp_path, 80)
    assert alarms() == []
    assert watched(tmp_path, 80)["manifest"] and alarms()


def test_a_year_with_one_shift_ends_in_exactly_one_training(world: World, tmp_path: Path) -> None:
    world.days(170)
    world.days(65, first=170, error=worse(180, 1.5))
    started = {watched(tmp_path, day)["manifest"].get("metadata", {}).get("name") for day in (170, 205, 215, 225, 235)}
    (name,) = started - {None}
    number = decide("b", 2, run=name)
    with begin() as connection:
        runs.record(connection, Run("openaq", name, "train", None, START, "Succeeded", None))
    release(number)
    world.days(130, first=235, version=2)
    assert watched(tmp_path, 365)["manifest"] == {}
    assert {one.training for one in alarms() if one.training} == {name}
    assert "Version 2 of openaq, 130 days watched: no alarm" in watched(tmp_path, 365)["words"]
