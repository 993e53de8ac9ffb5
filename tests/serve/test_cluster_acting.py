"""The buttons of the pages on a cluster: `pipeline serve --cluster --act` beside a stand-in for the Kubernetes API.
What the real one lets their account do is asked by tests/e2e/test_page.py."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from steps.backends import ledger
from steps.backends.database import begin
from tests.serve.kubernetes_api import FakeApi, pages_of
from tests.serve.serving import Served
from tests.serve.test_pages import pressed, shown


@pytest.fixture(scope="module")
def there(api: FakeApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with pages_of(api, tmp_path_factory.mktemp("acting"), "--act") as found:
        yield found


@pytest.fixture(scope="module")
def upload(there: Served) -> str:
    """A file in quarantine, whose key Argo would expand."""
    with begin() as connection:
        [taken] = ledger.claim(
            connection, "wine", "r", "o", [ledger.Object("inbox", "wine/new/{{workflow.name}}.csv", "", "e", None, 7)]
        )
        verdict = ledger.Verdict(taken.upload, "quarantined", "wine/quarantine/a.csv", reason="it is white")
        ledger.decide(connection, "wine", "o", [verdict], None)
        ledger.cleared(connection, [taken.upload])
    return taken.upload


def running(api: FakeApi, name: str, **spec: Any) -> str:
    api.workflows[name] = {
        "metadata": {"name": name, "creationTimestamp": "2026-11-29T10:00:00Z"}, "spec": spec,
        "status": {"phase": "Running", "nodes": {}},
    }  # fmt: skip
    return name


def test_a_run_is_halted_goes_on_and_is_stopped(api: FakeApi, there: Served) -> None:
    name = running(api, "to-stop")
    for button, field, value in (
        ("suspend", "suspend", True),
        ("resume", "suspend", None),
        ("stop", "shutdown", "Stop"),
    ):
        assert f"/runs/{name}/{button}" in shown(there, f"/runs/{name}")
        assert pressed(there, f"/runs/{name}/{button}").url.endswith(f"/runs/{name}")
        assert api.workflows[name]["spec"][field] == value
    assert pressed(there, "/runs/nobody/stop").status_code == 404


def test_a_run_of_a_template_is_run_again_with_its_arguments(api: FakeApi, there: Served) -> None:
    arguments = {"parameters": [{"name": "why", "value": "<b>"}]}
    spec = {"workflowTemplateRef": {"name": "wine-train"}, "arguments": arguments, "shutdown": "Stop"}
    name = running(api, "wine-train-abc", **spec)
    api.workflows[name]["status"]["phase"] = "Failed"
    page = shown(there, f"/runs/{name}")
    assert f"/runs/{name}/resubmit" in page and f"/runs/{name}/retry" not in page
    assert pressed(there, f"/runs/{name}/resubmit").url.endswith("/runs/wine-train-x1y2z")
    assert api.workflows["wine-train-x1y2z"]["spec"] == {
        "workflowTemplateRef": {"name": "wine-train"}, "arguments": arguments
    }  # fmt: skip


def test_a_run_with_templates_of_its_own_is_not(api: FakeApi, there: Served) -> None:
    name = running(api, "own", entrypoint="main", templates=[])
    refused = pressed(there, f"/runs/{name}/resubmit")
    assert refused.status_code == 400 and "is of no WorkflowTemplate" in refused.text


def test_a_model_is_rolled_back_by_its_workflow(api: FakeApi, there: Served) -> None:
    assert pressed(there, "/projects/wine/rollback", to="1", why="worse").url.endswith("/runs/wine-rollback-x1y2z")
    assert given(api, "wine-rollback-x1y2z") | {"by": ""} == {"to": "1", "why": "worse", "by": ""}


def test_a_file_is_let_out_by_its_workflow(api: FakeApi, there: Served, upload: str) -> None:
    assert f'value="{upload}"' in shown(there, "/inbox")
    assert pressed(there, "/inbox/wine/release", upload=upload, why=" ").status_code == 400
    assert pressed(there, "/inbox/wine/release", upload=upload, why="{{x}}").status_code == 400
    found = pressed(there, "/inbox/wine/release", upload=upload, why="it is red = so")
    assert found.url.endswith("/runs/wine-review-x1y2z")
    said = {"action": "release", "key": upload, "why": "it is red = so"}
    assert said.items() <= given(api, "wine-review-x1y2z").items()


def test_another_sites_page_presses_nothing(api: FakeApi, there: Served) -> None:
    name = running(api, "guarded")
    headers = {"Origin": "http://evil.example"}
    assert requests.post(f"{there.address}/runs/{name}/stop", headers=headers, timeout=30).status_code == 403
    assert "shutdown" not in api.workflows[name]["spec"]


def given(api: FakeApi, run: str) -> dict[str, str]:
    return {each["name"]: each["value"] for each in api.workflows[run]["spec"]["arguments"]["parameters"]}
