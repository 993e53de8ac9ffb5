"""Workflows by the API: made, looked at, listed, changed, and their errors in Argo Server's form."""

import json
import sqlite3
import subprocess
import threading
from typing import Any

import pytest
import requests

from pipeline.engine.processes import start_time
from tests.serve.serving import Served, dag, document, workflow

ALL = "/api/v1/workflows/laptop"


def test_a_run_is_made_and_is_what_the_command_line_sees(served: Served) -> None:
    name = served.create(workflow("seen-", "echo good"))
    assert name.startswith("seen-") and len(name) == 10
    found = served.ended(name)
    assert found["status"]["phase"] == "Succeeded" and found["status"]["progress"] == "1/1"
    node = found["status"]["nodes"][name]
    assert (node["type"], node["templateName"], node["outputs"]["exitCode"]) == ("Pod", "main", "0")
    assert name in served.pipeline("runs").stdout
    assert "good" in served.pipeline("logs", name).stdout


def test_what_the_command_line_starts_is_seen_by_clients(served: Served) -> None:
    assert served.pipeline("run", "greet", "-p", "word=there").returncode == 0
    found = served.get(ALL, **{"listOptions.labelSelector": "workflows.argoproj.io/workflow-template=greet"})
    newest = served.run(found["items"][0]["metadata"]["name"])
    assert newest["spec"]["workflowTemplateRef"] == {"name": "greet"}
    assert newest["spec"]["arguments"] == {"parameters": [{"name": "word", "value": "there"}]}
    assert newest["status"]["storedWorkflowTemplateSpec"]["templates"][0]["name"] == "main"


def test_nodes_are_linked_as_a_clusters(served: Served) -> None:
    name = served.create(dag("linked", first="true", second="true"))
    nodes = served.ended(name)["status"]["nodes"]
    by_name = {node["displayName"]: node for node in nodes.values()}
    root, first, second = by_name["linked"], by_name["first"], by_name["second"]
    assert root["id"] == name and root["children"] == [first["id"]] and first["children"] == [second["id"]]
    assert root["outboundNodes"] == [second["id"]]
    assert first["boundaryID"] == second["boundaryID"] == name
    assert root["progress"] == "2/2"


def test_lists_have_no_nodes_and_come_in_pages(served: Served) -> None:
    for _ in range(3):
        served.ended(served.create(workflow("paged-", "true")))
    query = {"listOptions.fieldSelector": "metadata.name=paged-", "nameFilter": "Prefix", "listOptions.limit": "2"}
    first = served.get(ALL, **query)
    assert len(first["items"]) == 2 and first["metadata"]["continue"] == "2"
    assert int(first["metadata"]["resourceVersion"]) > 0
    assert "nodes" not in first["items"][0]["status"] and first["items"][0]["spec"]["arguments"] == {}
    rest = served.get(ALL, **query, **{"listOptions.continue": "2"})
    assert len(rest["items"]) == 1 and "continue" not in rest["metadata"]
    names = served.get(ALL, **query, fields="items.metadata.name")
    assert set(names["items"][0]) == {"metadata"} and set(names["items"][0]["metadata"]) == {"name"}


@pytest.mark.parametrize(
    ("selector", "there"),
    [
        ("workflows.argoproj.io/phase in (Failed,Error)", False),
        ("workflows.argoproj.io/phase=Succeeded,team==red", True),
        ("team", True),
        ("!team", False),
        ("team notin (red)", False),
        ("team!=blue", True),
        ("workflows.argoproj.io/completed=true", True),
    ],
)
def test_label_selectors(served: Served, selector: str, there: bool) -> None:
    if not served.get(ALL, **{"listOptions.labelSelector": "team=red"})["items"]:
        made = workflow("labelled", "true")
        made["metadata"]["labels"] = {"team": "red"}
        served.ended(served.create(made))
    found = served.get(ALL, **{"listOptions.labelSelector": selector})["items"] or []
    assert ("labelled" in [each["metadata"]["name"] for each in found]) is there


def test_the_same_codes_as_argo_server(served: Served) -> None:
    served.create(workflow("taken", "true"))
    again = served.ask("POST", ALL, {"workflow": workflow("taken", "true")})
    assert (again.status_code, again.json()["code"]) == (409, 6)
    assert again.json()["message"] == 'workflows.argoproj.io "taken" already exists'
    gone = served.ask("GET", f"{ALL}/nobody")
    assert (gone.status_code, gone.json()) == (404, {"code": 5, "message": 'workflows.argoproj.io "nobody" not found'})
    assert served.ask("PUT", f"{ALL}/nobody/stop").status_code == 404
    served.ended("taken")
    over = served.act("taken", "stop")
    assert (over.status_code, over.json()["code"]) == (400, 3)
    assert served.ask("GET", "/api/v1/sync/laptop/x").status_code == 501


def test_what_this_engine_does_not_run_says_who_refuses(served: Served) -> None:
    refused = served.ask("POST", ALL, {"workflow": workflow("daemons", "true", volumeClaimTemplates=[{}])})
    assert refused.status_code == 400
    assert refused.json()["message"].startswith("not run on this machine: ")
    assert "volumeClaimTemplates" in refused.json()["message"]
    assert served.ask("GET", f"{ALL}/daemons").status_code == 404


@pytest.mark.parametrize(
    "body", ["{", "[]", '"x"', '{"workflow": 3}', '{"workflow": {"metadata": {}}}', "", "[" * 100_000]
)
def test_what_is_no_workflow_is_refused(served: Served, body: str) -> None:
    found = requests.post(f"{served.address}{ALL}", data=body, timeout=30)
    assert found.status_code == 400 and found.json()["code"] == 3


def test_a_label_of_the_submission_is_known_to_the_run(served: Served) -> None:
    options = {"parameters": ["word=hi"], "labels": "who=me", "generateName": "asked-"}
    body = {"resourceKind": "WorkflowTemplate", "resourceName": "greet", "submitOptions": options}
    name = served.ask("POST", f"{ALL}/submit", body).json()["metadata"]["name"]
    found = served.ended(name)
    assert name.startswith("asked-") and found["metadata"]["labels"]["who"] == "me"
    assert '"who":"me"' in served.pipeline("logs", name).stdout
    unknown = served.ask("POST", f"{ALL}/submit", {"resourceKind": "Pod", "resourceName": "x"})
    assert unknown.json()["message"] == "Resource kind 'Pod' is not supported for submitting"


def test_a_cron_workflow_is_started_by_hand(served: Served) -> None:
    name = served.ask("POST", f"{ALL}/submit", {"resourceKind": "cronwf", "resourceName": "nightly"}).json()[
        "metadata"
    ]["name"]
    found = served.ended(name)
    assert found["status"]["phase"] == "Succeeded"
    assert found["metadata"]["labels"]["workflows.argoproj.io/cron-workflow"] == "nightly"


def test_a_dry_run_starts_nothing(served: Served) -> None:
    body = {"workflow": workflow("dry", "true"), "createOptions": {"dryRun": ["All"]}}
    assert served.ask("POST", ALL, body).json()["metadata"]["name"] == "dry"
    assert served.ask("GET", f"{ALL}/dry").status_code == 404


def test_stop_and_terminate(served: Served) -> None:
    for what in ("stop", "terminate"):
        name = served.create(workflow(f"long-{what}", "sleep 60"))
        served.running(name)
        assert served.act(name, what).json()["metadata"]["name"] == name
        found = served.ended(name)
        assert (found["status"]["phase"], found["spec"]["shutdown"]) == ("Failed", what.capitalize())


def test_retry_in_place(served: Served) -> None:
    flag = served.folder / "flag"
    name = served.create(dag("again", first="echo x >> count", second=f"test -e {flag}"))
    assert served.ended(name)["status"]["phase"] == "Failed"
    flag.touch()
    found = served.act(name, "retry").json()
    assert (found["metadata"]["name"], found["status"]["phase"]) == (name, "Running")
    assert served.ended(name)["status"]["phase"] == "Succeeded"
    assert served.act(name, "retry").status_code == 400


def test_resubmit_is_a_new_run(served: Served) -> None:
    name = served.create(dag("once", first="true", second="false"))
    served.ended(name)
    new = served.act(name, "resubmit", {"memoized": True}).json()
    assert new["metadata"]["name"] != name
    assert new["metadata"]["labels"]["workflows.argoproj.io/resubmitted-from-workflow"] == name
    nodes = served.ended(new["metadata"]["name"])["status"]["nodes"].values()
    assert {node["displayName"]: node.get("message", "") for node in nodes}["first"] == f"reused from run {name}"


def test_suspend_and_resume(served: Served) -> None:
    name = served.create(dag("halted", first="sleep 1", second="true"))
    served.running(name, "first")
    assert served.act(name, "suspend").json()["spec"]["suspend"] is True
    assert served.act(name, "resume").json()["spec"].get("suspend") is None
    assert served.ended(name)["status"]["phase"] == "Succeeded"


def pausing(name: str) -> dict[str, Any]:
    outputs = {"parameters": [{"name": "who", "valueFrom": {"supplied": {}}}]}
    ask = {"name": "ask", "suspend": {}, "outputs": outputs}
    given = {"parameters": [{"name": "p", "value": "{{steps.ask.outputs.parameters.who}}"}]}
    say = {
        "name": "say", "inputs": {"parameters": [{"name": "p"}]},
        "container": {"image": "i", "command": ["echo", "{{inputs.parameters.p}}"]},
    }  # fmt: skip
    steps = [[{"name": "ask", "template": "ask"}], [{"name": "say", "template": "say", "arguments": given}]]
    return document({"name": name}, {"entrypoint": "main", "templates": [{"name": "main", "steps": steps}, ask, say]})


def test_a_person_answers_a_pause(served: Served) -> None:
    name = served.create(pausing("asking"))
    served.running(name, "ask")
    missing = served.act(name, "resume")
    assert (missing.status_code, "'who' has not been set" in missing.json()["message"]) == (400, True)
    wrong = {"nodeFieldSelector": "displayName=ask", "outputParameters": json.dumps({"nobody": "x"})}
    assert served.act(name, "set", wrong).json()["message"] == "node is not expecting output parameter 'nobody'"
    given = {"nodeFieldSelector": "displayName=ask", "outputParameters": json.dumps({"who": "Ada"})}
    assert served.act(name, "set", given).status_code == 200
    assert served.act(name, "resume").status_code == 200
    assert served.ended(name)["status"]["phase"] == "Succeeded"
    assert "Ada" in served.pipeline("logs", name).stdout


def test_a_pause_is_refused(served: Served) -> None:
    name = served.create(pausing("refusing"))
    served.running(name, "ask")
    served.act(name, "stop", {"nodeFieldSelector": "displayName=ask", "message": "not today"})
    nodes = served.ended(name)["status"]["nodes"].values()
    assert [node["message"] for node in nodes if node["displayName"] == "ask"] == ["not today"]


def test_delete_ends_what_runs(served: Served) -> None:
    name = served.create(workflow("doomed", "sleep 60"))
    served.running(name)
    assert served.ask("DELETE", f"{ALL}/{name}").json() == {}
    assert served.ask("GET", f"{ALL}/{name}").status_code == 404
    assert not (served.home / "runs" / name).exists()


@pytest.mark.parametrize("what", ["delete", "retry"])
def test_what_is_asked_of_a_run_whose_process_has_not_left_yet_is_done(served: Served, what: str) -> None:
    name = served.create(workflow("lingering-", "false"))
    served.ended(name)
    with subprocess.Popen(["sleep", "1"]) as process:
        owner = process.pid, start_time(process.pid), name
        with sqlite3.connect(served.home / "journal.db") as journal:
            journal.execute("UPDATE runs SET owner_pid = ?, owner_started = ? WHERE id = ?", owner)
        reaper = threading.Thread(target=process.wait)
        reaper.start()
        if what == "delete":
            assert served.ask("DELETE", f"{ALL}/{name}").json() == {}
        else:
            served.act(name, "retry", {})
        reaper.join()
    if what == "retry":
        assert served.ended(name)["status"]["phase"] == "Failed"


def test_ten_megabytes_of_a_parameter(served: Served) -> None:
    big = workflow("big", "true", arguments={"parameters": [{"name": "p", "value": "x" * 10_000_000}]})
    name = served.create(big)
    assert served.ended(name)["status"]["phase"] == "Succeeded"
    served.ask("DELETE", f"{ALL}/{name}")


def test_lint(served: Served) -> None:
    good = served.ask("POST", f"{ALL}/lint", {"workflow": workflow("fine-", "true")})
    assert good.status_code == 200
    bad = workflow("bad-", "true")
    bad["spec"]["entrypoint"] = "nobody"
    assert "entrypoint is 'nobody'" in served.ask("POST", f"{ALL}/lint", {"workflow": bad}).json()["message"]
