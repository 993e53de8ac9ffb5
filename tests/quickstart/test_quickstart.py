"""The main job, from an archive's files to a served model, as a person starts it: once, again, and cut off anywhere."""

import getpass
import json
import random
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.quickstart import second_version
from tests.quickstart.quickstarting import ARCHIVE, Place, asked, kill

pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("quickstart")]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ARCHIVE.write(tmp_path_factory.mktemp("archive"))


@pytest.fixture(scope="module")
def done(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, str]]:
    """A place where the main job has been done once, and what it printed."""
    place = Place(tmp_path_factory.mktemp("quickstart") / "state", archive)
    code, printed = place.run(*place.quickstart())
    assert code == 0, printed
    yield place, printed
    assert place.run("down")[0] == 0
    assert place.processes() == []


def test_it_ends_with_scores_a_decision_and_predictions(done: tuple[Place, str]) -> None:
    place, printed = done
    for words in ("persistence", "training mean", "challenger", "Decision 1:", "MLflow:  http://127.0.0.1:"):
        assert words in printed
    report = re.search(r"Report:\s+(\S+)", printed)
    assert report and Path(report[1]).stat().st_size > 10_000
    assert len(place.table("select 1 from predictions")) == 2 * 24
    assert place.table("select min(target_at) from predictions")[0][0].startswith("2021-05-01 01:00")


def test_the_curl_line_answers_with_the_models_version(done: tuple[Place, str]) -> None:
    answer = json.loads(asked(done[1]))
    assert isinstance(answer["data"]["ndarray"][0][0], float)
    tags = answer["meta"]["tags"]
    assert (tags["version"], tags["unit"], tags["hours_ahead"]) == (1, "µg/m³", 24)
    assert tags["target_at"] == "2021-04-30T00:00:00Z", "the example is the newest row that was learned from"
    assert tags["band"]["low"] < answer["data"]["ndarray"][0] < tags["band"]["high"]
    shown = re.search(r"Answer:  (.+)", done[1])
    assert shown and json.loads(shown[1]) == answer


def test_the_schedules_go_on_with_it(done: tuple[Place, str]) -> None:
    place, _ = done
    listed = place.run("cron")[1]
    assert f"openaq: set up with source {place.source}, locations 101,102, parameter no2" in listed


def test_a_second_run_finds_everything_done(done: tuple[Place, str]) -> None:
    place, _ = done
    before = place.outcome()
    code, printed = place.run(*place.quickstart())
    assert code == 0, printed
    assert place.outcome() == before
    assert "Nothing new to decide on. Decision 1, made before: Promoted" in printed
    assert re.search(r"Skipped +fetch", printed)


def test_there_is_nothing_to_roll_back_to(done: tuple[Place, str]) -> None:
    code, printed = done[0].run("rollback", "openaq")
    assert code == 3, printed
    assert "error: openaq-rollback" in printed
    assert "Traceback" not in printed


def test_an_unknown_location_is_one_line(done: tuple[Place, str]) -> None:
    place, _ = done
    code, printed = place.run(
        "quickstart", "--source", str(place.source), "--locations", "404", "--as-of", "2021-05-01"
    )
    assert code == 2
    assert "has no data of location 404" in printed and printed.count("\n") == 1
    assert "Traceback" not in printed


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(4))
def test_killed_anywhere_it_ends_the_same(seed: int, done: tuple[Place, str], archive: Path, tmp_path: Path) -> None:
    place = Place(tmp_path / "state", archive)
    chance = random.Random(seed)
    moments = sorted(chance.sample(range(8, 40), 4))  # after that many lines of the live tree
    for moment in moments:
        process = place.start(*place.quickstart())
        assert process.stdout is not None
        for _ in range(moment):
            if not process.stdout.readline():
                break
        kill(process, chance.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT]))
    code, printed = place.run(*place.quickstart())
    assert code == 0, printed
    assert place.outcome() == done[0].outcome()
    place.run("down")
    assert place.processes() == []


def tags(done: tuple[Place, str]) -> dict[str, Any]:
    """What the live server says of the model that answers."""
    found: dict[str, Any] = json.loads(asked(done[1]))["meta"]["tags"]
    return found


def models(done: tuple[Place, str], *more: str) -> list[str]:
    code, printed = done[0].run("models", "openaq", *more)
    assert code == 0, printed
    return printed.splitlines()


def test_from_an_answer_one_gets_to_the_raw_files(done: tuple[Place, str]) -> None:
    place, served = done[0], tags(done)
    assert (served["decision"], served["version"]) == (1, 1)
    shown = models(done, served["dataset"], "--files")
    assert shown[0] == "openaq version 1, champion"
    assert models(done, served["digest"][:12], "--files") == shown
    files = [line.split() for line in shown if line.startswith("records/csv.gz/locationid=10")]
    days = place.table("select etag, raw_key from location_days where day < '2021-04-30' order by location, day")
    assert [(etag, key) for _, etag, key in files] == [(etag, f"s3://lake/{key}") for etag, key in days]
    assert any(line.startswith(f"raw files  {len(files)}, from location-101-20210301.csv.gz to ") for line in shown)
    assert any(re.match(r"decision   1, .*, by hand, run openaq-train-\w+$", line) for line in shown)
    assert any(
        re.match(r"MLflow     http://127.0.0.1:\d+/#/models/openaq/versions/1, run \w+$", line) for line in shown
    )


@dataclass(frozen=True)
class RolledBack:
    """What the server said before, the digest of version 2, to which one has gone back, and what that printed."""

    before: dict[str, Any]
    digest: str
    printed: str


@pytest.fixture(scope="module")
def rolled_back(done: tuple[Place, str]) -> RolledBack:
    place, before = done[0], tags(done)
    digest = second_version.add(place)
    code, printed = place.run("rollback", "openaq", "--to", "2", "--why", 'one\'s "words"; $(x)')
    assert code == 0, printed
    return RolledBack(before, digest, printed)


def test_rolling_back_moves_server_and_alias_and_is_recorded(done: tuple[Place, str], rolled_back: RolledBack) -> None:
    place = done[0]
    assert re.search(
        r"openaq version 2 is live at \S+ \(decision 3\); it was version 1 \(decision 1\)$", rolled_back.printed
    )
    new = {"decision": 3, "version": 2, "digest": rolled_back.digest, "dataset": "2" * 32}
    assert tags(done) == rolled_back.before | new
    assert place.table("select ended from promotions where decision = 1") == [("rolled back by 3",)]
    listed = models(done)
    assert [line.split()[0] for line in listed] == ["VERSION", "2", "2", "1", "watched:"]
    assert re.match(r"2 +champion +3 ", listed[1]), "and there is no note"
    shown = "\n".join(models(done, "2"))
    assert 'Rolled back from version 1 to version 2: one\'s "words"; $(x)' in shown
    assert re.search(rf"decision   3, .*, {getpass.getuser()}, run openaq-rollback-\w+", shown)


@pytest.mark.soak
@pytest.mark.usefixtures("rolled_back")
def test_rolling_back_once_more_returns(done: tuple[Place, str]) -> None:
    before = tags(done)
    assert done[0].run("rollback", "openaq")[0] == 0
    assert tags(done)["version"] == 3 - before["version"]
    assert done[0].run("rollback", "openaq")[0] == 0
    assert tags(done) == before | {"decision": before["decision"] + 2}
    assert "note:" not in "\n".join(models(done)), "the alias says the same"


@pytest.mark.soak
@pytest.mark.usefixtures("rolled_back")
@pytest.mark.parametrize("node", ["rollback", "admit", "deploy", "verify"])
def test_a_rollback_that_is_killed_and_typed_again_leaves_one_truth(node: str, done: tuple[Place, str]) -> None:
    place = done[0]
    process = place.start("rollback", "openaq")
    assert process.stdout is not None
    for line in process.stdout:
        if re.search(rf"Running +\S*{node}\b", line):
            break
    kill(process)
    code, printed = place.run("rollback", "openaq")
    assert code == 0, printed
    served = tags(done)
    assert f"openaq version {served['version']} is live" in printed
    live = place.table("select decision, version from promotions where live_at is not null and ended is null")
    assert live == [(served["decision"], served["version"])]
    assert "note:" not in "\n".join(models(done)), "the alias says the same"


def doctor(place: Place) -> str:
    """Its line about the model."""
    _, printed = place.run("doctor")
    return next(line for line in printed.splitlines() if "model of openaq: " in line)


@pytest.mark.soak
def test_after_down_and_up_what_was_live_serves_again(done: tuple[Place, str]) -> None:
    place, before = done[0], tags(done)
    live = f"version {before['version']} (decision {before['decision']})"
    assert place.run("down")[0] == 0
    said = f"{live} must be live, but no server answers; run: pipeline up"
    assert doctor(place) == f"ok   model of openaq: {said}", "it was stopped on purpose"
    assert said in place.run("status")[1]
    code, printed = place.run("up")
    assert code == 0, printed
    assert tags(done) == before
    assert f"{live} is live" in printed
    assert f"{live} is live" in place.run("status")[1]
    assert doctor(place) == f"ok   model of openaq: {live} is live"
