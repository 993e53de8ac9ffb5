"""What was live is live again: after a kill of everything, after its server alone has died, and where the file of what
was applied is gone or says something else. The decisions are what counts. `test_quickstart` has `down` and `up`.
"""

import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from pipeline.engine.processes import wait_until
from pipeline.stack import Stack
from pipeline.stack.registry import ServerRegistry
from tests.quickstart import second_version
from tests.quickstart.quickstarting import ARCHIVE, Place, asked

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600), pytest.mark.xdist_group("live")]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, str]]:
    """A place where the main job has been done and `up` was called, and the line that asks the model."""
    folder = tmp_path_factory.mktemp("live")
    place = Place(folder / "state", ARCHIVE.write(folder / "archive"))
    code, printed = place.run(*place.quickstart())
    assert code == 0, printed
    yield place, printed
    assert place.run("down")[0] == 0
    assert place.processes() == []


def up(place: Place) -> str:
    code, printed = place.run("up")
    assert code == 0, printed
    return printed


def version(done: tuple[Place, str]) -> Any:
    return json.loads(asked(done[1]))["meta"]["tags"]["version"]


def doctor(place: Place) -> str:
    """Its line about the model."""
    _, printed = place.run("doctor")
    return next(line for line in printed.splitlines() if "model of openaq: " in line)


def kill_all(place: Place) -> None:
    for each in ServerRegistry(place.home).all().values():
        if each.alive() and each.pid is not None:
            os.killpg(each.pid, signal.SIGKILL)


def test_after_a_kill_of_everything_and_up_it_serves(done: tuple[Place, str]) -> None:
    place, _ = done
    up(place)
    kill_all(place)
    assert doctor(place).startswith("FAIL model of openaq: version 1 (decision 1) must be live, but no server answers")
    up(place)
    assert version(done) == 1


def test_after_down_the_main_job_again_makes_it_serve(done: tuple[Place, str]) -> None:
    place, _ = done
    assert place.run("down")[0] == 0
    code, printed = place.run(*place.quickstart())
    assert code == 0, printed
    assert version((place, printed)) == 1


@pytest.mark.parametrize("name", ["openaq", "openaq.default"])
def test_a_server_that_dies_is_started_by_the_watch(name: str, done: tuple[Place, str]) -> None:
    place, _ = done
    up(place)
    server = ServerRegistry(place.home).get(name)
    assert server.pid is not None
    os.killpg(server.pid, signal.SIGKILL)
    assert wait_until(lambda: ServerRegistry(place.home).get(name).pid != server.pid, 60)
    assert wait_until(lambda: ServerRegistry(place.home).get(name).ready, 60)
    assert version(done) == 1


@pytest.mark.parametrize("lost", ["removed", "torn"])
def test_without_the_file_of_what_was_applied_it_serves(lost: str, done: tuple[Place, str]) -> None:
    place, _ = done
    assert place.run("down")[0] == 0
    applied = place.home / "models" / "openaq.json"
    before = json.loads(applied.read_text())
    applied.unlink() if lost == "removed" else applied.write_text("")
    up(place)
    assert version(done) == 1
    assert json.loads(applied.read_text()) == before, "what is put back is what was released"


def test_what_was_applied_and_never_went_live_is_not_served(done: tuple[Place, str]) -> None:
    """As a release leaves it whose run has failed, and could not put back what was live."""
    place, _ = done
    up(place)
    digest = second_version.add(place)
    applied = json.loads((place.home / "models" / "openaq.json").read_text())
    [container] = applied["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"]
    changed = {"MODEL_URI": "s3://artifacts/mlflow/second", "MODEL_VERSION": "2", "MODEL_DIGEST": digest}
    for each in container["env"]:
        each["value"] = changed.get(each["name"], each["value"])
    Stack(place.home).deploy(applied)
    assert wait_until(lambda: doctor(place).endswith(" version 1 (decision 1) is live"), 60), "the watch puts it right"
    assert version(done) == 1
    assert place.run("down")[0] == 0
    (place.home / "models" / "openaq.json").write_text(json.dumps(applied))
    up(place)
    assert version(done) == 1
