"""What openaq-train does with what its steps say: the committed manifest, functions in the place of its steps."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.engine import Inputs, RunView, run
from tests import ROOT

MANIFESTS = ROOT / "manifests"
MANIFEST = MANIFESTS / "openaq" / "openaq-train.yaml"
OBJECT = {"apiVersion": "machinelearning.seldon.io/v1", "kind": "SeldonDeployment", "metadata": {"name": "openaq"}}


def nothing(_inputs: Inputs) -> None:
    """A step that puts nothing out."""


def train(promoted: str = "true", admitted: str = "true", **more: Callable[[Inputs], object]) -> RunView:
    """The workflow with steps that succeed; `more`: others in their place."""
    steps: Mapping[str, Callable[[Inputs], Any]] = {
        "snapshot": lambda _: {"dataset": "f00d", "workers": [0, 1, 2], "summary": {"kind": "dataset"}},
        "trial": nothing,
        "decide": lambda _: {"decision": 7, "promoted": promoted, "page": "<p>", "summary": {"kind": "decision"}},
        "admit": lambda _: {"admitted": admitted, "manifest": json.dumps(OBJECT)},
        "deploy": lambda _: {"status": {"state": "Available", "address": {"url": "http://model"}}},
        "verify": nothing,
        "record": nothing,
        "follow": lambda _: {"needed": "true", "manifest": json.dumps(OBJECT)},
    }
    return run(MANIFEST, replace={**steps, **more})


def phases(found: RunView, *names: str) -> list[str]:
    return [found.nodes[name].phase for name in names]


def test_what_is_promoted_is_deployed_and_verified() -> None:
    seen: list[dict[str, str]] = []
    found = train(verify=lambda inputs: seen.append(dict(inputs)))
    assert found.phase == "Succeeded", found.message
    assert seen == [{"decision": "7", "url": "http://model"}]
    assert phases(found, "trials-linear(2)", "trials-lightgbm(2)", "record", "follow") == [
        "Succeeded", "Succeeded", "Succeeded", "Skipped",
    ]  # fmt: skip


def test_what_is_refused_is_not_deployed() -> None:
    found = train(promoted="false")
    assert found.phase == "Succeeded", "a refusal is a result"
    assert phases(found, "decide", "release") == ["Succeeded", "Skipped"]


def test_an_older_decision_replaces_nothing() -> None:
    found = train(admitted="false")
    assert found.phase == "Succeeded"
    assert phases(found, "admit", "go-live") == ["Succeeded", "Skipped"]


def test_a_failed_deployment_is_tried_again_and_then_put_back() -> None:
    states: list[str] = []

    def deploy(inputs: Inputs) -> object:
        failing = inputs.node == "deploy"
        states.append(inputs.node)
        return {"status": {"state": "Failed" if failing else "Available", "address": {"url": "http://model"}}}

    found = train(deploy=deploy)
    assert found.phase == "Failed"
    assert states == ["deploy", "deploy", "deploy", "restore"], "three attempts, then the champion's object again"
    assert phases(found, "record", "follow", "restore") == ["Succeeded", "Succeeded", "Succeeded"]
    assert not [node for node in found.nodes if node.display_name == "verify"]
    assert any("failure condition 'status.state == Failed'" in node.message for node in found.nodes)


def test_a_trial_with_bad_input_is_not_tried_again() -> None:
    tried: list[int] = []

    def trial(inputs: Inputs) -> None:
        if inputs["family"] == "linear" and inputs["worker"] == "1":
            tried.append(inputs.attempt)
            raise SystemExit(2)

    found = train(trial=trial)
    assert found.phase == "Failed"
    assert tried == [0], "exit code 2 is bad input"
    assert phases(found, "decide", "release") == ["Omitted", "Omitted"]


@pytest.mark.parametrize("file", sorted(MANIFESTS.rglob("*.yaml")), ids=lambda file: file.name)
def test_no_dag_fails_with_a_mutex_that_the_exit_handler_wants(file: Path) -> None:
    """On a cluster it would keep it: `tests/oracle/cases/mutexes/of-a-dag-that-fails.yaml`."""
    for document in yaml.safe_load_all(file.read_text(encoding="utf-8")):
        spec = document["spec"].get("workflowSpec", document["spec"])
        templates = {each["name"]: each for each in spec.get("templates", ())}
        wanted = mutexes(templates.get(spec.get("onExit"), {}))
        keep = [name for name, each in templates.items() if "dag" in each and mutexes(each) & wanted]
        assert keep == ([spec["onExit"]] if wanted else [])


def mutexes(template: dict[str, Any]) -> set[str]:
    return {each["name"] for each in template.get("synchronization", {}).get("mutexes", ())}
