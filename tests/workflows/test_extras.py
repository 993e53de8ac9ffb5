"""What a project adds to its workflows: where it runs, what waits for it, and what happens if it fails."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from pipeline.engine import Inputs, RunView, run
from pipeline.lint import lint
from pipeline.project import Extra, Point
from pipeline.projects.abalone import ABALONE
from pipeline.projects.openaq import OPENAQ
from pipeline.render import rendered
from tests.workflows.test_control_flow import OBJECT

SERIES: tuple[Point, ...] = ("prepare", "publish", "decide", "release")
TABLE: tuple[Point, ...] = ("ingest", "decide", "release")


def extras(*points: Point) -> tuple[Extra, ...]:
    return tuple(Extra(name=f"after-{each}", run="own.extras:tell", after=each, secret="mail") for each in points)


def run_train(**steps: Any) -> RunView:
    """openaq-train with extra steps, functions in the place of its steps."""
    text = rendered(OPENAQ.model_copy(update={"extras": extras(*SERIES)}))["openaq-train.yaml"]
    usual = {
        "snapshot": lambda _: {"dataset": "f00d", "workers": [0], "summary": {}},
        "trial": lambda _: None,
        "decide": lambda _: {"decision": 7, "promoted": "true", "page": "", "summary": {"words": "Promoted"}},
        "admit": lambda _: {"admitted": "true", "manifest": json.dumps(OBJECT)},
        "deploy": lambda _: {"status": {"state": "Available", "address": {"url": "http://model"}}},
        "verify": lambda _: None,
        "record": lambda _: None,
        "follow": lambda _: {"needed": "false", "manifest": "{}"},
        "own-after-decide": lambda _: None,
        "own-after-release": lambda _: None,
    }
    return run(list(yaml.safe_load_all(text)), replace=usual | steps)


def phases(found: RunView, *names: str) -> list[str]:
    return [found.nodes[name].phase for name in names]


def test_it_is_told_what_the_step_before_left_and_what_follows_waits_for_it() -> None:
    told: list[str] = []

    def tell(inputs: Inputs) -> None:
        told.append(f"{inputs.node}: {inputs.artifacts['summary'].read_text()}")

    found = run_train(**{"own-after-decide": tell, "own-after-release": tell})
    assert found.phase == "Succeeded", found.message
    assert told == [f'{name}: {{"words": "Promoted"}}' for name in ("own-after-decide", "own-after-release")]


def test_what_it_stops_is_not_released() -> None:
    def stop(_inputs: Inputs) -> None:
        raise SystemExit(3)

    found = run_train(**{"own-after-decide": stop})
    assert phases(found, "own-after-decide", "release", "own-after-release") == ["Failed", "Omitted", "Omitted"]
    assert found.phase == "Failed"


def test_where_nothing_is_released_nothing_follows_a_release() -> None:
    kept = {"decision": 7, "promoted": "false", "page": "", "summary": {}}
    found = run_train(decide=lambda _: kept)
    assert phases(found, "own-after-decide", "release", "own-after-release") == ["Succeeded", "Skipped", "Omitted"]
    assert found.phase == "Succeeded", found.message


@pytest.mark.parametrize(("project", "points"), [(OPENAQ, SERIES), (ABALONE, TABLE)], ids=["series", "table"])
def test_the_manifests_are_argo_s(project: Any, points: tuple[Point, ...], tmp_path: Path) -> None:
    texts = rendered(project.model_copy(update={"extras": extras(*points)}))
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert [line for line in lint(tmp_path, "4.0") if not line.startswith("ok") and "not on PATH" not in line] == []
    for point in points:
        assert any(f"own-after-{point}" in text for text in texts.values())


@pytest.mark.parametrize(
    ("project", "given", "words"),
    [
        (OPENAQ, extras("ingest"), "'after-ingest' is after 'ingest'; wanted prepare, decide, release, publish"),
        (ABALONE, extras("publish"), "'after-publish' is after 'publish'; wanted ingest, decide, release"),
        (ABALONE, extras("decide", "decide"), "two steps are named 'after-decide'"),
    ],
)
def test_a_point_that_is_not_there_is_refused(project: Any, given: tuple[Extra, ...], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        type(project)(**{**dict(project), "extras": given})
