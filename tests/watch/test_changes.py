"""Files that people edit while they are watched: read once they are left alone, with all that they refer to."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import engine
from pipeline.laptop.background import Background
from pipeline.watch.changes import SETTLE_SECONDS, Changes
from pipeline.watch.listener import BucketListener
from pipeline.watch.messages import Log
from pipeline.watch.sensors import Sensors
from pipeline.watch.uploads import Uploads
from tests import ROOT
from tests.watch.watching import Waiting

INGEST = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: wine-ingest}
spec:
  entrypoint: main
  arguments: {parameters: [{name: records, value: ""}]}
  templates: [{name: main, container: {image: debian:bookworm-slim, command: [echo, before]}}]
"""


class Watched:
    """The shipped Sensor of wine, in a folder or in one file, with its workflow beside it; a test moves the clock."""

    def __init__(self, folder: Path, *, one_file: bool) -> None:
        self.folder = folder / "manifests"
        self.folder.mkdir()
        shipped = [ROOT / "manifests" / "wine" / f"wine-inbox-{kind}.yaml" for kind in ("eventsource", "sensor")]
        for file in [] if one_file else shipped:
            shutil.copy(file, self.folder)
        if one_file:
            text = "\n---\n".join(file.read_text(encoding="utf-8") for file in shipped)
            (self.folder / "inbox.yaml").write_text(text, encoding="utf-8")
        self.write(INGEST)
        self.lines: list[str] = []
        self.sensors = Sensors(self.folder / "inbox.yaml" if one_file else self.folder)
        background = Background(engine.Journal(folder / "journal.db"))
        self.listener = BucketListener(lambda _: {})
        self.uploads = Uploads(self.sensors, self.listener, background, Waiting(folder), Log(self.lines.append))

    def write(self, text: str) -> None:
        (self.folder / "ingest.yaml").write_text(text, encoding="utf-8")

    def look(self, now: float) -> None:
        self.uploads.process(now)

    @property
    def workflow(self) -> str:
        """What the next upload would start."""
        ((_, sensor),) = self.sensors.known
        return self.sensors.manifests(sensor).snapshot("wine-ingest")

    @property
    def refused(self) -> list[str]:
        return [line for line in self.lines if "cannot listen" not in line]


@pytest.fixture
def watched(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Watched]:
    made = Watched(tmp_path, one_file=getattr(request, "param", False))
    yield made
    made.listener.listen([])


@pytest.mark.parametrize("watched", [False, True], ids=["folder", "file"], indirect=True)
def test_uploads_start_a_workflow_as_it_was_changed(watched: Watched) -> None:
    watched.look(1000.0)
    assert "before" in watched.workflow
    watched.write(INGEST.replace("before", "after"))
    watched.look(1002.0)
    watched.look(1003.0)
    assert "after" in watched.workflow


def test_a_workflow_is_not_read_while_it_is_written(watched: Watched) -> None:
    watched.look(1000.0)
    for number in range(10):
        watched.write(INGEST[: 20 + number])
        watched.look(1002.0 + 0.4 * number)
        watched.look(1002.3 + 0.4 * number)
    watched.write(INGEST.replace("before", "after"))
    watched.look(1006.0)
    assert watched.uploads.next_due() == 1006.0 + SETTLE_SECONDS
    watched.look(1006.5)
    assert watched.uploads.next_due() is None
    assert watched.refused == []
    assert "after" in watched.workflow


def test_a_workflow_that_stays_broken_is_told_once(watched: Watched) -> None:
    watched.look(1000.0)
    watched.write(INGEST[:20])
    for number in range(10):
        watched.look(1002.0 + number)
    assert len(watched.refused) == 1
    assert watched.uploads.names() == ["wine-inbox"], "each upload will say so"


def test_a_change_is_read_though_the_clock_is_set_back(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a: 1", encoding="utf-8")
    changes = Changes(tmp_path)
    assert changes.settled(1000.0)
    file.write_text("a: 22", encoding="utf-8")
    assert not changes.settled(1001.0)
    assert changes.settled(500.0)


def test_what_is_changed_back_is_not_read_again(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: 1", encoding="utf-8")
    changes = Changes(tmp_path)
    assert changes.settled(1000.0)
    (tmp_path / "b.yaml").write_text("b: 1", encoding="utf-8")
    assert not changes.settled(1001.0)
    (tmp_path / "b.yaml").unlink()
    assert not changes.settled(1002.0)
    assert changes.due is None
