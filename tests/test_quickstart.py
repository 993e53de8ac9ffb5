"""The main job, from an archive's files to a served model, as a person starts it: once, again, and cut off anywhere."""

import json
import random
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from quickstarting import ARCHIVE, Place, asked, kill

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
    assert answer["meta"]["tags"]["version"] == 1


def test_a_second_run_finds_everything_done(done: tuple[Place, str]) -> None:
    place, _ = done
    before = place.outcome()
    code, printed = place.run(*place.quickstart())
    assert code == 0, printed
    assert place.outcome() == before
    assert "Decision 1:" in printed
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
    assert code == 3
    assert "404" in printed
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
