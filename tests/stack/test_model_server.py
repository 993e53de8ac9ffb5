"""Applying a SeldonDeployment without a cluster: the real model server, on one address over changes and kills."""

import copy
import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pipeline.engine.processes import wait_until
from pipeline.errors import Refused, UserError
from pipeline.stack import Stack
from pipeline.stack.host import StackHost
from tests.stack.witness import listening, processes_of, record_of


def manifest(version: str = "1", model: str = "tried.model.Adder") -> dict[str, Any]:
    """A deployment of one of `root/`'s models, as a step writes it."""
    container = {
        "name": "model",
        "image": "serving:1",
        "command": ["seldon-core-microservice"],
        "args": [model, "--service-type", "MODEL"],
        "env": [{"name": "MODEL_VERSION", "value": version}, {"name": "HOME", "value": "/tmp"}],
        "envFrom": [{"secretRef": {"name": "object-store"}}],
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    }
    return {
        "apiVersion": "machinelearning.seldon.io/v1",
        "kind": "SeldonDeployment",
        "metadata": {"name": "tried", "annotations": {"decision": "4"}},
        "spec": {
            "predictors": [
                {
                    "name": "default",
                    "graph": {"name": "model", "type": "MODEL", "children": []},
                    "componentSpecs": [{"spec": {"containers": [container]}}],
                }
            ]
        },
    }


@pytest.fixture
def host(steps_stack: Stack) -> StackHost:
    return StackHost(steps_stack)


def ask(url: str) -> tuple[Any, dict[str, Any]]:
    """The answer to one row, and the tags that came with it."""
    body = json.dumps({"data": {"ndarray": [[1, 2.5]]}}).encode()
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        found = json.load(answer)
    return found["data"]["ndarray"], found["meta"]["tags"]


def apply(host: StackHost, log: Path, wanted: dict[str, Any]) -> str:
    """Apply what must become available; its address."""
    applied = host.apply(wanted, log=log / "log")
    assert applied["status"]["state"] == "Available", applied["status"]
    return str(applied["status"]["address"]["url"])


def test_it_serves_with_the_containers_environment(host: StackHost, steps_stack: Stack, tmp_path: Path) -> None:
    answer, tags = ask(apply(host, tmp_path, manifest("7")))
    assert answer == [[3.5]]
    assert tags == {"version": "7", "store": True, "home": str(steps_stack.home / "home")}
    assert "Available at http://127.0.0.1:" in (tmp_path / "log").read_text()


def test_the_object_comes_back_with_its_status_alone_added(host: StackHost, tmp_path: Path) -> None:
    wanted = manifest()
    before = copy.deepcopy(wanted)
    applied = host.apply(wanted, log=tmp_path / "log")
    assert wanted == before
    assert {**applied, "status": None} == {**before, "status": None}


def test_the_same_again_changes_nothing(host: StackHost, steps_stack: Stack, tmp_path: Path) -> None:
    url = apply(host, tmp_path, manifest())
    servers = ("tried", "tried.default")
    before = [record_of(steps_stack, each) for each in servers]
    relabelled = manifest()
    relabelled["metadata"]["annotations"]["decision"] = "5"
    assert apply(host, tmp_path, relabelled) == url
    assert [record_of(steps_stack, each) for each in servers] == before


def test_a_change_is_served_at_the_same_address_and_what_is_under_way_is_answered(
    host: StackHost, tmp_path: Path
) -> None:
    slow = manifest("1", "tried.model.Slow")
    (container,) = slow["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"]
    asked = tmp_path / "asked"
    container["env"].append({"name": "ASKED", "value": str(asked)})
    url = apply(host, tmp_path, slow)
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(ask, url)
        assert wait_until(asked.exists, 20)
        assert apply(host, tmp_path, manifest("2")) == url
        answer, tags = under_way.result()
    assert (answer, tags["version"]) == ([[3.5]], "1")
    assert ask(url)[1]["version"] == "2"


def test_a_kill_of_its_parent_leaves_no_orphan_in_the_way(host: StackHost, steps_stack: Stack, tmp_path: Path) -> None:
    url = apply(host, tmp_path, manifest("3"))
    before = processes_of(steps_stack, "tried.default")
    [parent] = [process for process in before if process.pid == record_of(steps_stack, "tried.default").pid]
    parent.kill()
    assert wait_until(lambda: not record_of(steps_stack, "tried.default").alive(), 10)
    assert processes_of(steps_stack, "tried.default"), "the workers were to outlive their parent"
    assert steps_stack.ensure("tried") == url
    assert ask(url)[1]["version"] == "3"
    assert set(before).isdisjoint(processes_of(steps_stack, "tried.default"))


def test_stopped_with_the_others_and_found_again(host: StackHost, steps_stack: Stack, tmp_path: Path) -> None:
    url = apply(host, tmp_path, manifest("4"))
    steps_stack.stop()
    assert processes_of(steps_stack, "tried") == processes_of(steps_stack, "tried.default") == []
    assert {"tried", "tried.default"} <= {each.name for each in steps_stack.status()}
    assert Stack(steps_stack.home, root=Path(__file__).parent / "root").ensure("tried") == url
    assert ask(url)[1]["version"] == "4"


def test_only_this_machine_reaches_it(host: StackHost, steps_stack: Stack, tmp_path: Path) -> None:
    apply(host, tmp_path, manifest())
    for name in ("tried", "tried.default"):
        assert listening(processes_of(steps_stack, name)) == {"127.0.0.1"}
    assert list(steps_stack.home.rglob("gunicorn.ctl")) == []


@pytest.mark.parametrize("model", ["tried.model.Broken", "missing.Model"])
def test_a_model_that_does_not_load_is_a_failed_deployment(
    host: StackHost, steps_stack: Stack, tmp_path: Path, model: str
) -> None:
    status = host.apply(manifest(model=model), log=tmp_path / "log")["status"]
    assert status["state"] == "Failed"
    assert (
        f"tried.default did not come up; the end of {steps_stack.home}/logs/tried.default.log: "
        in status["description"]
    )
    assert "Failed: " in (tmp_path / "log").read_text()
    assert processes_of(steps_stack, "tried.default") == []


def test_after_a_failed_deployment_the_earlier_one_can_be_put_back(host: StackHost, tmp_path: Path) -> None:
    url = apply(host, tmp_path, manifest("5"))
    assert host.apply(manifest(model="missing.Model"), log=tmp_path / "log")["status"]["state"] == "Failed"
    assert apply(host, tmp_path, manifest("5")) == url


def changed(path: str, value: object) -> dict[str, Any]:
    """The manifest with one field replaced; `path` as in `spec.predictors.0.graph`."""
    wanted = manifest()
    *above, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place: Any = wanted
    for part in above:
        place = place[part]
    place[last] = value
    return wanted


_CONTAINER = "spec.predictors.0.componentSpecs.0.spec.containers.0"


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (
            changed("kind", "Deployment"),
            r"Deployment \(machinelearning.seldon.io/v1\) cannot be applied without a cluster",
        ),
        (changed("apiVersion", "apps/v1"), r"SeldonDeployment \(apps/v1\) cannot be applied"),
        ({}, "None .* cannot be applied"),
        (changed("spec", {}), "tried: spec.predictors is missing"),
        (changed("spec.predictors", [{}] * 3), "tried: spec.predictors: got 3; wanted one, or two"),
        (changed("spec.predictors.0.name", "a.b"), "tried: spec.predictors: a name is 'a.b'"),
        (changed("spec.predictors.0.graph.children", [{"name": "b"}]), "tried: graph.children"),
        (changed("spec.predictors.0.graph.implementation", "SKLEARN_SERVER"), "tried: graph.implementation"),
        (changed("spec.predictors.0.graph.name", "other"), "graph.name is 'other', the container's is 'model'"),
        (changed(f"{_CONTAINER}.command", ["python"]), "containers.command: got 'python'"),
        (changed(f"{_CONTAINER}.env.0", {"name": "A", "valueFrom": {}}), r"env.A.valueFrom is not done without"),
        (changed(f"{_CONTAINER}.envFrom", [{"prefix": "A"}]), "envFrom: got prefix"),
    ],
)
def test_what_needs_a_cluster_is_refused_by_name(
    host: StackHost, tmp_path: Path, wanted: dict[str, Any], words: str
) -> None:
    with pytest.raises(Refused, match=words):
        host.apply(wanted, log=tmp_path / "log")


def test_it_may_not_take_the_name_of_our_own_servers(steps_stack: Stack) -> None:
    with pytest.raises(UserError, match="cannot be named tracking"):
        steps_stack.deploy(changed("metadata.name", "tracking"))


@pytest.mark.parametrize("name", ["../escape", "a/b", "", "A b"])
def test_a_name_that_kubernetes_would_refuse_is_refused(steps_stack: Stack, name: str) -> None:
    with pytest.raises(Refused, match=r"metadata\.name"):
        steps_stack.deploy(changed("metadata.name", name))
