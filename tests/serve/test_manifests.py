"""WorkflowTemplates and CronWorkflows by the API: those of manifests/, and those that clients make."""

import json
from typing import Any

import pytest
import yaml

from tests.serve.serving import LIBRARY, Served

CRONS, TEMPLATES = "/api/v1/cron-workflows/laptop", "/api/v1/workflow-templates/laptop"
TEMPLATE, CRON = yaml.safe_load_all(LIBRARY)


def cron(name: str, **spec: Any) -> dict[str, Any]:
    return {**CRON, "metadata": {"name": name}, "spec": {**CRON["spec"], **spec}}


def made(served: Served, name: str, **spec: Any) -> Any:
    return served.ask("POST", CRONS, {"cronWorkflow": cron(name, **spec)})


def test_those_of_manifests_are_listed(served: Served) -> None:
    found = served.get(TEMPLATES)["items"]
    greet = next(each for each in found if each["metadata"]["name"] == "greet")
    assert greet["metadata"]["namespace"] == "laptop" and greet["metadata"]["creationTimestamp"]
    assert greet["spec"]["templates"][0]["outputs"] == {}
    assert served.get(TEMPLATES, **{"listOptions.labelSelector": "team=red"})["items"] is None
    assert "nightly" in [each["metadata"]["name"] for each in served.get(CRONS)["items"]]


def test_made_changed_suspended_and_deleted(served: Served) -> None:
    first = made(served, "mine").json()
    assert first["spec"]["workflowSpec"]["arguments"] == {} and first["status"]["phase"] == "Active"
    again = made(served, "mine")
    assert (again.status_code, again.json()["code"]) == (409, 6)
    changed = cron("mine", schedules=["5 4 * * *"])
    changed["metadata"]["resourceVersion"] = first["metadata"]["resourceVersion"]
    second = served.ask("PUT", f"{CRONS}/mine", {"cronWorkflow": changed}).json()
    assert second["spec"]["schedules"] == ["5 4 * * *"]
    for field in ("uid", "creationTimestamp"):
        assert second["metadata"][field] == first["metadata"][field]
    late = served.ask("PUT", f"{CRONS}/mine", {"cronWorkflow": changed})
    assert (late.status_code, "the object has been modified" in late.json()["message"]) == (409, True)
    assert served.ask("PUT", f"{CRONS}/mine/suspend").json()["spec"]["suspend"] is True
    assert served.ask("PUT", f"{CRONS}/mine/resume").json()["spec"]["suspend"] is False
    assert "mine" in served.pipeline("cron").stdout
    assert served.ask("DELETE", f"{CRONS}/mine").json() == {}
    assert served.ask("GET", f"{CRONS}/mine").status_code == 404


def test_one_of_manifests_is_suspended_by_a_copy_and_its_file_stays(served: Served) -> None:
    file = served.folder / "manifests" / "library.yaml"
    assert served.ask("PUT", f"{CRONS}/nightly/suspend").json()["spec"]["suspend"] is True
    assert "suspended" in served.pipeline("cron").stdout
    assert file.read_text(encoding="utf-8") == LIBRARY
    assert not served.ask("PUT", f"{CRONS}/nightly/resume").json()["spec"].get("suspend")
    assert "suspended" not in served.pipeline("cron").stdout
    assert not list((served.home / "workflows").rglob("*nightly*"))


def test_a_file_is_not_deleted_by_the_api(served: Served) -> None:
    found = served.ask("DELETE", f"{TEMPLATES}/greet")
    assert (found.status_code, "belongs to" in found.json()["message"]) == (403, True)


def test_a_template_that_a_client_made_is_run(served: Served) -> None:
    template = {**TEMPLATE, "metadata": {"name": "theirs"}}
    assert served.ask("POST", TEMPLATES, {"template": template}).status_code == 200
    body = {"resourceKind": "WorkflowTemplate", "resourceName": "theirs", "submitOptions": {}}
    name = served.ask("POST", "/api/v1/workflows/laptop/submit", body).json()["metadata"]["name"]
    assert served.ended(name)["status"]["phase"] == "Succeeded"


@pytest.mark.parametrize("name", ["../evil", "a/b", "", "UPPER", "x" * 64, "-x", "a..b", None, 3])
def test_names_that_are_none(served: Served, name: object) -> None:
    body = {"cronWorkflow": {**CRON, "metadata": {"name": name}}}
    assert served.ask("POST", CRONS, body).status_code == 400
    assert not list(served.home.parent.rglob("*evil*"))


def test_what_cannot_be_run_is_refused_and_not_kept(served: Served) -> None:
    found = made(served, "broken", schedules=["every day"])
    assert found.status_code == 400 and "every day" in found.json()["message"]
    assert "broken" not in json.dumps(served.get(CRONS))
    assert served.ask("POST", f"{CRONS}/lint", {"cronWorkflow": cron("x", schedules=["no"])}).status_code == 400
    assert served.ask("POST", f"{TEMPLATES}/lint", {"template": TEMPLATE}).status_code == 200


def test_what_a_cluster_has_and_a_laptop_has_not(served: Served) -> None:
    for path in ("cluster-workflow-templates", "archived-workflows", "event-sources/laptop", "sensors/laptop"):
        assert served.get(f"/api/v1/{path}")["items"] == []
