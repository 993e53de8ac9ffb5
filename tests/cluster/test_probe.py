"""What a pod of `doctor --cluster` looks at, on real servers of this machine: a store that announces what is put, a
database, and an address that stands in for the tracking server."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from pipeline.cluster import pods, probe
from pipeline.stack.object_store import connect
from tests.conftest import RunningStore
from tests.postgres import new_database
from tests.steps.support.web_servers import Answer, serving

Told = dict[str, tuple[bool, str]]


def looked(environment: Mapping[str, str]) -> Told:
    """What it prints of each thing, run as the pod runs it."""
    command = pods._pod("p", "i")["spec"]["containers"][0]["command"][1:]
    settings = {"PATH": os.environ["PATH"], **environment}
    done = subprocess.run([sys.executable, *command], env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["name"]: (line["ok"], line["words"]) for line in lines}


@pytest.fixture
def environment(object_store: RunningStore, postgres: str) -> dict[str, str]:
    settings = object_store.settings
    return {
        **settings,
        "EVENTS_ACCESS_KEY_ID": settings["AWS_ACCESS_KEY_ID"],
        "EVENTS_SECRET_ACCESS_KEY": settings["AWS_SECRET_ACCESS_KEY"],
        "DATABASE_URL": new_database(postgres),
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:1",
    }


def test_it_says_what_it_saw(environment: dict[str, str]) -> None:
    """The embedded store has no versions, and does not even answer whether it has."""
    with serving(lambda path, _query: Answer(200 if path == "/health" else 404)) as tracking:
        said = looked(environment | {"MLFLOW_TRACKING_URI": tracking})
    wanted = {"buckets": False, "notifications": True, "database": True, "clock": True, "tracking": True}
    assert {name: ok for name, (ok, _) in said.items()} == wanted, said
    assert "(NotImplemented) when calling the GetBucketVersioning operation" in said["buckets"][1]
    assert said["notifications"][1].startswith("heard ") and said["notifications"][1].endswith(" s after the put")
    assert said["database"][1].startswith("PostgreSQL ")
    assert said["tracking"][1] == f"{tracking} answers"
    left = connect(environment).list_objects_v2(Bucket="inbox", Prefix="pipeline-doctor/")
    assert left.get("Contents", []) == [], "nothing of it stays in the inbox"


def test_what_is_not_there_is_a_line_each_and_no_traceback(environment: dict[str, str]) -> None:
    nowhere = {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "1"}
    database = {"DATABASE_URL": "postgresql+psycopg2://nobody@127.0.0.1:1/x"}
    said = looked(environment | nowhere | database)
    assert {ok for ok, _ in said.values()} == {False}
    assert said["buckets"][1].startswith('Could not connect to the endpoint URL: "http://127.0.0.1:1/inbox"')
    assert not any("\n" in words for _, words in said.values())


def test_clocks_that_are_apart_are_told_with_what_to_do(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", environment["DATABASE_URL"])
    monkeypatch.setattr(probe, "SKEW", -1.0)
    with pytest.raises(RuntimeError, match=r"node and the database differ by 0 s; wanted less than -1: fix NTP"):
        probe.clock()
