"""What the three clients send, as recorded from them: for machines without `argo`, and for the Argo UI, whose files are
not here. Method, path, query and body are theirs; the answers are checked for what they read."""

import json
from typing import Any

import pytest
import requests

from tests.serve.serving import Served, workflow

# argo 3.7.18 sends the whole message of gRPC, the empty structures of Go, no Content-Type, and dotted queries.
GO = {
    "metadata": {"generateName": "go-", "creationTimestamp": None},
    "spec": {
        "templates": [
            {
                "name": "main", "inputs": {}, "outputs": {}, "metadata": {},
                "container": {"name": "", "image": "busybox", "command": ["true"], "resources": {}},
            }
        ],
        "entrypoint": "main",
        "arguments": {},
    },
    "status": {"startedAt": None, "finishedAt": None},
}  # fmt: skip
LISTED = "metadata,items.metadata.name,items.metadata.labels,items.status.phase,items.status.startedAt,items.spec"


def raw(served: Served, method: str, path: str, body: str | None = None, **headers: str) -> requests.Response:
    """As it is written here: requests would tidy the path up."""
    prepared = requests.Request(method, served.address, data=body, headers=headers).prepare()
    prepared.url = f"{served.address}{path}"
    with requests.Session() as session:
        return session.send(prepared, timeout=30)


def test_argo_submits(served: Served) -> None:
    body = {"namespace": "laptop", "workflow": GO, "createOptions": {}}
    found = raw(served, "POST", "/api/v1/workflows/laptop?", json.dumps(body)).json()
    assert found["metadata"]["name"].startswith("go-") and found["metadata"]["namespace"] == "laptop"
    assert served.ended(found["metadata"]["name"])["status"]["phase"] == "Succeeded"


def test_argo_lists_waits_and_stops(served: Served) -> None:
    name = served.create(workflow("recorded", "sleep 30"))
    query = "listOptions.labelSelector=workflows.argoproj.io%2Fcompleted%21%3Dtrue&listOptions.limit=0"
    (item,) = raw(served, "GET", f"/api/v1/workflows/laptop?{query}&fields={LISTED}").json()["items"]
    assert item["metadata"]["name"] == name and item["spec"]["arguments"] == {}
    served.running(name)
    body = '{"name":"recorded","namespace":"laptop"}'
    assert raw(served, "PUT", "/api/v1/workflows/laptop/recorded/stop?", body).json()["metadata"]["name"] == name
    served.ended(name)
    assert (
        raw(served, "DELETE", "/api/v1/workflows/laptop/recorded?deleteOptions.propagationPolicy=").status_code == 200
    )


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/info",
        "/api/v1/userinfo",
        "/api/v1/version",
        "/api/v1/workflow-templates/",
        "/api/v1/cron-workflows/",
        "/api/v1/workflow-templates/laptop?namePattern=&limit=50",
        "/api/v1/workflows/?listOptions.limit=50&nameFilter=Contains&fields=metadata,items.metadata.uid,items.status.phase",
        "/api/v1/workflows/?listOptions.labelSelector=workflows.argoproj.io/phase in (Pending,Running)",
        "/api/v1/workflows/laptop?listOptions.fieldSelector=metadata.name=re&nameFilter=Prefix",
        "/api/v1/archived-workflows-label-keys",
    ],
)
def test_every_page_of_the_ui_gets_what_it_asks_first(served: Served, path: str) -> None:
    found = raw(served, "GET", path.replace(" ", "%20"), **{"Sec-Fetch-Site": "same-origin"})
    assert found.status_code == 200 and isinstance(found.json(), dict)


def test_the_ui_changes_runs_without_a_body(served: Served) -> None:
    name = served.create(workflow("bodiless", "sleep 30"))
    served.running(name)
    assert raw(served, "PUT", f"/api/v1/workflows/laptop/{name}/terminate").status_code == 200
    found = served.ended(name)
    assert_what_the_ui_reads(found)
    assert raw(served, "GET", f"/api/v1/workflows/laptop/{name}?uid={found['metadata']['uid']}").status_code == 200


def assert_what_the_ui_reads(run: Any) -> None:
    """What its pages rely on: without one of these a panel does not open."""
    for field in ("name", "namespace", "uid", "creationTimestamp", "labels"):
        assert run["metadata"][field]
    assert isinstance(run["spec"]["arguments"], dict) and run["spec"]["templates"]
    assert run["status"]["artifactRepositoryRef"]["artifactRepository"]
    nodes = run["status"]["nodes"]
    assert run["metadata"]["name"] in nodes
    for node in nodes.values():
        assert node["startedAt"] and {"id", "name", "displayName", "type", "phase"} <= set(node)
