"""What goes wrong on a cluster: killed pods, a restarted controller, servers that are away, images that are missing."""

import json
import time

import pytest

from pipeline.cluster import status
from pipeline.cluster.doctor import examine
from pipeline.cluster.kube import Cluster
from tests.e2e import controller
from tests.e2e.one_step import created, leaf_of, one, one_step
from tests.e2e.remote import Remote
from tests.e2e.test_openaq import ARCHIVE
from tests.e2e.workflows import ended, submit

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]
TRAIN = {"locations": "9000001,9000002", "parameter": "no2", "workers": "2"}


def test_a_step_whose_pod_is_deleted_is_done_again(cluster: Cluster) -> None:
    """As another attempt or as the same one, which is the controller's affair."""
    run = one(cluster, ["sleep", "15"])
    (pod,) = cluster.get("pods", running(cluster, run, "trial"))
    cluster.kubectl("delete", "pod", pod["metadata"]["name"], "--force", "--grace-period=0")

    over = ended(cluster, run, patience=300)

    assert over.phase == "Succeeded", over.message
    pods = cluster.get("pods", "-l", f"workflows.argoproj.io/workflow={run}")
    assert pods and pod["metadata"]["uid"] not in {each["metadata"]["uid"] for each in pods}


def test_a_controller_that_restarts_goes_on(cluster: Cluster, remote: Remote) -> None:
    run = submit(cluster, "workflowtemplate", "openaq-train", TRAIN | _as_of(remote))
    running(cluster, run, "snapshot")
    controller.ARGO.kubectl("delete", "pods", "-l", "app=workflow-controller", "--force", "--grace-period=0")

    assert ended(cluster, run).phase == "Succeeded"


@pytest.mark.parametrize("server", ["minio", "postgres", "mlflow"])
def test_a_server_that_restarts_is_waited_for(cluster: Cluster, server: str) -> None:
    run = submit(cluster, "workflowtemplate", "openaq-train", TRAIN | {"as-of": "2004-01-01T00:00:00Z"})
    running(cluster, run, "snapshot")
    cluster.kubectl("delete", "pods", "-l", f"app.kubernetes.io/component={server}", "--wait=false")

    over = ended(cluster, run)
    kind = "deployment" if server == "mlflow" else "statefulset"
    cluster.kubectl("rollout", "status", f"{kind}/{server}", "--timeout", "100s")

    assert over.phase == "Succeeded", over.message


def test_a_step_without_memory_is_retried_and_told(cluster: Cluster) -> None:
    over = one_step(cluster, ["python", "-c", "x = bytearray(10**9); x[::4096] = b'1' * len(x[::4096])"], memory="64Mi")

    assert over.phase == "Failed"
    attempts = [each for each in over.nodes if each["type"] == "Pod"]
    assert len(attempts) == 3
    assert "OOMKilled" in attempts[0]["message"]


@pytest.mark.parametrize(("code", "attempts"), [(1, 3), (2, 1), (3, 1)])
def test_exit_codes_are_retried_as_the_contract_says(cluster: Cluster, code: int, attempts: int) -> None:
    over = one_step(cluster, ["python", "-c", f"raise SystemExit({code})"])

    assert over.phase == "Failed"
    assert len([each for each in over.nodes if each["type"] == "Pod"]) == attempts


def test_a_full_volume_fails_in_one_line(cluster: Cluster) -> None:
    over = one_step(
        cluster,
        ["sh", "-c", "head -c 3000000 /dev/zero > /work/full"],
        change=lambda template: template["volumes"][0].update(emptyDir={"medium": "Memory", "sizeLimit": "1Mi"}),
    )

    assert over.phase == "Failed"


def test_an_image_that_cannot_be_pulled_is_told_by_its_reason(cluster: Cluster) -> None:
    run = one(cluster, ["true"], image="registry.invalid/nothing:1")
    try:
        deadline = time.monotonic() + 60
        while "ImagePull" not in (shown := status.shown(cluster)):
            assert time.monotonic() < deadline, shown
            time.sleep(1)
        checks = {check.name: check for check in examine(cluster, "")}
        assert not checks["images"].ok
        assert "registry.invalid/nothing:1" in checks["images"].words
    finally:
        cluster.kubectl("delete", "workflow", run)


def test_of_two_trainings_at_once_the_newer_data_s_decision_stands(cluster: Cluster) -> None:
    """Of a parameter that no live model predicts, so that both would be promoted; the older data's ends later."""
    temperature = TRAIN | {"parameter": "temperature"}
    span = {"source": ARCHIVE, "from": "2002-07-01", "to": "2003-12-30"}
    assert (
        ended(cluster, submit(cluster, "workflowtemplate", "openaq-backfill", temperature | span)).phase == "Succeeded"
    )
    newer = submit(cluster, "workflowtemplate", "openaq-train", temperature | {"as-of": "2003-12-30T00:00:00Z"})
    running(cluster, newer, "trial")
    older = submit(cluster, "workflowtemplate", "openaq-train", temperature | {"as-of": "2003-11-30T00:00:00Z"})

    assert [ended(cluster, run).phase for run in (newer, older)] == ["Succeeded", "Succeeded"]

    of = "FROM promotions WHERE project = 'openaq' AND parameter = 'temperature' ORDER BY data_until DESC"
    with Remote.entered(cluster) as remote:  # anew: a way in ends with its pod, and servers were restarted
        rows = remote.rows(f"SELECT decision, promoted, live_at IS NOT NULL AND ended IS NULL, words {of}")
    (one, promoted, live, _), (other, promoted_too, _, words) = rows
    assert promoted and live and one < other
    assert not promoted_too and "a newer dataset" in words
    back = submit(cluster, "workflowtemplate", "openaq-rollback", {})
    assert ended(cluster, back).phase == "Succeeded"


def test_two_hundred_side_by_side_complete(cluster: Cluster) -> None:
    leaf = leaf_of(cluster, ["python", "-c", "print('{}')"])
    wide = {
        "name": "wide",
        "dag": {"tasks": [{"name": "all", "template": "main", "withSequence": {"count": "200"}}]},
    }
    run = created(cluster, wide, leaf)

    over = ended(cluster, run)
    print(f"200 side by side: {over.phase}, {over.seconds:.0f} s, {len(json.dumps(over.status)) // 1024} KB of status")

    assert over.phase == "Succeeded", over.message
    assert sum(each["type"] == "Pod" and each["phase"] == "Succeeded" for each in over.nodes) == 200


def test_an_account_that_may_not_deploy_is_told(cluster: Cluster) -> None:
    """The steps' account may write no SeldonDeployment."""
    manifest = {"apiVersion": "machinelearning.seldon.io/v1", "kind": "SeldonDeployment", "metadata": {"name": "x"}}
    template = {
        "name": "main",
        "serviceAccountName": "pipeline-steps",
        "inputs": {"artifacts": [{"name": "x", "path": "/tmp/x.json", "raw": {"data": json.dumps(manifest)}}]},
        "resource": {"action": "apply", "manifestFrom": {"artifact": {"name": "x"}}},
    }
    over = ended(cluster, created(cluster, template), patience=120)

    assert over.phase in ("Failed", "Error")
    assert "forbidden" in over.message


def running(cluster: Cluster, run: str, step: str) -> str:
    """The pod of that step of the run, once it runs."""
    deadline = time.monotonic() + 120
    labels = f"workflows.argoproj.io/workflow={run},app.kubernetes.io/component={step}"
    while time.monotonic() < deadline:
        for pod in cluster.get("pods", "-l", labels):
            if pod["status"].get("phase") == "Running":
                return str(pod["metadata"]["name"])
        time.sleep(0.2)
    raise TimeoutError(f"{run} has no running pod of {step}")


def _as_of(remote: Remote) -> dict[str, str]:
    assert remote.rows("SELECT 1 FROM promotions WHERE project = 'openaq' AND verified_at IS NOT NULL"), "openaq first"
    return {"as-of": "2003-12-31T00:00:00Z"}
