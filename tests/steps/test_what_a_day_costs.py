"""A day that comes in or is patched costs what depends on it, however many locations and days there are."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from pipeline.projects.openaq import OPENAQ
from steps.archive import layout
from steps.backends import database
from steps.backends.objects import Bucket, lake
from steps.checking.examine import Examined, Examiner
from steps.checking.reading import RawFile
from steps.contract.declaration import parse
from steps.features import keys as feature_keys
from tests.steps.support.collecting import Collector, keys
from tests.steps.support.openaq import Seeded, put
from tests.steps.support.reads import counted

pytestmark = pytest.mark.usefixtures("database_environment", "store_environment")

LEARNING = OPENAQ.learning.model_copy(update={"neighbours": 1})
DECLARED = OPENAQ.model_copy(update={"learning": LEARNING}).declaration()
SEEDED = Seeded(locations=(101, 102, 111, 112), days=13)  # two pairs, each alone
PATCHED = date(2021, 3, 12)


@pytest.fixture
def collector(tmp_path: Path) -> Collector:
    return Collector(tmp_path, SEEDED.write(tmp_path / "archive"), SEEDED, DECLARED)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The raw files that were read from the lake, by their keys."""
    found: list[str] = []
    get = Bucket.get

    def noting(self: Bucket, key: str) -> bytes | None:
        found.extend([key] if "/raw/" in key else [])
        return get(self, key)

    monkeypatch.setattr(Bucket, "get", noting)
    return iter([found])


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many files were examined each time; a time takes long, and a file little more."""
    found: list[int] = []
    examine = Examiner.examine

    def noting(self: Examiner, files: Sequence[RawFile]) -> Examined:
        found.append(len(files))
        return examine(self, files)

    monkeypatch.setattr(Examiner, "examine", noting)
    return found


def patch(collector: Collector, location: int, day: date, hours: int) -> None:
    """The day has that many hours of each parameter."""
    body = SEEDED.body(location, day, lambda lines: [line for n, line in enumerate(lines) if n % 24 < hours])
    put(collector.archive, layout.path(location, day), body)


def rows() -> pd.DataFrame:
    return feature_keys.read(lake(), feature_keys.months("openaq", parse(DECLARED), SEEDED.locations, "no2"))


@pytest.mark.soak
def test_a_patched_day_costs_its_location_and_those_that_look_at_it(collector: Collector) -> None:
    collector.collect()
    before, first = set(keys("openaq/features/")), rows()
    patch(collector, 102, PATCHED, 20)
    assert len(collector.plan().fetch) == 1
    assert collector.collect().code == 0
    found = collector.summary()
    assert (found["location_days"], found["features"]["computed"]) == (1, 2)
    new = set(keys("openaq/features/")) - before
    assert {key.split("/")[3] for key in new} == {"location=101", "location=102"}
    patch(collector, 102, PATCHED, 24)
    assert collector.collect().code == 0
    assert (collector.summary()["location_days"], collector.summary()["features"]["computed"]) == (1, 0)
    pd.testing.assert_frame_equal(rows(), first, check_exact=True)


@pytest.mark.soak
def test_a_day_that_comes_in_costs_its_rows_and_the_history_they_need(
    collector: Collector, read: Iterator[list[str]], examined: list[int]
) -> None:
    day_before = SEEDED.last - timedelta(days=1)
    collector.collect(to=day_before)
    raw = next(read)
    raw.clear()
    examined.clear()
    assert collector.collect(from_=SEEDED.last).code == 0
    assert examined == [4], "what came; the history is what the run before has examined"
    found = collector.summary()
    assert (found["location_days"], found["features"]["computed"]) == (4, 4)
    # March's rows but for those from the last midnight on; the last hour of the last day opens no month
    assert found["features"]["rows"] - found["features"]["kept"] == 4 * 25
    assert {key.partition("day=")[2][:10] for key in raw} == {SEEDED.last.isoformat()}
    assert len(raw) == 4
    bit_by_bit = rows()
    for key in keys("openaq/features/"):
        lake().delete(key)
    collector.collect()
    assert collector.summary()["features"]["kept"] == 0
    pd.testing.assert_frame_equal(rows(), bit_by_bit, check_exact=True)


@pytest.mark.soak
def test_a_month_that_another_parameter_comes_to_is_computed_at_once(collector: Collector) -> None:
    collector.collect(to=SEEDED.last - timedelta(days=1))
    ozone = SEEDED.body(101, SEEDED.last, lambda lines: lines + [line | {"parameter": "o3"} for line in lines[:24]])
    put(collector.archive, layout.path(101, SEEDED.last), ozone)
    assert collector.collect().code == 0
    assert collector.summary()["features"]["kept"] == 3 * 12 * 24 - 3
    here = rows().set_index(["location", "time"]).loc[101]
    assert here["co_o3"].loc[datetime.fromisoformat("2021-03-13T05:00Z")] > 0
    assert here.loc[: datetime.fromisoformat("2021-03-13T00:00Z"), "co_o3"].isna().all()


@pytest.mark.soak
def test_it_does_not_matter_how_long_the_history_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seeded = Seeded(locations=(101, 102, 103), days=229)
    collector = Collector(tmp_path, seeded.write(tmp_path / "archive"), seeded, DECLARED)
    read: dict[date, Counter[str]] = {}
    for day in (date(2021, 4, 15), date(2021, 10, 15)):
        assert collector.collect(to=day - timedelta(days=1)).code == 0
        collector.plan(from_=day - timedelta(days=9), to=day)
        collector.fetch()
        database._engine.cache_clear()  # so that it is connected to once more
        with counted(monkeypatch) as read[day]:
            assert collector.prepare().code == 0
        database._engine.cache_clear()
        assert (collector.summary()["location_days"], collector.summary()["features"]["computed"]) == (3, 3)
        assert collector.summary()["features"]["months"] == 3 * (day.month - 2)
    short, long = read.values()
    assert short == long
