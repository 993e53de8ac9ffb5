"""Two main jobs in one folder: the second says so and leaves; a killed one is in nobody's way."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.engine.processes import wait_until
from pipeline.errors import PipelineError
from pipeline.quickstart.alone import alone
from pipeline.stack.locks import holder
from tests.quickstart.quickstarting import ARCHIVE, Place, kill

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def going_on(tmp_path: Path) -> Iterator[tuple[Place, subprocess.Popen[str]]]:
    """A place where the main job is in the midst of its servers."""
    place = Place(tmp_path / "state", ARCHIVE.write(tmp_path / "archive"))
    process = place.start(*place.quickstart())
    assert wait_until((place.home / "servers.json").exists, 60)
    yield place, process
    if process.poll() is None:
        kill(process)
    assert place.run("down")[0] == 0
    assert place.processes() == []


@pytest.mark.soak
def test_the_second_leaves_with_one_line_and_the_first_goes_on(going_on: tuple[Place, subprocess.Popen[str]]) -> None:
    place, process = going_on
    code, printed = place.run(*place.quickstart())
    assert code == 1
    [line] = printed.splitlines()
    assert line.startswith(f"error: process {process.pid} is doing the main job in {place.home} already; wait for its")
    assert process.poll() is None
    kill(process, signal.SIGKILL)
    assert wait_until(lambda: holder(place.home / "quickstart.lock") is None, 10)
    with alone(place.home):
        assert place.processes(), "its servers live on, and do not hold the lock for it"
        with pytest.raises(PipelineError, match=r"^process \d+ is doing"), alone(place.home):
            pass
