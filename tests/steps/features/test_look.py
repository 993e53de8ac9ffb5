"""Months that a run need not look at are those that are in the lake, whoever has changed what meanwhile."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from pipeline.projects.openaq import OPENAQ
from steps.archive import layout
from steps.backends.objects import lake
from steps.contract.declaration import parse
from steps.features import keys as feature_keys
from tests.steps.support.collecting import Collector, keys
from tests.steps.support.openaq import Seeded, put

pytestmark = pytest.mark.usefixtures("database_environment", "store_environment")

LEARNING = OPENAQ.learning.model_copy(update={"neighbours": 1})
DECLARED = OPENAQ.model_copy(update={"learning": LEARNING}).declaration()
SEEDED = Seeded(locations=(101, 102), days=70)  # to 9 May
WINDOW = {"from_": SEEDED.last - timedelta(days=9)}


@pytest.fixture
def collector(tmp_path: Path) -> Collector:
    found = Collector(tmp_path, SEEDED.write(tmp_path / "archive"), SEEDED, DECLARED)
    assert found.collect(to=SEEDED.last - timedelta(days=1)).code == 0
    return found


def rows() -> pd.DataFrame:
    return feature_keys.read(lake(), feature_keys.months("openaq", parse(DECLARED), SEEDED.locations, "no2"))


def shorten(collector: Collector, location: int, day: date) -> None:
    body = SEEDED.body(location, day, lambda lines: [line for n, line in enumerate(lines) if n % 24 < 20])
    put(collector.archive, layout.path(location, day), body)


def as_if_at_once(collector: Collector) -> pd.DataFrame:
    for key in keys(""):
        if "/features/" in key or key.startswith("cache/"):
            lake().delete(key)
    assert collector.collect().code == 0
    return rows()


def test_a_patch_that_another_run_took_is_seen_by_the_next_window(collector: Collector) -> None:
    alone = replace(collector, seeded=replace(SEEDED, locations=(102,)))
    shorten(collector, 102, date(2021, 3, 12))
    assert alone.collect(to=date(2021, 3, 31)).code == 0
    assert collector.collect(**WINDOW).code == 0
    assert (collector.summary()["features"]["months"], collector.summary()["features"]["computed"]) == (6, 4)
    found = rows()
    pd.testing.assert_frame_equal(found, as_if_at_once(collector), check_exact=True)


def test_a_run_that_was_killed_before_its_end_is_made_up_for(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    shorten(collector, 102, date(2021, 3, 12))
    with monkeypatch.context() as patched:
        patched.setattr("steps.features.computing.Maker", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            collector.collect(to=date(2021, 3, 31))
    assert collector.collect(**WINDOW).code == 0
    assert collector.summary()["features"]["computed"] == 4
    pd.testing.assert_frame_equal(rows(), as_if_at_once(collector), check_exact=True)


def test_months_without_news_are_neither_looked_for_nor_computed(collector: Collector) -> None:
    [first, *_] = keys("openaq/features/no2/location=101/month=2021-03/")
    lake().delete(first)
    assert collector.collect(**WINDOW).code == 0
    assert (collector.summary()["features"]["months"], collector.summary()["features"]["computed"]) == (6, 2)
    assert not keys("openaq/features/no2/location=101/month=2021-03/")
    assert collector.collect(to=date(2021, 3, 31)).code == 0
    assert collector.summary()["features"]["computed"] == 1
    assert keys("openaq/features/no2/location=101/month=2021-03/") == [first]
