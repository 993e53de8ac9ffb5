"""What the Argo UI 3.7.18 sends, as recorded from its pages in Chromium: for machines without its files. Method, path,
query and body are its own; the answers are checked for what its pages read, without which a panel does not open."""

import json
from typing import Any

import pytest

from tests.serve.serving import Served, dag, document, workflow
from tests.serve.test_requests import raw
from tests.serve.test_workflows import pausing

FIELDS = ",".join(
    "{0}" + name
    for name in (
        "metadata.name", "metadata.namespace", "metadata.creationTimestamp", "metadata.uid", "metadata.labels",
        "metadata.annotations", "status.phase", "status.message", "status.finishedAt", "status.startedAt",
        "status.estimatedDuration", "status.progress", "spec.suspend", "spec.arguments",
    )
)  # fmt: skip
LISTED = f"fields=metadata,{FIELDS.format('items.')}"
WATCHED = f"fields={FIELDS.format('result.object.')},result.type"
LIST = f"listOptions.limit=50&nameFilter=Contains&{LISTED}"
EXAMPLE = {
    "arguments": {"parameters": [{"name": "message", "value": "hello argo"}]},
    "entrypoint": "argosay",
    "templates": [
        {
            "name": "argosay",
            "inputs": {"parameters": [{"name": "message", "value": "{{workflow.parameters.message}}"}]},
            "container": {"name": "main", "image": "argoproj/argosay:v2", "command": ["echo"],
                          "args": ["{{inputs.parameters.message}}"]},
        }
    ],
    "ttlStrategy": {"secondsAfterCompletion": 300},
    "podGC": {"strategy": "OnPodCompletion"},
}  # fmt: skip
LABELLED = {"workflowMetadata": {"labels": {"example": "true"}}}


def page(served: Served, method: str, path: str, body: Any = None) -> Any:
    """What a page of the server's own gets."""
    own = {"Sec-Fetch-Site": "same-origin", "Origin": served.address, "Content-Type": "application/json"}
    text = None if body is None else json.dumps(body)
    found = raw(served, method, path.replace(" ", "%20"), text, **own)
    assert found.status_code == 200, (method, path, found.text)
    return found.json()


def named(name: str) -> dict[str, Any]:
    return {"name": name, "namespace": "laptop", "labels": {"example": "true"}}


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/info",
        "/api/v1/userinfo",
        "/api/v1/version",
        "/api/v1/workflow-templates/?",
        "/api/v1/workflow-templates/laptop?listOptions.limit=500",
        "/api/v1/workflow-templates/laptop?namePattern=&limit=50",
        "/api/v1/cluster-workflow-templates?",
        "/api/v1/cron-workflows/?",
        f"/api/v1/workflows/?{LIST}",
        f"/api/v1/workflows/?listOptions.labelSelector=workflows.argoproj.io/phase in (Pending,Running)&{LIST}",
        f"/api/v1/workflows/laptop?listOptions.labelSelector=workflows.argoproj.io/cron-workflow=nightly&{LIST}",
        "/api/v1/workflows/laptop?listOptions.fieldSelector=metadata.name=re&nameFilter=Prefix",
        "/api/v1/archived-workflows-label-keys",
        "/api/v1/event-sources/laptop",
        "/api/v1/sensors/laptop",
        "/api/v1/workflow-event-bindings/laptop",
    ],
)
def test_every_page_gets_what_it_asks_first(served: Served, path: str) -> None:
    assert isinstance(page(served, "GET", path), dict)


@pytest.mark.parametrize("kind", ["events", "event-sources", "sensors"])
def test_the_streams_of_what_is_not_here_are_silent(served: Served, kind: str) -> None:
    """An error would have the page ask again and again."""
    for namespace in ("laptop", ""):
        with served.events(f"/api/v1/stream/{kind}/{namespace}"):
            pass


def test_a_list_and_its_watch_agree_on_who_is_who(served: Served) -> None:
    served.ended(served.create(workflow("listed", "true")))
    found = page(served, "GET", f"/api/v1/workflows/laptop?{LIST}")
    listed = next(each for each in found["items"] if each["metadata"]["name"] == "listed")
    assert (
        listed["spec"]["arguments"] == {} and listed["status"]["startedAt"] and listed["metadata"]["creationTimestamp"]
    )
    version = found["metadata"]["resourceVersion"]
    namespace = "listOptions.fieldSelector=metadata.namespace=laptop"
    with served.events(
        f"/api/v1/workflow-events/laptop?{namespace}&listOptions.resourceVersion={version}&{WATCHED}"
    ) as events:
        page(served, "DELETE", "/api/v1/workflows/laptop/listed")
        gone = next(each["result"] for each in events if each["result"]["type"] == "DELETED")["object"]
    assert {name: gone["metadata"][name] for name in ("name", "namespace", "uid")} == {
        name: listed["metadata"][name] for name in ("name", "namespace", "uid")
    }
    assert gone["status"]["phase"] == "Succeeded"


def test_what_its_editor_makes_runs(served: Served) -> None:
    made = page(
        served, "POST", "/api/v1/workflows/laptop", {"workflow": {"metadata": named("lovely"), "spec": EXAMPLE}}
    )
    assert made["metadata"]["name"] == "lovely"
    run = served.ended("lovely")
    assert_what_its_pages_read(run)
    page(served, "GET", f"/api/v1/workflows/laptop/lovely?uid={run['metadata']['uid']}")
    again = page(served, "PUT", "/api/v1/workflows/laptop/lovely/resubmit", {"parameters": [], "memoized": False})
    assert again["metadata"]["name"] != "lovely" and served.ended(again["metadata"]["name"])
    batch = page(served, "PUT", "/api/v1/workflows/laptop/lovely/resubmit")  # of several in the list: without a body
    served.ended(batch["metadata"]["name"])


def test_a_template_is_made_submitted_changed_and_deleted(served: Served) -> None:
    all_, one = "/api/v1/workflow-templates/laptop", "/api/v1/workflow-templates/laptop/awesome"
    page(served, "POST", all_, {"template": {"metadata": named("awesome"), "spec": {**LABELLED, **EXAMPLE}}})
    template = page(served, "GET", one)
    submitted = page(served, "POST", "/api/v1/workflows/laptop/submit", {
        "namespace": "laptop", "resourceKind": "WorkflowTemplate", "resourceName": "awesome",
        "submitOptions": {"entryPoint": "argosay", "parameters": ["message=hi"], "labels": "submit-from-ui=true"},
    })  # fmt: skip
    run = served.ended(submitted["metadata"]["name"])
    assert_what_its_pages_read(run)
    assert run["metadata"]["labels"]["submit-from-ui"] == "true"
    mine = f"listOptions.labelSelector=workflows.argoproj.io/workflow-template=awesome&listOptions.limit=50&{LISTED}"
    assert len(page(served, "GET", f"/api/v1/workflows/laptop?{mine}")["items"]) == 1
    template["spec"]["templates"][0] |= {"outputs": {}, "metadata": {}}
    changed = page(served, "PUT", one, {"template": template})
    assert changed["metadata"]["uid"] == template["metadata"]["uid"]
    page(served, "DELETE", one)
    assert raw(served, "GET", one).status_code == 404


def test_a_cron_is_made_suspended_submitted_and_deleted(served: Served) -> None:
    one, spec = "/api/v1/cron-workflows/laptop/bear", {**LABELLED, "schedules": ["0 4 1 1 *"], "workflowSpec": EXAMPLE}
    page(served, "POST", "/api/v1/cron-workflows/laptop", {"cronWorkflow": {"metadata": named("bear"), "spec": spec}})
    assert page(served, "PUT", f"{one}/suspend")["spec"]["suspend"] is True
    assert not page(served, "PUT", f"{one}/resume")["spec"].get("suspend")
    submitted = {"namespace": "laptop", "resourceKind": "cronwf", "resourceName": "bear"}
    run = page(served, "POST", "/api/v1/workflows/laptop/submit", submitted)
    served.ended(run["metadata"]["name"])
    page(served, "DELETE", one)


def test_a_pause_gets_its_answer_and_goes_on(served: Served) -> None:
    served.create(pausing("asked"))
    served.running("asked", "ask")
    node = next(each for each in served.run("asked")["status"]["nodes"].values() if each["type"] == "Suspend")
    chosen = f"id={node['id']}"
    body = {"nodeFieldSelector": chosen, "outputParameters": '{"who":"Ada"}'}
    page(served, "PUT", "/api/v1/workflows/laptop/asked/set", body)
    page(served, "PUT", "/api/v1/workflows/laptop/asked/resume", {"nodeFieldSelector": chosen})
    assert served.ended("asked")["status"]["phase"] == "Succeeded"


def test_what_its_buttons_do_to_a_run(served: Served) -> None:
    one = "/api/v1/workflows/laptop/pressed"
    served.create(dag("pressed", first="echo one", second="sleep 30"))
    served.running("pressed", "second")
    page(served, "PUT", f"{one}/suspend")
    page(served, "PUT", f"{one}/resume", {"nodeFieldSelector": None})
    page(served, "PUT", f"{one}/terminate")
    run = served.ended("pressed")
    assert_what_its_pages_read(run)
    page(served, "PUT", f"{one}/retry", {"parameters": [], "restartSuccessful": False, "nodeFieldSelector": ""})
    served.running("pressed", "second")
    page(served, "PUT", f"{one}/stop")
    served.ended("pressed")
    pod = next(each["id"] for each in run["status"]["nodes"].values() if each["displayName"] == "first")
    follow = f"logOptions.container=main&grep=&logOptions.follow=true&podName={pod.replace('pressed', 'pressed-first')}"
    with served.events(f"{one}/log?{follow}") as events:
        assert [each["result"]["content"] for each in events] == ["one"]


def test_artifacts_are_drawn_and_shown(served: Served) -> None:
    files = {"page": "page.html", "data": "data.json", "folder": "folder"}
    artifacts = [{"name": name, "path": f"/work/{file}"} for name, file in files.items()]
    command = (
        "mkdir -p /work/folder; echo '<h1>hi</h1>' >/work/page.html; echo '[1]' >/work/data.json; touch /work/folder/a"
    )
    container = {"image": "busybox", "command": ["sh", "-c", command]}
    templates = [{"name": "main", "outputs": {"artifacts": artifacts}, "container": container}]
    served.create(document({"name": "drawn"}, {"entrypoint": "main", "templates": templates}))
    (node,) = served.ended("drawn")["status"]["nodes"].values()
    keys = {each["name"]: each["s3"]["key"] for each in node["outputs"]["artifacts"]}
    assert keys["page"].endswith("page.html") and keys["folder"].endswith("folder/")  # the name in the graph
    address = f"{served.address}/artifact-files/laptop/workflows/drawn/{node['id']}/outputs"
    said = {name: raw(served, "GET", f"{address.removeprefix(served.address)}/{name}") for name in files}
    assert said["page"].text == "<h1>hi</h1>\n" and "sandbox" in said["page"].headers["Content-Security-Policy"]
    assert said["data"].json() == [1]
    assert 'href="./a"' in said["folder"].text and said["folder"].url.endswith("/folder/")


def assert_what_its_pages_read(run: Any) -> None:
    for field in ("name", "namespace", "uid", "creationTimestamp", "labels"):
        assert run["metadata"][field]
    assert isinstance(run["spec"]["arguments"], dict)
    assert run["spec"].get("templates") or run["status"]["storedWorkflowTemplateSpec"]["templates"]
    assert run["status"]["artifactRepositoryRef"]["artifactRepository"]
    nodes = run["status"]["nodes"]
    assert run["metadata"]["name"] in nodes
    for node in nodes.values():
        assert node["startedAt"] and {"id", "name", "displayName", "type", "phase"} <= set(node)
