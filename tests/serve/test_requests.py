"""What `argo` sends, as recorded from it, for machines without it. Method, path, query and body are its own; the
answers are checked for what it reads."""

import json

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
