"""A trial on this machine, from the monitor's word to the model that answers: a take-over, and a new champion's end."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline import stale
from pipeline.projects.openaq import OPENAQ
from pipeline.render import write
from steps.contract.declaration import Gate
from tests import ROOT
from tests.quickstart import second_version
from tests.quickstart.quickstarting import ARCHIVE, Place, asked

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600), pytest.mark.xdist_group("quickstart")]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, str, Path]]:
    """The main job done, what it printed, and a folder whose manifests release in shadow; version 2 is on trial."""
    folder = tmp_path_factory.mktemp("trial")
    learning = OPENAQ.learning.model_copy(update={"gate": Gate(release="shadow", trial_days=30)})
    write(OPENAQ.model_copy(update={"learning": learning}), folder / "manifests" / "openaq")
    place = Place(folder / "state", ARCHIVE.write(folder / "archive"))
    try:
        yield place, _prepared(place, folder), folder
    finally:
        assert place.run("down")[0] == 0


def _prepared(place: Place, folder: Path) -> str:
    code, printed = place.run(*place.quickstart())
    assert code == 0, printed
    kept = place.home / "rendered" / "openaq"  # or what is started by its name is refused: it is not what is declared
    kept.parent.mkdir(exist_ok=True)
    kept.write_text(stale.digest(folder / "manifests" / "openaq"))
    second_version.add(place)
    days(place, "begin", "2", "shadow")
    return printed


def days(place: Place, *words: str) -> None:
    where = {**os.environ, **second_version.settings(place), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-m", "tests.quickstart.trial_days", *words], env=where, check=True)


def monitored(done: tuple[Place, str, Path]) -> None:
    """Run the monitor of these manifests, and wait for all that it started."""
    place, _, folder = done
    given = ("as-of=2021-05-01T00:00:00Z", "locations=101")
    parameters = [word for one in given for word in ("-p", one)]
    words = [sys.executable, "-m", "pipeline", "run", "manifests/openaq", "openaq-monitor", *parameters]
    where = {**os.environ, "PIPELINE_HOME": str(place.home), "PYTHONPATH": str(ROOT)}
    found = subprocess.run(words, cwd=folder, env=where, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def until(done: tuple[Place, str, Path], *wanted: tuple[Any, ...]) -> None:
    """Wait for the newest decision to be live, as the table says; then the server says so, too."""
    query = "select decision, kind, version, run from promotions where live_at is not null and ended is null"
    deadline = time.monotonic() + 120
    while done[0].table(query) != list(wanted):
        assert time.monotonic() < deadline, done[0].run("runs")[1]
        time.sleep(0.2)
    tags: dict[str, Any] = json.loads(asked(done[1]))["meta"]["tags"]
    assert [(tags["decision"], tags["version"])] == [(one[0], one[2]) for one in wanted]


def test_the_better_challenger_takes_over_once_and_goes_back_once_where_it_fails(
    done: tuple[Place, str, Path],
) -> None:
    place = done[0]
    days(place, "lived", "challenger", "2", "0.7")
    monitored(done)
    until(done, (3, "takeover", 2, "openaq-take-over-2-20210501"))
    monitored(done)
    assert place.table("select max(decision) from promotions") == [(3,)]
    days(place, "lived", "former", "1", "0.7")
    monitored(done)
    until(done, (4, "rollback", 1, "openaq-roll-back-3-20210501"))
    monitored(done)
    assert place.table("select max(decision) from promotions") == [(4,)]
    listed = place.run("models", "openaq")[1]
    assert "took over as decision 3" in listed and "Rolled back from version 2 to version 1: version 1 was" in listed
