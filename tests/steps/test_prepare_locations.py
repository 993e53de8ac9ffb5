"""A location that is not plausible as a whole is left out with its reason, and the others go on as if it were not."""

import math
import random
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from pipeline.projects.openaq import OPENAQ
from steps.archive import layout
from steps.backends import judged
from steps.backends.objects import lake
from steps.contract.declaration import parse
from steps.errors import CheckFailed
from steps.features import keys
from tests.steps.support.collecting import Collector, features
from tests.steps.support.openaq import Bend, Line, Seeded, put, setting

pytestmark = pytest.mark.usefixtures("database_environment", "store_environment")

SEEDED = Seeded(locations=(101, 102, 103), first=date(2021, 2, 20), days=20)  # 9 days of February and 11 of March
MARCH = layout.days(date(2021, 3, 1), SEEDED.last)


@pytest.fixture
def collector(tmp_path: Path) -> Collector:
    return Collector(tmp_path, SEEDED.write(tmp_path / "archive"), SEEDED)


def bend(collector: Collector, location: int, days: list[date], how: Bend) -> None:
    """Patch files of the archive."""
    for day in days:
        put(collector.archive, layout.path(location, day), SEEDED.body(location, day, how))


def ppb(lines: list[Line]) -> list[Line]:
    """NO2 in another unit by a factor of a hundred, of which the file says nothing."""
    return [
        line | {"value": f"{float(line['value']) / 100:.5f}"} if line["parameter"] == "no2" else line for line in lines
    ]


def months() -> set[str]:
    return {place.removeprefix("openaq/features/no2/") for place in features()}


class TestALocationWhoseUnitChanges:
    def test_is_left_out_with_its_reason_and_the_others_go_on(self, collector: Collector) -> None:
        bend(collector, 101, MARCH, ppb)
        ended = collector.collect()
        assert ended.code == 0, ended.log
        assert {place[:12] for place in months()} == {"location=102", "location=103"}
        [out] = collector.summary()["left_out_locations"]
        assert out["location"] == 101
        assert out["reason"].endswith("as if the unit had changed")
        assert f"location 101 is left out: {out['reason']}" in ended.log
        assert f"Location 101 is left out: {out['reason']}." in collector.page().body
        assert collector.summary()["features"]["months"] == 4

    @pytest.mark.soak
    def test_does_not_reach_its_neighbours_features(self, collector: Collector, tmp_path: Path) -> None:
        bend(collector, 101, MARCH, ppb)
        collector.collect()
        beside = features()
        for key in [one.key for one in lake().list("openaq/features/")]:
            lake().delete(key)
        alone = replace(collector, seeded=replace(SEEDED, locations=(102, 103)))
        assert alone.collect().code == 0
        assert features().keys() == beside.keys()
        assert all(features()[place].equals(rows) for place, rows in beside.items())

    def test_is_read_by_none_that_reads_features(self, collector: Collector) -> None:
        bend(collector, 101, MARCH, ppb)
        collector.collect()
        found = keys.months("openaq", parse(OPENAQ.declaration()), SEEDED.locations, "no2")
        assert {month.location for month in found} == {102, 103}
        assert keys.read(lake(), found)["location"].unique().tolist() == [102, 103]

    def test_comes_back_once_its_source_is_fixed(self, collector: Collector) -> None:
        bend(collector, 101, MARCH, ppb)
        collector.collect()
        bend(collector, 101, MARCH, lambda lines: lines)
        assert collector.collect().code == 0
        assert collector.summary()["left_out_locations"] == []
        found = keys.months("openaq", parse(OPENAQ.declaration()), SEEDED.locations, "no2")
        assert set(keys.read(lake(), found)["location"]) == {101, 102, 103}

    @pytest.mark.soak
    def test_long_ago_stays_out_until_those_days_are_taken_again(
        self, collector: Collector, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bend(collector, 101, layout.days(SEEDED.first, date(2021, 2, 28)), ppb)
        collector.collect()
        assert judged.left_out("openaq", "no2", [101])
        monkeypatch.setattr("steps.features.judging._YEAR", timedelta(days=5))
        assert collector.collect(from_=SEEDED.last - timedelta(days=3)).code == 0
        assert [one["location"] for one in collector.summary()["left_out_locations"]] == [101]

    @pytest.mark.soak
    def test_stops_the_run_where_it_is_the_only_one(self, collector: Collector) -> None:
        alone = replace(collector, seeded=replace(SEEDED, locations=(101,)))
        bend(collector, 101, MARCH, ppb)
        ended = alone.collect()
        assert ended.code == 3
        assert "each of the 1 locations is left out, 101 since it is above" in ended.error
        assert "The run stops here" in alone.page().body
        with pytest.raises(CheckFailed, match="have its source fixed, or give others by `locations`"):
            keys.months("openaq", parse(OPENAQ.declaration()), [101], "no2")


class TestAnOpticalSensor:
    """PM2.5 of three locations, in which 101 says 0 from some day on."""

    def silent_since(self, collector: Collector, days: int) -> None:
        def dust(lines: list[Line]) -> list[Line]:
            return [line | ({"parameter": "pm25"} if line["parameter"] == "no2" else {}) for line in lines]

        def silent(lines: list[Line]) -> list[Line]:
            return setting("pm25", value="0")(dust(lines))

        every = layout.days(SEEDED.first, SEEDED.last)
        for location in SEEDED.locations:
            bend(collector, location, every, dust)
        bend(collector, 101, every[len(every) - days :], silent)

    def test_that_says_0_for_days_is_dead(self, collector: Collector) -> None:
        self.silent_since(collector, 6)
        assert collector.collect(parameter="pm25").code == 0
        [out] = collector.summary()["left_out_locations"]
        assert out == {
            "location": 101,
            "reason": "it has said 0 for 144 hours in a row, since 2021-03-06: it is dead",
        }

    def test_that_says_0_for_three_days_is_in_clean_air(self, collector: Collector) -> None:
        self.silent_since(collector, 3)
        assert collector.collect(parameter="pm25").code == 0
        assert collector.summary()["left_out_locations"] == []
        assert collector.summary()["refused"] == []


class TestAPlace:
    def test_that_moved_is_named(self, collector: Collector) -> None:
        bend(collector, 102, MARCH, setting(lat="48.30"))
        bend(collector, 103, MARCH, setting(lat="48.2001"))
        assert collector.collect().code == 0
        assert collector.summary()["moved"] == [{"location": 102, "kilometres": 11.1, "since": "2021-03-01"}]
        assert "Moved: 102 (by 11.1 km, on 2021-03-01)" in collector.page().body

    def test_that_is_nowhere_or_everywhere_is_named_and_goes_on(self, collector: Collector) -> None:
        def driving(lines: list[Line]) -> list[Line]:
            chance = random.Random(1)
            return [line | {"lat": f"{48 + chance.random():.4f}"} for line in lines]

        every = layout.days(SEEDED.first, SEEDED.last)
        bend(collector, 101, every, setting(lat="", lon=""))
        bend(collector, 102, every, driving)
        assert collector.collect().code == 0
        assert collector.summary()["unplaced"] == [101, 102]
        assert "Mobile or of unknown place, so far from all: 101 and 102" in collector.page().body
        assert len(months()) == 6

    def test_with_a_hostile_name_is_shown_on_one_line(self, collector: Collector) -> None:
        name = '"The ""Old"" Mill,\n<b>O\'Hara</b>"'
        bend(collector, 101, layout.days(SEEDED.first, SEEDED.last), setting(location=name))
        assert collector.collect().code == 0
        assert collector.summary()["accepted"] == 60
        assert collector.summary()["names"]["101"] == name.strip('"').replace('""', '"')
        plain = " ".join(collector.summary()["names"]["101"].split())
        assert f"101: {plain}" in collector.page().body
        assert "<b>O" not in (collector.folder / "report.html").read_text()


def test_several_sensors_are_named_on_the_page(collector: Collector) -> None:
    def beside(lines: list[Line]) -> list[Line]:
        other = [
            line | {"sensors_id": "99", "value": f"{float(line['value']) + math.pi:.2f}"}
            for line in lines
            if line["parameter"] == "no2"
        ]
        return [*lines, *other]

    bend(collector, 101, MARCH, beside)
    assert collector.collect().code == 0
    [one] = collector.summary()["several"]
    assert one == {"location": 101, "parameter": "no2", "used": ["99", "1011"], "rejected": [], "days": len(MARCH)}
    assert "mean of 99 and 1011" in collector.page().body
