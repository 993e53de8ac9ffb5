"""Repositories as teams have them, typed as their users would: in every place where they can run, they end as on a
cluster. What that is stands in `expected`."""

import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline import engine
from pipeline.engine.execution.runtimes import NAMES, missing
from pipeline.engine.execution.runtimes.container import tool
from pipeline.stack import processes
from pipeline.stack.object_store import connect, make_bucket
from tests.cli.test_run import Place
from tests.conftest import RunningStore
from tests.engine.laboratory import log_of
from tests.repositories import images

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """One call of `pipeline run` and its end. `images`: those that containers need; `objects`: what is in the store."""

    repository: str
    run: list[str]
    end: str
    images: list[str]
    places: list[str] = field(default_factory=lambda: list(NAMES))
    parameters: dict[str, str] = field(default_factory=dict)
    nodes: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    prints: dict[str, str] = field(default_factory=dict)
    objects: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return HERE / self.repository


def cases() -> Iterator[Any]:
    for file in sorted(HERE.glob("expected/*.yaml")):
        for number, fields in enumerate(yaml.safe_load(file.read_text(encoding="utf-8"))):
            case = Case(file.stem, **fields)
            for place in case.places:
                yield pytest.param(case, place, id=f"{case.repository}-{number}-{place}")


@pytest.fixture
def store(request: pytest.FixtureRequest) -> tuple[RunningStore, str]:
    """A store with an empty bucket; it is started only for who asks."""
    running: RunningStore = request.getfixturevalue("object_store")
    bucket = f"orders-{uuid.uuid4().hex[:12]}"
    make_bucket(connect(running.settings), bucket)
    return running, bucket


@cache
def _lacking(image: str) -> str:
    words = [tool(), "run", "--rm", "--pull=never", image, "true"]
    tried = subprocess.run(words, capture_output=True, text=True, check=False)
    return tried.stderr[-300:] or f"no container of {image} starts here" if tried.returncode else ""


def lacking(case: Case, where: str) -> str:
    """Why a case cannot run in a place on this machine; empty if it can."""
    if where != "container" or missing(where):
        return missing(where)
    made = (images.make(each) for each in case.images)
    return next((said for said in made if said), "") or next(filter(None, map(_lacking, case.images)), "")


def given(case: Case, place: Place, request: pytest.FixtureRequest) -> list[str]:
    """The options that lead a repository to the servers of this machine."""
    parameters = dict(case.parameters)
    found: list[str] = []
    if case.repository == "service":
        parameters["port"] = str(processes.free_port())
    if case.repository == "etl":
        running, bucket = request.getfixturevalue("store")
        parameters |= {"store": running.settings["AWS_ENDPOINT_URL_S3"].removeprefix("http://"), "bucket": bucket}
        keys = {"accesskey": "AWS_ACCESS_KEY_ID", "secretkey": "AWS_SECRET_ACCESS_KEY"}
        text = {"s3-credentials": {name: running.settings[key] for name, key in keys.items()}}
        (place.folder / "secrets.yaml").write_text(yaml.safe_dump(text), encoding="utf-8")
        found = ["--secrets", str(place.folder / "secrets.yaml")]
    return [*found, *(word for name, value in parameters.items() for word in ("-p", f"{name}={value}"))]


def files(case: Case) -> set[Path]:
    return {path for path in case.folder.rglob("*") if "__pycache__" not in path.parts}


@pytest.mark.timeout(300)  # containers start slowly where others work
@pytest.mark.parametrize(("case", "where"), list(cases()))
def test_it_ends_as_on_a_cluster(case: Case, where: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if said := lacking(case, where):
        pytest.skip(said)
    place = Place(case.folder, tmp_path / "home")
    options, before = given(case, Place(tmp_path, place.home), request), files(case)

    said = place.call("run", *case.run, "--in", where, *options, code=0 if case.end == "Succeeded" else 3)

    journal = engine.Journal(place.home / "journal.db")
    (summary,) = engine.all_runs(journal)
    view = engine.view(journal, summary.id)
    phases = {node.display_name: node.phase for node in view.nodes}
    assert (view.phase, {name: phases.get(name) for name in case.nodes}) == (case.end, case.nodes), said
    assert view.global_outputs.get("parameters", {}) == case.outputs
    for name, text in case.prints.items():
        (node,) = (each for each in view.nodes if each.display_name == name)
        assert log_of(view, node.name.removeprefix(view.id)).rstrip("\n") == text
    for key, text in case.objects.items():
        running, bucket = request.getfixturevalue("store")
        assert connect(running.settings).get_object(Bucket=bucket, Key=key)["Body"].read().decode() == text
    journal.close()
    assert files(case) == before, "nothing is written beside it"
