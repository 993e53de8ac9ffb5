"""A patch that the source takes back: what is present again stays, whenever the store is tidied."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.engine.processes import wait_until
from pipeline.projects.openaq import OPENAQ
from steps.archive import layout
from steps.backends import retention
from steps.backends.objects import lake
from steps.contract.declaration import parse
from steps.features import keys
from tests.steps.support.collecting import Collector
from tests.steps.support.openaq import Seeded, put, without

pytestmark = pytest.mark.usefixtures("database_environment", "store_environment")

SEEDED = Seeded(first=date(2021, 2, 26), days=8)
DAY = date(2021, 2, 27)


def test_features_and_files_of_a_patch_that_was_taken_back_go_and_not_those_that_are_present(tmp_path: Path) -> None:
    collector = Collector(tmp_path, SEEDED.write(tmp_path / "archive"), SEEDED)
    original = SEEDED.body(101, DAY)
    for body in (original, SEEDED.body(101, DAY, without("no2", [5])), original):
        next_second()
        put(collector.archive, layout.path(101, DAY), body)
        ended = collector.collect()
        assert ended.code == 0, ended.log
    wanted = keys.months("openaq", parse(OPENAQ.declaration()), SEEDED.locations, "no2")
    rows = keys.read(lake(), wanted)
    gone = retention.found(["openaq"], datetime.now(UTC) + timedelta(hours=1))
    assert {"features", "raw files"} <= {kind.what for kind in gone}
    for kind in gone:
        for one in kind.sets:
            retention.remove(one)
    assert keys.read(lake(), wanted).equals(rows)
    assert len(list(lake().list("openaq/features/"))) == len(wanted)
    assert collector.collect().code == 0


def next_second() -> None:
    """The store's times are whole seconds: what is written from now on has a later one than what was before."""
    began = clock()
    assert wait_until(lambda: clock() > began, 10)


def clock() -> datetime:
    lake().put("clock", b"")
    found = lake().look("clock")
    assert found is not None
    return found.modified
