"""The embedded MLflow server: artifacts go to the object store and are shown from it, runs survive a kill."""

import http.client
import json
import urllib.request
from urllib.parse import urlsplit

import pytest

from pipeline.stack import Stack
from pipeline.stack.object_store import connect
from tests.stack.witness import listening, processes_of


@pytest.fixture
def run(tracking_environment: str) -> str:
    """A run with a metric and an artifact, logged as a step does; its id."""
    import mlflow

    mlflow.set_tracking_uri(tracking_environment)
    with mlflow.start_run() as active:
        mlflow.log_metric("rmse", 18.5)
        mlflow.log_text("what came out", "notes.txt")
    return str(active.info.run_id)


def test_artifacts_go_straight_to_the_object_store(run: str, store_environment: dict[str, str]) -> None:
    objects = connect(store_environment).list_objects_v2(Bucket="artifacts", Prefix="mlflow/")["Contents"]
    assert [entry["Key"] for entry in objects if run in entry["Key"]] == [f"mlflow/0/{run}/artifacts/notes.txt"]


def test_its_pages_show_the_artifacts(run: str, tracking_server: str) -> None:
    with urllib.request.urlopen(f"{tracking_server}/get-artifact?path=notes.txt&run_uuid={run}") as answer:
        assert answer.read() == b"what came out"
    with urllib.request.urlopen(tracking_server) as answer:
        assert b"<title>MLflow</title>" in answer.read()


@pytest.mark.soak
def test_kill_9_loses_no_run_and_the_address_stays(run: str, tracking_server: str, servers: Stack) -> None:
    for process in processes_of(servers, "tracking"):
        process.kill()
        process.wait()
    assert servers.settings("configMap", "tracking")["MLFLOW_TRACKING_URI"] == tracking_server
    with urllib.request.urlopen(f"{tracking_server}/api/2.0/mlflow/runs/get?run_id={run}") as answer:
        assert json.load(answer)["run"]["data"]["metrics"][0]["value"] == 18.5


def test_only_this_machine_reaches_it_and_only_by_its_name(tracking_server: str, servers: Stack) -> None:
    assert listening(processes_of(servers, "tracking")) == {"127.0.0.1"}
    place = urlsplit(tracking_server).netloc
    for host, status in ((place, 200), ("attacker.example", 403)):
        connection = http.client.HTTPConnection(place)
        connection.request("GET", "/api/2.0/mlflow/experiments/search?max_results=1", headers={"Host": host})
        assert connection.getresponse().status == status
        connection.close()


def test_it_is_one_process(tracking_server: str, servers: Stack) -> None:
    assert len(processes_of(servers, "tracking")) == 1
