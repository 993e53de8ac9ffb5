"""Schedules go on with what their project was set up with; of the sample, which has no tomorrow, none is started."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline import engine, shipped
from pipeline.cli.commands import cli
from pipeline.errors import UserError
from pipeline.laptop.setups import SetUp, SetUps
from pipeline.projects.openaq import SAMPLE
from pipeline.quickstart import sample
from tests.watch.watching import World, seconds

EVENING = seconds("2026-05-17T20:00:00")
AT_ONE = seconds("2026-05-17T23:00:00")  # in Vienna
DAILY = f"openaq-daily-{AT_ONE:.0f}"
PARIS = SetUp(source="api", locations="11,12", parameter="pm25")
OF_THE_SAMPLE = SetUp(source="http://127.0.0.1:1/openaq-archive", locations="9000001", parameter="no2", sample=True)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A machine with the manifests that ship."""
    world = World(tmp_path)
    shutil.copytree(shipped.MANIFESTS / "openaq", world.place / "openaq")
    world.setups = SetUps(world.home)
    return world


def set_up(world: World, setup: SetUp) -> None:
    assert world.setups is not None
    world.setups.keep("openaq", setup)


def parameters(world: World, run: str) -> dict[str, str]:
    return dict(engine.view(world.journal, run).parameters)


def test_a_scheduled_run_asks_for_what_was_set_up(world: World) -> None:
    set_up(world, PARIS)
    world.watch().look(EVENING, AT_ONE)
    assert world.runs == [DAILY]
    assert PARIS.parameters().items() <= parameters(world, DAILY).items()


def test_the_weekly_training_too_which_takes_no_source(world: World) -> None:
    set_up(world, PARIS)
    saturday = seconds("2026-05-16T20:00:00")
    world.watch().look(saturday, seconds("2026-05-17T00:30:00"))
    [run] = [run for run in world.runs if run.startswith("openaq-train-weekly-")]
    given = parameters(world, run)
    assert (given["locations"], given["parameter"], given["by"]) == ("11,12", "pm25", "schedule")


def test_the_sample_has_no_tomorrow_and_says_so_once(world: World) -> None:
    set_up(world, OF_THE_SAMPLE)
    world.watch().look(EVENING, EVENING + 60, AT_ONE, AT_ONE + 60)
    assert world.runs == []
    assert [line[21:] for line in world.lines if "openaq-tidy-weekly" not in line] == [
        "openaq was set up with the sample, which has no tomorrow, so its schedules are not started; for data that go "
        "on: pipeline quickstart openaq --source api, or a folder or URL"
    ]


def test_what_nobody_set_up_asks_no_archive_for_made_up_ids(world: World) -> None:
    world.watch().look(EVENING, AT_ONE)
    assert world.runs == []
    [line] = [line for line in world.lines if "openaq-tidy-weekly" not in line]
    assert "openaq is not set up, and the locations it declares are the sample's" in line


def test_setting_up_anew_counts_at_once(world: World) -> None:
    set_up(world, OF_THE_SAMPLE)
    world.watch().look(EVENING)
    set_up(world, PARIS)
    world.look(EVENING + 2, AT_ONE)
    assert parameters(world, DAILY)["locations"] == "11,12"
    set_up(world, OF_THE_SAMPLE)
    world.look(AT_ONE + 2, AT_ONE + 86_400)
    assert world.runs == [DAILY]
    assert not world.said("gone from"), "it is there, and not started"


def test_a_broken_file_is_told_of_and_changes_nothing(world: World) -> None:
    set_up(world, PARIS)
    world.watch().look(EVENING)
    (world.home / "setup.json").write_text('{"openaq": {"source": "api"}}')
    world.look(EVENING + 2, AT_ONE)
    assert world.said("setup.json is not what was set up (2 faults); remove it and set up again with: pipeline quick")
    assert parameters(world, DAILY)["locations"] == "11,12"
    with pytest.raises(UserError, match="remove it"):
        SetUps(world.home).all()


def test_manifests_of_anybody_s_are_run_as_they_are(world: World) -> None:
    set_up(world, PARIS)
    world.setups = None
    world.watch().look(EVENING, AT_ONE)
    assert parameters(world, DAILY)["locations"] == "9000001,9000002"


@pytest.mark.parametrize(
    ("setup", "state", "words"),
    [
        (PARIS, "active", "openaq: set up with source api, locations 11,12, parameter pm25"),
        (
            OF_THE_SAMPLE,
            "not started",
            "openaq was set up with the sample, which has no tomorrow, so its schedules are",
        ),
        (None, "not started", "openaq is not set up, and the locations it declares are the sample's"),
    ],
)
def test_cron_shows_it(
    setup: SetUp | None, state: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIPELINE_HOME", str(tmp_path))
    monkeypatch.setattr("pipeline.stale.notes", lambda *_: [])  # which takes a second, and is of tests/test_stale.py
    if setup is not None:
        SetUps(tmp_path).keep("openaq", setup)
    listed = CliRunner().invoke(cli, ["cron"], catch_exceptions=False).output
    [daily] = [line for line in listed.splitlines() if line.startswith("openaq-daily ")]
    assert daily.endswith(state)
    assert listed.count(words) == 1


def test_the_sample_s_ids_are_those_that_are_declared() -> None:
    assert {key.split("/")[2] for key, _ in sample.objects()} == {f"locationid={location}" for location in SAMPLE}


def test_the_file_is_what_people_can_read(tmp_path: Path) -> None:
    SetUps(tmp_path).keep("openaq", PARIS)
    SetUps(tmp_path).keep("other", OF_THE_SAMPLE)
    found = json.loads((tmp_path / "setup.json").read_text())
    assert found["openaq"] == {"source": "api", "locations": "11,12", "parameter": "pm25", "sample": False}
    assert SetUps(tmp_path).all() == {"openaq": PARIS, "other": OF_THE_SAMPLE}
