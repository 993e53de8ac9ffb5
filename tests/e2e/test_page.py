"""The pages on the cluster: each answers, they show the run that was started, and nothing can be done from there."""

import json
from collections.abc import Iterator

import pytest
import requests

from pipeline.cluster.kube import Cluster
from tests.e2e.forwarding import forwarded
from tests.e2e.one_step import one_step

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


def test_nothing_can_be_done_from_there(page: str, cluster: Cluster) -> None:
    for path in ("/projects/openaq/rollback", "/inbox/wine/release", "/api/v1/workflows/any", "/runs/any/stop"):
        assert requests.post(f"{page}{path}", timeout=60).status_code in (404, 405)
    account = f"system:serviceaccount:{cluster.namespace}:pipeline-page"
    for verb, what in (("create", "workflows"), ("patch", "workflows"), ("delete", "workflows"), ("get", "secrets"),
                       ("create", "pods"), ("delete", "pods")):  # fmt: skip
        assert not _may(cluster, account, verb, what), (verb, what)
    assert _may(cluster, account, "list", "workflows")


def _may(cluster: Cluster, account: str, verb: str, what: str) -> bool:
    what = {"workflows": "workflows.argoproj.io"}.get(what, what)
    review = {
        "apiVersion": "authorization.k8s.io/v1", "kind": "LocalSubjectAccessReview",
        "metadata": {"namespace": cluster.namespace},
        "spec": {"user": account, "resourceAttributes": {
            "namespace": cluster.namespace, "verb": verb, "resource": what.partition(".")[0],
            "group": what.partition(".")[2]}},
    }  # fmt: skip
    answer = cluster.kubectl("create", "-f", "-", "-o", "jsonpath={.status.allowed}", given=json.dumps(review))
    return answer == "true"
