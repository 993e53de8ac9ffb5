"""prepare: what was fetched is accepted or refused, recorded, and made into features; once, whatever happens."""

import gzip
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from pipeline.projects.openaq import OPENAQ
from steps.archive import layout
from steps.backends import catalog
from steps.backends.objects import lake
from steps.contract.declaration import parse
from steps.features import keys as feature_keys
from tests.steps.support.collecting import Collector, features, keys
from tests.steps.support.openaq import FIRST, Bend, Line, Seeded, put, setting, without

pytestmark = pytest.mark.usefixtures("database_environment", "store_environment")

SEEDED = Seeded(first=date(2021, 2, 26), days=8)

UNKNOWN = [
    "sensor '1011' gives no2 in 'furlongs', which is no known unit of it; wanted µg/m³, or what converts to it",
    "no2 is absent for 24 hours in a row; at most 18 may be",
]


@pytest.fixture
def collector(tmp_path: Path) -> Collector:
    return Collector(tmp_path, SEEDED.write(tmp_path / "archive"), SEEDED)


def bend(collector: Collector, location: int, day: date, how: Bend | bytes) -> None:
    """Patch one file of the archive."""
    body = how if isinstance(how, bytes) else SEEDED.body(location, day, how)
    put(collector.archive, layout.path(location, day), body)


def expecting(**expectations: float) -> str:
    """The declaration of a project that expects something else of its days."""
    return OPENAQ.model_copy(update={"expectations": OPENAQ.expectations.model_copy(update=expectations)}).declaration()


def rows_of(location: int) -> pd.DataFrame:
    """The features of a location as whoever learns reads them."""
    found = feature_keys.months("openaq", parse(OPENAQ.declaration()), SEEDED.locations, "no2")
    everything = feature_keys.read(lake(), found)
    return everything[everything["location"] == location].set_index("time")


def test_good_days_are_accepted_and_made_into_features(collector: Collector) -> None:
    ended = collector.collect()
    assert ended.code == 0, ended.log
    found = collector.summary()
    assert found["kind"] == "validation"
    assert (found["location_days"], found["accepted"], found["refused"]) == (16, 16, [])
    assert found["rows"] == 16 * 96
    assert found["left_out"] == {}
    assert found["stale"] == []
    columns = found["features"]["columns"]
    assert found["features"] == {"months": 4, "computed": 4, "rows": 2 * 192, "kept": 0, "columns": columns}
    assert found["features"]["columns"] > 30
    assert {one["failed"] for one in found["expectations"]} == {0}
    accepted = catalog.accepted("openaq", [101, 102])
    assert len(accepted) == 16
    assert accepted[0].first_hour == datetime(2021, 2, 26, 1, tzinfo=UTC)
    assert accepted[0].last_hour == datetime(2021, 2, 27, tzinfo=UTC)
    assert sorted(one.raw_key for one in accepted) == keys("openaq/raw/")
    rows = rows_of(101)
    lines = [line for day in layout.days(SEEDED.first, SEEDED.last) for line in SEEDED.lines(101, day)]
    for line in lines:
        if line["parameter"] == "no2":
            assert rows.loc[pd.Timestamp(line["datetime"]), "value"] == float(line["value"])
    assert len(rows) == 192
    assert rows["lag_24"].iloc[24:].tolist() == pytest.approx(rows["value"].iloc[:-24].tolist(), rel=1e-6)
    assert not rows["others_now"].isna().any()


def test_a_source_in_other_units_gives_the_features_of_one_in_the_declared_ones(collector: Collector) -> None:
    def american(lines: list[Line]) -> list[Line]:
        units = {"no2": ("ppb", 1 / 1.880, 0), "temperature": ("f", 1.8, 32), "wind_speed": ("mph", 1 / 0.44704, 0)}
        bent = []
        for line in lines:
            unit, factor, offset = units.get(line["parameter"], (line["units"], 1, 0))
            bent.append(line | {"units": unit, "value": f"{float(line['value']) * factor + offset:.5f}"})
        return bent

    collector.collect()
    expected = {location: rows_of(location) for location in SEEDED.locations}
    for location in SEEDED.locations:
        for day in layout.days(SEEDED.first, SEEDED.last):
            bend(collector, location, day, american)
    ended = collector.collect()
    assert ended.code == 0, ended.log
    for location in SEEDED.locations:
        pd.testing.assert_frame_equal(rows_of(location), expected[location], rtol=1e-3, atol=1e-3)
    found = collector.summary()
    assert (found["accepted"], found["refused"], found["left_out"]) == (16, [], {})
    converted = {one["parameter"]: (one["given"], one["unit"], one["values"]) for one in found["converted"]}
    assert converted == {
        "no2": ("ppb", "µg/m³", 384),
        "temperature": ("f", "c", 384),
        "wind_speed": ("mph", "m/s", 384),
    }
    assert "no2: 384 values converted from ppb to µg/m³ (× 1.88043)" in ended.log
    text = collector.page().body
    for words in ("Converted units", "× 1.88043", "× 0.555556 − 17.7778", "× 0.44704"):
        assert words in text
    raw = [gzip.decompress(lake().get(key) or b"") for key in keys(f"openaq/raw/location=101/day={FIRST}/")]
    assert any(b",ppb," in body for body in raw), "the lake keeps what was delivered"


def test_what_is_left_out_is_named_and_counted(collector: Collector) -> None:
    bend(collector, 101, FIRST, setting("wind_speed", units="furlongs"))
    bend(collector, 102, FIRST, setting("wind_speed", parameter="bc"))
    ended = collector.collect()
    reasons = {
        "parameter 'bc' is not declared": 24,
        "sensor '1012': wind_speed in an unknown unit 'furlongs'": 24,
    }
    assert collector.summary()["left_out"] == reasons
    assert all(f"24 values left out: {reason}" in ended.log for reason in reasons)
    assert "parameter 'bc' is not declared" in collector.page().body


class TestADayThatIsRefused:
    def test_goes_to_quarantine_with_its_reason_and_the_others_go_on(self, collector: Collector) -> None:
        bend(collector, 101, FIRST, setting("no2", units="furlongs"))
        bend(collector, 102, FIRST, b"\x1f\x8b cut off")
        assert collector.collect().code == 0
        assert collector.refused() == {
            (101, FIRST): UNKNOWN,
            (102, FIRST): ["the gzip file is damaged (unknown compression method)"],
        }
        place = f"openaq/quarantine/location=101/day={FIRST}/"
        [file, reason] = keys(place)
        assert lake().get(file) == (collector.archive / layout.path(101, FIRST)).read_bytes()
        assert json.loads(lake().get(reason) or b"")["reasons"] == UNKNOWN
        assert keys(f"openaq/raw/location=101/day={FIRST}/") == []
        assert len(catalog.accepted("openaq", [101, 102])) == 14
        assert rows_of(101).loc[datetime(2021, 3, 1, 5, tzinfo=UTC) :]["value"].isna().sum() == 20

    def test_is_not_fetched_again_but_its_patch_is(self, collector: Collector) -> None:
        bend(collector, 101, FIRST, setting("no2", units="furlongs"))
        collector.collect()
        assert collector.plan().fetch == ()
        bend(collector, 101, FIRST, lambda lines: lines)
        assert collector.collect().code == 0
        assert len(catalog.accepted("openaq", [101])) == 8
        assert rows_of(101)["value"].notna().all()

    def test_as_a_patch_of_an_accepted_one_leaves_what_was_accepted(self, collector: Collector) -> None:
        collector.collect()
        before = rows_of(101)
        bend(collector, 101, FIRST, b"not a gzip file")
        assert collector.collect().code == 3  # all of the one day that is new is refused
        assert len(catalog.accepted("openaq", [101])) == 8
        pd.testing.assert_frame_equal(rows_of(101), before)
        assert collector.plan().fetch == ()

    @pytest.mark.soak
    def test_for_its_target_is_accepted_for_another(self, collector: Collector) -> None:
        bend(collector, 101, FIRST, without("no2"))
        collector.collect()
        assert len(keys("openaq/quarantine/")) == 2
        ended = collector.collect(parameter="temperature")
        assert ended.code == 0, ended.log
        assert len(catalog.accepted("openaq", [101])) == 8
        assert keys("openaq/quarantine/") == []
        assert len(keys("openaq/raw/")) == 16
        assert collector.plan(parameter="no2").fetch == ()

    def test_is_one_of_too_many(self, collector: Collector) -> None:
        for day in layout.days(SEEDED.first, SEEDED.last):
            bend(collector, 101, day, without("no2"))
        bend(collector, 102, FIRST, b"<html>")
        ended = collector.collect()
        assert ended.code == 3
        assert "9 of 16 location-days were refused, more than 50%" in ended.error
        assert "101 on 2021-02-26" in ended.error
        assert len(collector.refused()) == 9
        assert len(catalog.accepted("openaq", [101, 102])) == 7
        assert len(keys("openaq/quarantine/")) == 18
        assert features() == {}
        assert "The run stops here" in collector.page().body

    def test_at_exactly_the_share_does_not_stop_the_run(self, collector: Collector) -> None:
        for day in layout.days(SEEDED.first, SEEDED.last):
            bend(collector, 101, day, without("no2"))
        assert collector.collect().code == 0


class TestAPatchedDay:
    def test_replaces_the_old_version_and_recomputes_the_months_that_see_it(self, collector: Collector) -> None:
        collector.collect()
        before = {one: lake().get(one) for one in keys("openaq/features/")}
        bend(collector, 102, date(2021, 3, 4), lambda lines: [line | {"value": f"{n}"} for n, line in enumerate(lines)])
        assert collector.collect().code == 0
        assert collector.summary()["location_days"] == 1
        assert collector.summary()["features"]["computed"] == 2  # March, at both locations
        new = set(keys("openaq/features/")) - set(before)
        assert {one.split("/")[-2] for one in new} == {"month=2021-03"}
        assert {one: lake().get(one) for one in before} == before
        assert rows_of(102)["value"].loc[datetime(2021, 3, 4, 1, tzinfo=UTC)] == 0

    @pytest.mark.soak
    def test_changes_nothing_before_it(self, collector: Collector) -> None:
        """Nothing from the future: what is known later does not change the rows of earlier hours."""
        collector.collect()
        before = {location: rows_of(location) for location in SEEDED.locations}
        altered = date(2021, 3, 3)
        for location in SEEDED.locations:
            for day in layout.days(altered, SEEDED.last):
                bend(
                    collector,
                    location,
                    day,
                    lambda lines: [line | {"value": "5"} for n, line in enumerate(lines) if n % 4],
                )
        collector.collect()
        midnight = datetime(2021, 3, 3, tzinfo=UTC)
        for location in SEEDED.locations:
            after = rows_of(location)
            pd.testing.assert_frame_equal(after.loc[:midnight], before[location].loc[:midnight])
            assert not after.loc[midnight:].equals(before[location].loc[midnight:])


class TestRunAgain:
    def test_does_nothing_twice(self, collector: Collector) -> None:
        bend(collector, 101, FIRST, b"")
        collector.collect()
        lake_before = {one.key: one.etag for one in lake().list("openaq/")}
        page, summary = collector.page(), collector.summary()
        ended = collector.prepare()
        assert ended.code == 0
        assert {one.key: one.etag for one in lake().list("openaq/")} == lake_before
        again = collector.summary()
        assert again["features"] == {"months": 4, "computed": 0, "rows": 0, "kept": 0, "columns": 0}
        assert again["refused"] == summary["refused"]
        assert "empty" in page.body

    def test_with_nothing_new_computes_what_is_lacking(self, collector: Collector) -> None:
        collector.collect()
        expected = features()
        for key in keys("openaq/features/no2/location=102/"):
            lake().delete(key)
        assert collector.collect().code == 0
        assert collector.summary()["location_days"] == 0
        assert collector.summary()["features"]["computed"] == 2
        again = features()
        assert again.keys() == expected.keys()
        for place, rows in again.items():
            pd.testing.assert_frame_equal(rows, expected[place])

    @pytest.mark.soak
    def test_a_window_of_days_adds_up_to_the_same_as_all_at_once(self, collector: Collector) -> None:
        for first, last in ((0, 3), (2, 5), (6, 7)):
            span = {"from_": SEEDED.first + timedelta(days=first), "to": SEEDED.first + timedelta(days=last)}
            assert collector.collect(**span).code == 0
        bit_by_bit = {location: rows_of(location) for location in SEEDED.locations}
        for key in keys("openaq/features/"):
            lake().delete(key)
        collector.collect()
        for location in SEEDED.locations:
            pd.testing.assert_frame_equal(rows_of(location), bit_by_bit[location])


class TestWhatStopsARun:
    def test_nothing_was_fetched(self, collector: Collector) -> None:
        collector.plan()
        ended = collector.prepare()
        assert ended.code == 3
        assert "none of the plan's 16 files is in the lake" in ended.error

    def test_a_day_that_changed_since_the_plan_does_not(self, collector: Collector) -> None:
        collector.plan()
        bend(collector, 101, FIRST, b"patched")
        collector.fetch()
        ended = collector.prepare()
        assert ended.code == 0
        assert "1 location-days changed" in ended.log
        assert collector.summary()["accepted"] == 15

    def test_no_location_has_recent_data(self, collector: Collector) -> None:
        ended = collector.collect(to=SEEDED.last + timedelta(days=11))
        assert ended.code == 3
        assert "no location has data of the last 10 days up to 2021-03-16" in ended.error
        assert "is 2021-03-05" in ended.error
        assert len(features()) == 4  # what there is can still be learned from

    def test_one_location_without_recent_data_does_not(self, collector: Collector) -> None:
        for day in layout.days(SEEDED.first, SEEDED.last)[1:]:
            (collector.archive / layout.path(102, day)).unlink()
        assert replace(collector, declaration=expecting(age_days=3)).collect().code == 0
        assert collector.summary()["stale"] == [{"location": 102, "newest": "2021-02-26"}]
        assert "Silent for too long: 102 (newest day 2021-02-26)" in collector.page().body

    def test_a_database_that_is_not_there(self, collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
        collector.plan()
        collector.fetch()
        monkeypatch.setenv("DATABASE_URL", "sqlite:////nowhere/pipeline.db")
        ended = collector.prepare()
        assert ended.code == 1
        assert "database" in ended.error

    def test_an_accepted_file_that_was_taken_from_the_lake(self, collector: Collector) -> None:
        collector.collect()
        [gone] = keys(f"openaq/raw/location=101/day={FIRST}/")
        for key in (gone, *keys("openaq/features/"), *keys("cache/")):  # and what an earlier run has read of it
            lake().delete(key)
        ended = collector.collect()
        assert ended.code == 3
        assert gone in ended.error


def test_the_page_shows_what_was_expected_and_refused_and_needs_nothing_else(collector: Collector) -> None:
    bend(collector, 101, FIRST, setting("no2", units="<b>bits</b>"))
    collector.collect()
    page = collector.page()
    assert "is from -15 to 1000 µg/m³" in page.body
    assert "<b>bits</b>" in page.body
    assert "<b>bits" not in page.source
    assert "2021-03-01" in page.body
    assert "http" not in page.source.replace("http-equiv", "")
    assert "<script" not in page.source
    assert "101: station 101, 102: station 102" in page.body


def test_the_page_shows_days_in_a_row_as_one(collector: Collector) -> None:
    for day in layout.days(date(2021, 2, 27), date(2021, 3, 2)):
        bend(collector, 101, day, without("no2"))
    bend(collector, 101, date(2021, 3, 1), b"")
    collector.collect()
    page = collector.page()
    assert "2021-02-27 to 2021-02-28" in page.body
    assert page.body.count("no2 is absent for 24 hours") == 2
    assert len(collector.refused()) == 4


def test_another_projects_bounds_are_its_own(collector: Collector) -> None:
    bend(collector, 101, FIRST, without("no2", range(3, 5)))
    ended = replace(collector, declaration=expecting(gap_hours=1, refused_share=0.0)).collect()
    assert ended.code == 3
    assert "no2 is absent for 2 hours in a row; at most 1 may be" in ended.error
