"""A trial on this machine, from the monitor's word to the model that answers: a take-over, and a new champion's end."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

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
    place = Place(folder / "state", ARCHIVE.write(folder))
    code, printed = place.run(*place.quickstart())
    assert code == 0, printed
    second_version.add(place)
    days(place, "begin")
    yield place, printed, folder
    assert place.run("down")[0] == 0


def days(place: Place, *words: str) -> None:
    where = {**os.environ, **second_version.settings(place), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-m", "tests.quickstart.trial_days", *words], env=where, check=True)


def monitored(done: tuple[Place, str, Path]) -> str:
    """What `pipeline monitor` prints, in the folder with these manifests."""
    place, _, folder = done
    words = [sys.executable, "-m", "pipeline", "monitor", "openaq", "--as-of", "2021-05-01T00:00:00Z"]
    where = {**os.environ, "PIPELINE_HOME": str(place.home), "PYTHONPATH": str(ROOT)}
    found = subprocess.run(words, cwd=folder, env=where, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout


def served(done: tuple[Place, str, Path]) -> tuple[int, int]:
    """Version and decision of the model that answers."""
    tags: dict[str, Any] = json.loads(asked(done[1]))["meta"]["tags"]
    return tags["version"], tags["decision"]


def test_the_better_challenger_takes_over_once_and_goes_back_once_where_it_fails(
    done: tuple[Place, str, Path],
) -> None:
    place = done[0]
    days(place, "lived", "challenger", "2", "0.7")
    assert "Version 2 is on trial (shadow) since " in monitored(done)
    assert served(done) == (2, 3)
    assert place.table("select kind, restores, run from promotions where decision = 3") == [
        ("takeover", 2, "openaq-take-over-2-20210501")
    ]
    assert "on trial" not in monitored(done)
    assert place.table("select max(decision) from promotions") == [(3,)]
    days(place, "lived", "former", "1", "0.7")
    assert "it comes back: version 1 was " in monitored(done)
    assert served(done) == (1, 4)
    monitored(done)
    assert place.table("select max(decision) from promotions") == [(4,)]
    assert place.table("select run from promotions where decision = 4") == [("openaq-roll-back-3-20210501",)]
