"""A workflow that fails is told to the webhook of `notify.url`, once; one that succeeds is not."""

import json
import time
from collections.abc import Iterator

import pytest
import yaml

from pipeline.cluster.kube import Cluster
from tests import ROOT
from tests.e2e.one_step import IMAGE, one_step

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]
NAME = "webhook-receiver"
LISTENS = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        print(self.rfile.read(int(self.headers["Content-Length"])).decode(), flush=True)
        self.send_response(204)
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.HTTPServer(("", 8080), Handler).serve_forever()
"""


@pytest.fixture
def told(cluster: Cluster) -> Iterator[None]:
    """A receiver, and a platform that tells it."""
    try:
        cluster.kubectl("apply", "--server-side", "-f", "-", given=yaml.safe_dump_all(_receiver()))
        cluster.kubectl("wait", "--for=condition=Ready", f"pod/{NAME}", "--timeout", "100s")
        _upgrade(cluster, f"http://{NAME}.{cluster.namespace}:8080/")
        for kind in ("eventsource", "sensor"):
            _ready(cluster, f"{kind}-name=failed-workflows")
        yield
    finally:
        _upgrade(cluster, "")
        cluster.kubectl("delete", "pod,service", NAME, "--ignore-not-found", "--wait=false")


@pytest.mark.usefixtures("told")
def test_each_failed_workflow_is_told_once(cluster: Cluster) -> None:
    succeeded = one_step(cluster, ["true"])
    first = one_step(cluster, ["sh", "-c", "exit 2"])
    _await_archived(cluster, first.name)  # which changes it again
    second = one_step(cluster, ["sh", "-c", "exit 3"])

    heard = _heard(cluster, second.name)

    assert succeeded.phase == "Succeeded"
    assert [each["workflow"] for each in heard] == [first.name, second.name]
    assert {each["phase"] for each in heard} == {"Failed"}
    assert all(each["message"] for each in heard)


def _upgrade(cluster: Cluster, url: str) -> None:
    chart = str(ROOT / "charts" / "platform")
    cluster.helm("upgrade", "platform", chart, "--reuse-values", "--set", f"notify.url={url}", "--wait")


def _ready(cluster: Cluster, label: str) -> None:
    deadline = time.monotonic() + 100
    while not cluster.get("pods", "-l", label):
        assert time.monotonic() < deadline, f"no pod of {label}"
        time.sleep(0.5)
    cluster.kubectl("wait", "--for=condition=Ready", "pod", "-l", label, "--timeout", "100s")


def _await_archived(cluster: Cluster, run: str) -> None:
    label = "{.metadata.labels.workflows\\.argoproj\\.io/workflow-archiving-status}"
    cluster.kubectl("wait", f"--for=jsonpath={label}=Archived", f"workflow/{run}", "--timeout", "100s")


def _heard(cluster: Cluster, last: str) -> list[dict[str, str]]:
    """What the receiver was told, once it was told of `last`."""
    deadline = time.monotonic() + 60
    while last not in (text := cluster.kubectl("logs", NAME)):
        assert time.monotonic() < deadline, text
        time.sleep(0.5)
    return [json.loads(line) for line in text.splitlines()]


def _receiver() -> list[dict[str, object]]:
    labels = {"app": NAME}
    container = {
        "name": "main",
        "image": IMAGE,
        "command": ["python", "-c", LISTENS],
        "readinessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
    }
    spec = {
        "containers": [container],
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    }
    pod: dict[str, object] = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": NAME, "labels": labels},
        "spec": spec,
    }
    ports = [{"port": 8080, "targetPort": 8080}]
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": NAME}}
    return [pod, {**service, "spec": {"selector": labels, "ports": ports}}]
