"""`pipeline doctor --cluster` on a fake cluster: each thing that can be missing is one line, with what to do."""

from typing import Any

import pytest
from click.testing import CliRunner

from pipeline.cli.commands import cli
from tests.cluster.conftest import FakeCluster


def looked(*options: str) -> tuple[int, dict[str, str]]:
    """The exit code, and what was said of each thing, after its `ok` or `FAIL`."""
    result = CliRunner().invoke(cli, ["doctor", "--cluster", *options], catch_exceptions=False)
    lines = [line.partition(": ") for line in result.output.splitlines()]
    return result.exit_code, {name[5:]: f"{name[:4].strip()} {words}" for name, _, words in lines}


def test_all_is_well(deployed: FakeCluster) -> None:
    code, said = looked()
    assert code == 0
    assert {line.split()[0] for line in said.values()} == {"ok"}, said
    assert said["cluster"] == "ok Kubernetes v1.34.4"
    assert said["controller"] == "ok quay.io/argoproj/workflow-controller:v3.7.18"
    assert said["buckets"] == "ok inbox, lake and artifacts"
    assert deployed.names("Pod") == [], "the pod that looked is gone"


def test_no_cluster_is_one_line(cluster: FakeCluster) -> None:
    cluster.set(refused={"version": "Unable to connect to the server: dial tcp 192.0.2.1:6443: i/o timeout"})
    code, said = looked()
    assert code == 1
    assert list(said) == ["cluster"]
    assert said["cluster"].startswith("FAIL `kubectl -n mlops version -o json`: Unable to connect to the server: dial")
    assert said["cluster"].endswith("is the context right? kubectl config get-contexts")


def test_a_bare_cluster_is_told_what_it_lacks_and_how_to_get_it(cluster: FakeCluster) -> None:
    code, said = looked("--namespace", "elsewhere")
    assert code == 1
    assert said["Argo Workflows"] == "FAIL workflows.argoproj.io is not there; run: pipeline deploy"
    assert said["controller"] == "FAIL no workflow-controller runs; run: pipeline deploy"
    assert said["namespace"] == "FAIL there is no elsewhere; run: pipeline deploy, or give another --namespace"
    assert list(said)[-1] == "namespace", "the rest is not looked at"


def test_a_controller_of_another_line_is_told(deployed: FakeCluster) -> None:
    deployed.remove("Deployment")
    pod = {"spec": {"containers": [{"name": "controller", "image": "argo/workflow-controller:v3.6.2"}]}}
    deployed.add("Deployment", "controller", spec={"template": pod})
    code, said = looked()
    assert code == 1
    assert said["controller"] == "FAIL argo/workflow-controller:v3.6.2; wanted 3.7 or 4.x"


def test_pod_security_that_would_refuse_argos_own_containers(deployed: FakeCluster) -> None:
    deployed.remove("ConfigMap", "argo-workflows-workflow-controller-configmap")
    deployed.add("ConfigMap", "argo-workflows-workflow-controller-configmap", data={"config": ""})
    code, said = looked()
    assert code == 1
    assert said["pod security"].startswith("FAIL restricted, but the controller's ConfigMap has no executor.securityC")


def test_a_namespace_that_is_open_is_said_and_is_no_failure(deployed: FakeCluster) -> None:
    deployed.remove("Namespace")
    deployed.add("Namespace", "mlops")
    code, said = looked()
    assert code == 0
    assert said["pod security"] == "ok none; `pipeline deploy` sets restricted"


@pytest.mark.parametrize(
    ("kind", "name", "check", "words"),
    [
        ("ServiceAccount", "pipeline-sensor", "service accounts", "missing: pipeline-sensor; run: pipeline deploy"),
        ("Secret", "database", "secret database", "lacks DATABASE_URL; run: pipeline deploy"),
        ("ConfigMap", "tracking", "configMap tracking", "lacks MLFLOW_TRACKING_URI; run: pipeline deploy"),
    ],
)
def test_what_a_step_would_lack(deployed: FakeCluster, kind: str, name: str, check: str, words: str) -> None:
    deployed.remove(kind, name)
    code, said = looked()
    assert code == 1
    assert said[check] == f"FAIL {words}"


def waiting(reason: str, message: str) -> dict[str, Any]:
    return {"containerStatuses": [{"image": "x", "state": {"waiting": {"reason": reason, "message": message}}}]}


def test_an_image_that_cannot_be_pulled_is_named_while_its_pod_waits(deployed: FakeCluster) -> None:
    status = waiting("ImagePullBackOff", 'Back-off pulling image "pipeline-steps:0.1.0"')
    deployed.add("Pod", "openaq-train-x", status=status)
    code, said = looked()
    assert code == 1
    assert said["images"] == ('FAIL openaq-train-x: ImagePullBackOff: Back-off pulling image "pipeline-steps:0.1.0"')


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (waiting("ErrImagePull", "not found"), "ErrImagePull: not found; make images, or name the registry"),
        (
            {"conditions": [{"reason": "Unschedulable", "message": "0/1 nodes are available"}]},
            "cannot be scheduled: 0/1 nodes are available; make images",
        ),
    ],
)
def test_a_pod_of_ours_that_cannot_start_says_why_and_is_removed(
    deployed: FakeCluster, status: dict[str, Any], words: str
) -> None:
    deployed.set(status=status)
    code, said = looked()
    assert code == 1
    assert words in said["a pod of ours"]
    assert deployed.names("Pod") == []


def test_what_the_pod_found_is_told_and_what_else_it_printed_is_not(deployed: FakeCluster) -> None:
    deployed.set(log='a warning\n{"name": "clock", "ok": false, "words": "mend NTP"}\n', status={"phase": "Failed"})
    code, said = looked("--registry", "registry.example.com/ml")
    assert code == 1
    assert said["clock"] == "FAIL mend NTP"
    assert not any("a warning" in name for name in said)


def try_a_challenger(cluster: FakeCluster) -> None:
    """As a release makes it where the declaration says shadow or canary."""
    cluster.add("SeldonDeployment", "openaq", spec={"predictors": [{"name": "default"}, {"name": "challenger"}]})


def deployment(cluster: FakeCluster, name: str, **given: Any) -> None:
    """A Deployment of one container."""
    environment = [{"name": key, "value": value} for key, value in given.pop("env", {}).items()]
    container = {"name": "main", "image": "image:1", "env": environment}
    cluster.add("Deployment", name, spec={"template": {"spec": {"containers": [container]}}}, **given)


def test_a_challenger_that_nothing_sends_requests_to_is_told(deployed: FakeCluster) -> None:
    try_a_challenger(deployed)
    code, said = looked()
    assert code == 1
    assert said["trials"].startswith("FAIL openaq: a challenger is there and gets no request; add the name to router.")


def test_routers_of_ours_send_them(deployed: FakeCluster) -> None:
    try_a_challenger(deployed)
    deployment(deployed, "openaq-router", labels={"app.kubernetes.io/component": "router"})
    assert looked()[1]["trials"] == "ok requests are shared by routers of openaq"


def test_so_does_seldon_where_it_was_told_of_a_mesh_that_is_there(deployed: FakeCluster) -> None:
    try_a_challenger(deployed)
    deployment(deployed, "seldon-controller-manager", env={"ISTIO_ENABLED": "true", "AMBASSADOR_ENABLED": "false"})
    deployed.add("CustomResourceDefinition", "virtualservices.networking.istio.io")
    assert looked()[1]["trials"] == "ok requests are shared by Seldon by istio"
