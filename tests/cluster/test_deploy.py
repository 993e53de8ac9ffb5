"""`pipeline deploy` and `undeploy` on a fake cluster: changes are shown before they are made, and none by halves."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from pipeline.cli.commands import cli
from pipeline.cluster import manifests
from pipeline.cluster.kube import Cluster
from pipeline.cluster.upstream import install, pinned
from pipeline.errors import PipelineError, UserError
from tests import ROOT
from tests.cluster.conftest import FakeCluster

KINDS = ("workflowtemplates", "cronworkflows", "eventsources", "sensors")


@pytest.fixture
def ready(deployed: FakeCluster) -> FakeCluster:
    """A cluster that has Argo and Seldon, from elsewhere, and none of the manifests."""
    for name in (*KINDS, "eventbus"):
        if f"{name}.argoproj.io" not in deployed.names("CustomResourceDefinition"):
            deployed.add("CustomResourceDefinition", f"{name}.argoproj.io")
    return deployed


@pytest.fixture
def full(ready: FakeCluster, deployed_once: list[dict[str, Any]]) -> FakeCluster:
    """The same after `pipeline deploy`."""
    ready.set(objects=[*ready["objects"], *deployed_once])
    return ready


@pytest.fixture(scope="module")
def deployed_once() -> list[dict[str, Any]]:
    """What `pipeline deploy` applies of manifests/."""
    return manifests.read(ROOT / "manifests", "", crons=True)


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, words)


def told(result: Result) -> list[str]:
    assert result.exception is None, result.exception
    return result.output.splitlines()


def test_all_is_shown_and_then_applied(ready: FakeCluster) -> None:
    first = told(run("deploy"))
    assert first[0] == "deploying to minikube, namespace mlops"
    assert "  argo-workflows: left alone, since it is there already and not from here" in first
    assert "  + WorkflowTemplate/openaq-train" in first
    dry, *_, made = [call for call in ready.calls if "kubectl -n mlops apply" in call and "WorkflowT" not in call][1:]
    assert "--dry-run=server" in dry and "--dry-run" not in made
    assert "openaq-train" in ready.names("WorkflowTemplate")
    assert f"applied {len([line for line in first if line.startswith('  + ')])} manifests" in first


def changed(cluster: FakeCluster, kind: str, name: str, **spec: Any) -> None:
    objects = cluster["objects"]
    for each in objects:
        if (each["kind"], each["metadata"]["name"]) == (kind, name):
            each["spec"] |= spec
    cluster.set(objects=objects)


@pytest.mark.soak
def test_what_differs_is_counted_and_with_diff_shown_line_by_line(full: FakeCluster) -> None:
    changed(full, "WorkflowTemplate", "openaq-train", priority=7)
    said = told(run("deploy", "--diff"))
    assert [line for line in said if line.startswith(("  ~", "  +", "  -", "      -", "      +"))] == [
        "  ~ WorkflowTemplate/openaq-train: 0 lines more, 1 less",
        "      -  priority: 7",
    ]


def test_what_is_ours_and_wanted_no_more_is_removed_and_what_is_not_ours_stays(ready: FakeCluster) -> None:
    ours = {"app.kubernetes.io/part-of": "learning-pipelines"}
    ready.add("Sensor", "old", labels=ours, spec={})
    ready.add("Sensor", "of-the-chart", labels=ours | {"app.kubernetes.io/managed-by": "Helm"}, spec={})
    ready.add("Sensor", "of-others", spec={})
    assert "  - Sensor/old" in told(run("deploy"))
    assert {"of-the-chart", "of-others"} <= set(ready.names("Sensor"))
    assert "old" not in ready.names("Sensor")


@pytest.mark.soak
def test_without_crons_those_that_are_there_are_left_alone(full: FakeCluster) -> None:
    crons = full.names("CronWorkflow")
    assert crons
    assert "manifests: nothing changes" in told(run("deploy", "--no-crons"))
    assert full.names("CronWorkflow") == crons


def test_what_the_api_server_refuses_is_one_line_and_nothing_is_applied(ready: FakeCluster) -> None:
    ready.set(refused={"--dry-run=server": "Warning: x\nThe Sensor is invalid: spec.triggers: Required value\n"})
    result = run("deploy")
    assert isinstance(result.exception, PipelineError)
    assert str(result.exception) == (
        "`kubectl -n mlops apply --server-side --force-conflicts …`: "
        "The Sensor is invalid: spec.triggers: Required value"
    )
    assert ready.names("WorkflowTemplate") == []


def test_values_that_are_no_file_and_no_context_are_told_before_anything(ready: FakeCluster) -> None:
    result = run("deploy", "--values", "nosuch.yaml")
    assert isinstance(result.exception, UserError)
    said = str(result.exception)
    assert said.startswith("--values nosuch.yaml is no file; ")
    assert "charts/platform/values.yaml shows" in said
    ready.set(context="")
    result = run("deploy")
    assert str(result.exception).startswith("kubectl has no current context; for a cluster on this machine: minikube")
    assert not [call for call in ready.calls if "apply" in call or "upgrade" in call]


def test_values_and_registry_reach_the_platforms_chart(ready: FakeCluster, tmp_path: Path) -> None:
    values = tmp_path / "mine.yaml"
    values.write_text("{}")
    told(run("deploy", "--values", str(values), "--registry", "registry.example.com/ml"))
    (call,) = [call for call in ready.calls if "upgrade --install platform" in call]
    assert "--set images.registry=registry.example.com/ml" in call and f"--values {values}" in call
    text = yaml.safe_dump([each for each in ready["objects"] if each["kind"] == "WorkflowTemplate"])
    assert "registry.example.com/ml/pipeline-steps" in text


def test_undeploy_removes_ours_waits_and_says_what_is_left(full: FakeCluster) -> None:
    full.set(releases=["platform"])
    said = told(run("undeploy"))
    assert said[0] == "removing from minikube, namespace mlops"
    assert "  - WorkflowTemplate/openaq-train" in said
    assert full.names("WorkflowTemplate") == full.names("CronWorkflow") == full.names("EventBus") == []
    order = [call for call in full.calls if " delete " in call or " uninstall " in call or " wait " in call]
    assert " delete " in order[0] and " uninstall platform" in order[1] and " wait --for=delete" in order[2]
    assert "platform-credentials" in said[-3] + said[-2]

    full.set(releases=[], calls=[])
    told(run("undeploy"))
    assert not [call for call in full.calls if "uninstall" in call or "delete" in call], "there is nothing left"


@pytest.mark.parametrize(("line", "version", "tag"), [(None, "1.0.18", "v4.0.10"), ("3.7", "0.45.27", "v3.7.18")])
def test_a_chart_is_installed_where_its_kinds_are_not_there(
    cluster: FakeCluster, line: str | None, version: str, tag: str
) -> None:
    (argo, *_) = pinned(ROOT / "charts" / "upstream")
    assert install(argo, line) == f"chart {version} ({tag})"
    (call,) = [call for call in cluster.calls if "upgrade" in call]
    assert call.startswith(f"helm -n {argo.namespace} upgrade --install argo-workflows argo-workflows --repo ")
    assert f"--version {version} --create-namespace" in call
    assert f"--set images.tag={tag}" in call


@pytest.mark.parametrize(("there", "line", "wanted"), [("0.45.20", None, "0.45.27"), ("0.45.20", "4.0", "1.0.18")])
def test_a_chart_of_ours_is_upgraded_and_keeps_its_line_unless_told(
    deployed: FakeCluster, there: str, line: str | None, wanted: str
) -> None:
    (argo, *_) = pinned(ROOT / "charts" / "upstream")
    deployed.set(releases=["argo-workflows"], chart=f"argo-workflows-{there}")
    assert install(argo, line).startswith(f"chart {wanted} (")


def test_an_api_server_that_does_not_answer_is_one_line(cluster: FakeCluster) -> None:
    cluster.set(hanging=["get secret"])
    with pytest.raises(PipelineError, match=r"^`kubectl -n mlops get secret` gave no answer in 0 s$"):
        Cluster("mlops").kubectl("get", "secret", patience=0.3)


def test_a_failure_without_a_word_says_so(cluster: FakeCluster) -> None:
    cluster.set(refused={"get": ""})
    with pytest.raises(PipelineError, match=r": no reason given$"):
        Cluster("mlops").get("secret")


def test_one_object_and_many_and_none_are_a_list(cluster: FakeCluster) -> None:
    cluster.add("Secret", "a")
    cluster.add("Secret", "b")
    names = [each["metadata"]["name"] for each in Cluster("mlops").get("secrets")]
    assert (names, len(Cluster("mlops").get("secret", "a")), Cluster("mlops").get("secret", "c")) == (["a", "b"], 1, [])
    assert json.loads(cluster.file.read_text())["namespace"] == "mlops"
