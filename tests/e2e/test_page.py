"""The pages on the cluster: each answers, shows the run that was started, and does what its buttons say, no more."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from pipeline.cluster.kube import Cluster
from pipeline.errors import PipelineError
from tests.e2e.forwarding import forwarded
from tests.e2e.one_step import one, one_step
from tests.e2e.workflows import ended

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
PATHS = ("/runs", "/projects", "/projects/openaq", "/projects/wine", "/inbox", "/data", "/documents", "/health")


@pytest.fixture(scope="module")
def page(cluster: Cluster) -> Iterator[str]:
    if not cluster.get("deployment", "page"):
        pytest.skip("the pages are not deployed: make deploy VALUES=tests/e2e/values.yaml")
    cluster.kubectl("rollout", "status", "deployment/page", "--timeout", "200s")
    with forwarded(cluster, "deployment/page", 2746) as address:
        yield f"http://{address}"


def test_each_page_answers(page: str) -> None:
    for path in PATHS:
        found = requests.get(f"{page}{path}", timeout=60)
        assert found.status_code == 200, (path, found.text)
        assert "<h1>" in found.text and "pipeline up" not in found.text


def test_a_run_is_shown_with_why_it_failed_and_its_log(page: str, cluster: Cluster) -> None:
    run = one_step(cluster, ["sh", "-c", "echo the cause; exit 3"])
    assert run.name in requests.get(f"{page}/runs", params={"q": run.name}, timeout=60).text
    shown = requests.get(f"{page}/runs/{run.name}", timeout=60).text
    assert (
        "Error (exit code 3)" in shown and f"https://argo.example.com/workflows/{cluster.namespace}/{run.name}" in shown
    )
    log = requests.get(f"{page}/api/v1/workflows/-/{run.name}/log", timeout=60).text
    assert "the cause" in log or "its pod is gone" in log


def test_a_run_is_halted_goes_on_and_is_stopped(page: str, cluster: Cluster) -> None:
    name = one(cluster, ["sleep", "600"])
    for button, spec in (("suspend", {"suspend": True}), ("resume", {}), ("stop", {"shutdown": "Stop"})):
        _pressed(page, f"/runs/{name}/{button}")
        (found,) = cluster.get("workflows.argoproj.io", name)
        assert {key: found["spec"][key] for key in ("suspend", "shutdown") if key in found["spec"]} == spec
    assert ended(cluster, name).phase == "Failed"


def test_a_file_is_spoken_for_and_a_model_rolled_back_by_workflows(page: str, cluster: Cluster) -> None:
    for path, fields, step, words in (
        ("/inbox/wine/release", {"upload": "nosuch", "why": "it is fine"}, "review", "exit code 2"),
        ("/projects/wine/rollback", {"to": "99", "why": "worse"}, "rollback", "exit code"),
    ):
        name = _pressed(page, path, **fields).rpartition("/")[2]
        assert words in ended(cluster, name).node(step)["message"]


def test_its_account_can_do_nothing_else(page: str, cluster: Cluster) -> None:
    assert requests.put(f"{page}/inbox/wine/files/x.csv", data=b"x", timeout=60).status_code in (404, 405)
    account = f"system:serviceaccount:{cluster.namespace}:pipeline-page"
    for verb, what in (("delete", "workflows"), ("get", "secrets"), ("create", "pods"), ("delete", "pods"),
                       ("update", "workflowtemplates")):  # fmt: skip
        assert not _may(cluster, account, verb, what), (verb, what)
    running = one(cluster, ["sleep", "600"])
    own: dict[str, Any] = {"entrypoint": "main", "templates": [{"name": "main", "container": {"image": "busybox"}}]}
    template: dict[str, Any] = {"workflowTemplateRef": {"name": "wine-ingest"}}
    for spec in (own, template | {"serviceAccountName": "pipeline-deployer"}, template | {"podSpecPatch": "{}"},
                 {"workflowTemplateRef": {"name": "any", "clusterScope": True}}):  # fmt: skip
        assert "may only start a WorkflowTemplate" in _refused(cluster, account, "create", spec)
    for spec in (own, {"serviceAccountName": "pipeline-deployer"}, {"podSpecPatch": "{}"}):
        assert "may only set shutdown and suspend" in _refused(cluster, account, "patch", spec, name=running)
    _pressed(page, f"/runs/{running}/stop")


def _pressed(page: str, path: str, **fields: str) -> str:
    """Where the button leads."""
    headers = {"Origin": page, "Sec-Fetch-Site": "same-origin"}
    found = requests.post(f"{page}{path}", data=fields, headers=headers, timeout=60)
    assert found.status_code == 200, found.text
    return found.url


def _refused(cluster: Cluster, account: str, verb: str, spec: dict[str, Any], *, name: str = "") -> str:
    """What Kubernetes says to who does that as the account."""
    if verb == "patch":
        words = ["patch", "workflow", name, "--type", "merge", "--patch", json.dumps({"spec": spec})]
        given = ""
    else:
        words = ["create", "--validate=false", "-f", "-"]
        made = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"generateName": "page-"}}
        given = json.dumps(made | {"spec": spec})
    with pytest.raises(PipelineError) as refused:
        cluster.kubectl(*words, "--as", account, given=given)
    return str(refused.value)


def _may(cluster: Cluster, account: str, verb: str, what: str) -> bool:
    what = f"{what}.argoproj.io" if what.startswith("workflow") else what
    review = {
        "apiVersion": "authorization.k8s.io/v1", "kind": "LocalSubjectAccessReview",
        "metadata": {"namespace": cluster.namespace},
        "spec": {"user": account, "resourceAttributes": {
            "namespace": cluster.namespace, "verb": verb, "resource": what.partition(".")[0],
            "group": what.partition(".")[2]}},
    }  # fmt: skip
    answer = cluster.kubectl(
        "create", "--validate=false", "-f", "-", "-o", "jsonpath={.status.allowed}", given=json.dumps(review)
    )
    return answer == "true"
