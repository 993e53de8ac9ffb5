"""The pages on a cluster: `pipeline serve --cluster` beside a stand-in for the Kubernetes API, which hands out
Workflows that real runs have become. The real API is asked by tests/e2e/test_page.py."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from pipeline.serve.cluster.kubernetes import Kubernetes
from pipeline.serve.cluster.machine import Pods
from pipeline.serve.cluster.tables import make
from pipeline.serve.cluster.workflows import view
from pipeline.stack import Stack
from steps.backends import ledger
from steps.backends.database import begin, reshape
from tests.postgres import new_database
from tests.serve.kubernetes_api import FakeApi, answers, pages_of
from tests.serve.serving import Served, dag, document, until, workflow
from tests.serve.test_pages import HOSTILE, shown


@pytest.fixture(scope="module")
def there(api: FakeApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The pages of the cluster."""
    with pages_of(api, tmp_path_factory.mktemp("there"), "--argo", "https://argo.example.com/") as found:
        with begin() as connection:
            [taken] = ledger.claim(
                connection, "wine", "r", "o", [ledger.Object("inbox", "wine/new/a.csv", "", "e", None, 7)]
            )
            verdict = ledger.Verdict(taken.upload, "quarantined", "wine/quarantine/a.csv", reason=f"it is {HOSTILE}")
            ledger.decide(connection, "wine", "o", [verdict], None)
        yield found


def given(api: FakeApi, served: Served, manifest: dict[str, Any]) -> Any:
    """A run as the cluster has it."""
    name = served.create(manifest)
    api.workflows[name] = served.ended(name)
    return api.workflows[name]


def test_every_page_says_how_the_cluster_is(api: FakeApi, served: Served, there: Served) -> None:
    given(api, served, dag("cluster-runs", first="echo one", second=f"echo '{HOSTILE}' >&2; exit 3"))
    given(api, served, workflow("cluster-other", "true"))
    until(lambda: "cluster-other" in shown(there, "/runs"))  # which lists once a second at most
    listed = shown(there, "/runs")
    assert "cluster-runs" in listed and "$ argo list -n laptop" in listed
    one = shown(there, "/runs/cluster-runs")
    assert "Error (exit code 3)" in one and "What ran" in one and "$ argo get cluster-runs -n laptop" in one
    assert 'href="https://argo.example.com/workflows/laptop/cluster-runs"' in one
    assert "mlflow-abc" in shown(there, "/health") and "10.0.0.7" in shown(there, "/health")
    assert "it is &lt;img" in shown(there, "/inbox")
    for path in (
        "/runs",
        "/runs/cluster-runs",
        "/projects",
        "/projects/wine",
        "/inbox",
        "/data",
        "/documents",
        "/health",
    ):
        page = shown(there, path)
        assert "<img" not in page and "pipeline up" not in page
        assert 'method="post"' not in page  # nothing is done from here
        assert not re.findall(r'(?:src|action)="(?:https?:)?//', page)
    missing = requests.get(f"{there.address}/runs/nobody", timeout=30)
    assert missing.status_code == 404


def test_it_does_nothing(api: FakeApi, there: Served) -> None:
    for what in (
        "POST /runs/cluster-runs/stop", "POST /projects/wine/rollback", "POST /inbox/wine/release",
        "PUT /inbox/wine/files/x.csv", "POST /api/v1/workflows/laptop", "PUT /api/v1/workflows/laptop/x/stop",
    ):  # fmt: skip
        method, path = what.split()
        assert requests.request(method, f"{there.address}{path}", timeout=30).status_code in (404, 405), what
    assert {method for method, _ in api.asked} == {"GET"}
    assert not [path for _, path in api.asked if "secrets" in path]


def test_a_workflow_of_the_cluster_is_seen_as_the_run_is_here(api: FakeApi, served: Served) -> None:
    files = [{"name": "report", "path": "/work/report.html"}]
    container = {"image": "busybox", "command": ["sh", "-c", "echo x > /work/report.html; exit $((1-{{retries}}))"]}
    again = {"name": "again", "retryStrategy": {"limit": 1}, "outputs": {"artifacts": files}, "container": container}
    tasks = [{"name": "t", "template": "again"}, {"name": "skipped", "template": "again", "depends": "t.Failed"}]
    made = document(
        {"name": "same"}, {"entrypoint": "main", "templates": [{"name": "main", "dag": {"tasks": tasks}}, again]}
    )
    there, here = view(given(api, served, made)), _here(served, "same")
    assert [(node.id, node.name, node.display_name, node.type, node.phase, node.children, node.boundary, node.attempt)
            for node in sorted(there.nodes, key=lambda each: each.id)] == [
        (node.id, node.name, node.display_name, node.type, node.phase, node.children, node.boundary, node.attempt)
        for node in sorted(here.nodes, key=lambda each: each.id)]  # fmt: skip
    assert (there.phase, there.message, there.nodes[0].id) == (here.phase, here.message, "same")
    (pod,) = (node for node in there.nodes if node.type == "Pod" and node.phase == "Succeeded")
    assert pod.outputs["artifacts"]["report"].endswith("report.html")


def _here(served: Served, name: str) -> Any:
    from pipeline import engine

    return engine.view(engine.Journal(served.home / "journal.db"), name)


def test_pages_and_logs_of_its_pods(api: FakeApi, served: Served, there: Served) -> None:
    given(api, served, dag("told", first="true", second="true"))
    nodes = api.workflows["told"]["status"]["nodes"].values()
    pods = {each["displayName"]: each["id"] for each in nodes if each["type"] == "Pod"}
    first = pods["first"].replace("told-", "told-first-")
    api.logs[first] = f"2026-11-29T10:00:00.5Z one\n2026-11-29T10:00:01Z {HOSTILE}\n"
    with there.events("/api/v1/workflows/-/told/log", podName=pods["first"]) as events:
        lines = [each["result"] for each in events]
    assert lines[0] == {"content": "2026-11-29T10:00:00.5Z one", "podName": first} and len(lines) == 2
    with there.events("/api/v1/workflows/-/told/log") as events:
        assert any("its pod is gone" in each["result"]["content"] for each in events)
    with there.events("/api/v1/workflow-events/") as events:
        assert next(events)["result"] == {"type": "MODIFIED"}
        given(api, served, workflow("told-later", "true"))
        assert next(events)["result"] == {"type": "MODIFIED"}


def test_an_api_that_does_not_answer_is_said(tmp_path: Path) -> None:
    alone = Served(tmp_path)
    try:
        alone.process = alone.spawn("--port", str(alone.port), "--cluster", "--api", "http://127.0.0.1:9")
        until(lambda: _speaks(alone))
        found = requests.get(f"{alone.address}/runs", timeout=30)
        assert found.status_code == 500 and "the Kubernetes API at http://127.0.0.1:9 cannot be asked" in found.text
    finally:
        alone.close()
    found_in = alone.pipeline("serve", "--cluster")
    assert found_in.returncode == 2 and "this is no pod with an account" in found_in.stderr


def _speaks(served: Served) -> bool:
    try:
        requests.get(f"{served.address}/static/live.js", timeout=5).raise_for_status()
    except requests.ConnectionError:
        return False
    return True


def test_a_role_that_may_only_read_is_enough(
    api: FakeApi, postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = new_database(postgres)
    monkeypatch.setenv("DATABASE_URL", address)
    make()
    with reshape() as connection:
        for words in ("DROP ROLE IF EXISTS page", "CREATE ROLE page LOGIN",
                      "GRANT SELECT ON ALL TABLES IN SCHEMA public TO page"):  # fmt: skip
            connection.exec_driver_sql(words)
    monkeypatch.setenv("DATABASE_URL", address.replace("://pipeline@", "://page@"))
    reader = Served(tmp_path)
    try:
        reader.process = reader.spawn("--port", str(reader.port), "--cluster", "--api", api.address, "-n", "laptop")
        until(lambda: answers(reader))
        for path in ("/projects", "/projects/openaq", "/inbox", "/data", "/health"):
            shown(reader, path)
    finally:
        reader.close()


def test_of_servers_the_pages_ask_there_what_they_ask_of_a_laptop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow:5000")
    pods = Pods(Kubernetes("http://127.0.0.1:1", "ml"))
    assert [pods.answering(name) for name in ("tracking", "object-store")] == ["http://mlflow:5000", None]
    assert hasattr(Stack, "answering"), "it has another name now"
