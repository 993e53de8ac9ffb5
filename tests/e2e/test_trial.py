"""A challenger on the cluster: it answers its share, takes over, is rolled back; one that dies costs no answer.

On a namespace where `test_openaq` has learned, deployed with `tests/e2e/values.yaml`, which has a router for openaq.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from pipeline.cluster.kube import Cluster
from pipeline.projects.openaq import OPENAQ
from pipeline.render import write
from steps.contract.declaration import Gate
from tests import ROOT
from tests.e2e.forwarding import forwarded
from tests.e2e.remote import Remote
from tests.e2e.workflows import Ended, ended, submit

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]
PREDICTIONS = "/api/v1.0/predictions"
LOOK = {"as-of": "2021-05-01T00:00:00Z", "locations": "101"}


@pytest.fixture(scope="module", autouse=True)
def canaries(cluster: Cluster, remote: Remote, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The manifests of a project whose releases are canaries; afterwards those that are shipped."""
    if not cluster.get("service", "openaq-router"):
        pytest.skip("no router is deployed for openaq: make deploy VALUES=tests/e2e/values.yaml")
    if remote.rows("SELECT max(decision) FROM promotions WHERE project = 'openaq'") != [(1,)]:
        pytest.skip("openaq has decided something else than test_openaq here; a fresh deployment is needed")
    folder = tmp_path_factory.mktemp("canaries")
    gate = Gate(release="canary", trial_days=30, shares=(0.1, 0.5))
    write(OPENAQ.model_copy(update={"learning": OPENAQ.learning.model_copy(update={"gate": gate})}), folder)
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(folder))
    try:
        yield
    finally:
        shipped = str(ROOT / "manifests" / "openaq")
        cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", shipped)
        cluster.kubectl("delete", "workflowtemplate", "openaq-conclude")


@pytest.fixture(scope="module")
def router(cluster: Cluster) -> Iterator[str]:
    with forwarded(cluster, "service/openaq-router", 9000) as place:
        yield f"http://{place}"


@pytest.fixture(scope="module")
def example(cluster: Cluster) -> Iterator[Any]:
    """A request that the champion itself gives as an example."""
    with forwarded(cluster, "service/openaq-default", 9000) as place:
        yield requests.get(f"http://{place}/example", timeout=30).json()


def test_it_answers_its_share_takes_over_and_is_rolled_back(
    cluster: Cluster, remote: Remote, router: str, example: Any
) -> None:
    on_trial(cluster, remote, "2")
    with asking(router, example) as versions:
        until(lambda: {1, 2} <= set(versions))
        lived(remote, "challenger", "2", "0.7")
        assert followed(cluster, "openaq-take-over-").phase == "Succeeded"
        after = len(versions)
        until(lambda: len(versions) > after + 20)
    assert set(versions) == {1, 2}
    assert set(versions[after + 1 :]) == {2}
    assert live(remote) == (3, "takeover", 2)

    lived(remote, "former", "1", "0.7")
    assert followed(cluster, "openaq-roll-back-").phase == "Succeeded"
    assert live(remote) == (4, "rollback", 1)
    assert answered(router, example) == 1


def test_one_that_dies_costs_no_answer_and_its_trial_ends(
    cluster: Cluster, remote: Remote, router: str, example: Any
) -> None:
    on_trial(cluster, remote, "5")
    with asking(router, example) as versions:
        until(lambda: 3 in versions)
        label = "app=openaq-challenger-0-model"
        cluster.kubectl("delete", "pods", "-l", label, "--force", "--grace-period=0", "--wait=false")
        until(lambda: about(router)["challenger"]["state"] == "withdrawn")
        after = len(versions)
        until(lambda: len(versions) > after + 20)
    assert set(versions) == {1, 3}
    assert set(versions[after + 1 :]) == {1}

    assert followed(cluster, "openaq-withdraw-").phase == "Succeeded"
    assert live(remote) == (4, "rollback", 1)
    until(lambda: about(router)["challenger"] is None)
    assert [each["metadata"]["name"] for each in cluster.get("deployment", "-l", "seldon-deployment-id=openaq")] == [
        "openaq-default-0-model"
    ]


def on_trial(cluster: Cluster, remote: Remote, decision: str) -> None:
    """A new version, promoted by that decision, answers half of what is asked."""
    steps(remote, "second_version", "fresh")
    steps(remote, "trial_days", "begin", decision, "canary")
    half = {"decision": decision, "verdict": "widen", "share": "0.5"}
    assert ended(cluster, submit(cluster, "workflowtemplate", "openaq-conclude", half)).phase == "Succeeded"


def lived(remote: Remote, *words: str) -> None:
    """Days on which the models were compared."""
    steps(remote, "trial_days", "lived", *words)


def steps(remote: Remote, module: str, *words: str) -> None:
    """Run what leaves behind what a training and days do, against the platform's store, database and tracking."""
    with forwarded(remote.cluster, "service/mlflow", 5000) as tracking:
        reached = {"DATABASE_URL": remote.database_url, "MLFLOW_TRACKING_URI": f"http://{tracking}"}
        where = {**os.environ, **remote.settings, **reached, "PYTHONPATH": str(ROOT)}
        subprocess.run(
            [sys.executable, "-m", f"tests.quickstart.{module}", *words],
            env=where,
            check=True,
            stdout=subprocess.DEVNULL,
        )


def followed(cluster: Cluster, prefix: str) -> Ended:
    """The workflow that a look of the monitor started."""
    before = named(cluster, prefix)
    assert ended(cluster, submit(cluster, "workflowtemplate", "openaq-monitor", LOOK)).phase == "Succeeded"
    (name,) = named(cluster, prefix) - before
    return ended(cluster, name)


def named(cluster: Cluster, prefix: str) -> set[str]:
    names = {each["metadata"]["name"] for each in cluster.get("workflows.argoproj.io")}
    return {name for name in names if name.startswith(prefix)}


def live(remote: Remote) -> tuple[Any, ...]:
    (found,) = remote.rows(
        "SELECT decision, kind, version FROM promotions"
        " WHERE project = 'openaq' AND live_at IS NOT NULL AND ended IS NULL"
    )
    return found


def about(router: str) -> Any:
    return requests.get(f"{router}/router", timeout=10).json()


def answered(router: str, example: Any) -> Any:
    """The version that answered, or what went wrong."""
    answer = requests.post(router + PREDICTIONS, json=example, timeout=30)
    return answer.json()["meta"]["tags"]["version"] if answer.status_code == 200 else answer.text


@contextmanager
def asking(router: str, example: Any) -> Iterator[list[Any]]:
    """A client that asks all the time, and who answered."""
    found: list[Any] = []
    over = threading.Event()

    def client() -> None:
        while not over.wait(0.02):
            found.append(answered(router, example))

    thread = threading.Thread(target=client)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def until(condition: Any, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)
