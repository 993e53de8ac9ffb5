"""A challenger on the cluster: it answers its share, takes over, is rolled back; one that dies costs no answer.

On a namespace where openaq has learned, deployed with `tests/e2e/values.yaml`, which has a router for openaq. Clients
are in the namespace: a port that kubectl forwards now and then swallows a request.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from pipeline.cluster.kube import Cluster
from pipeline.engine.processes import wait_until
from pipeline.projects.openaq import OPENAQ
from pipeline.render import write
from steps.contract.declaration import Gate
from tests import ROOT
from tests.e2e.forwarding import forwarded
from tests.e2e.remote import Remote
from tests.e2e.workflows import Ended, ended, submit

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]
PATIENCE = 120.0
LOOK = {"as-of": "2021-05-01T00:00:00Z", "locations": "101"}


@pytest.fixture(scope="module", autouse=True)
def canaries(cluster: Cluster, remote: Remote, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The manifests of a project whose releases are canaries; afterwards those that are shipped."""
    if not cluster.get("service", "openaq-router"):
        pytest.skip("no router is deployed for openaq: make deploy VALUES=tests/e2e/values.yaml")
    if not live(remote):
        pytest.skip("openaq has no live model here; test_openaq comes first")
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


def test_it_answers_its_share_takes_over_and_is_rolled_back(cluster: Cluster, remote: Remote) -> None:
    champion = live(remote)[2]
    decision, challenger = on_trial(cluster, remote)
    with asking(cluster) as versions:
        assert wait_until(lambda: {champion, challenger} <= set(versions), PATIENCE)
        lived(remote, "challenger", str(challenger), "0.7")
        assert followed(cluster, "openaq-take-over-").phase == "Succeeded"
        after = len(versions)
        assert wait_until(lambda: len(versions) > after + 20, PATIENCE)
    assert set(versions) == {champion, challenger}
    assert set(versions[after + 5 :]) == {challenger}
    assert live(remote) == (decision + 1, "takeover", challenger)

    lived(remote, "former", str(champion), "0.7")
    assert followed(cluster, "openaq-roll-back-").phase == "Succeeded"
    assert live(remote) == (decision + 2, "rollback", champion)
    with asking(cluster) as versions:
        assert wait_until(lambda: len(versions) > 5, PATIENCE)
    assert set(versions) == {champion}


def test_one_that_dies_costs_no_answer_and_its_trial_ends(cluster: Cluster, remote: Remote) -> None:
    before = live(remote)
    _, challenger = on_trial(cluster, remote)
    with asking(cluster) as versions:
        assert wait_until(lambda: challenger in versions, PATIENCE)
        label = "app=openaq-challenger-0-model"
        cluster.kubectl("delete", "pods", "-l", label, "--force", "--grace-period=0", "--wait=false")
        assert wait_until(lambda: about(cluster)["challenger"]["state"] == "withdrawn", PATIENCE)
        after = len(versions)
        assert wait_until(lambda: len(versions) > after + 20, PATIENCE)
    assert set(versions) == {before[2], challenger}
    assert set(versions[after + 5 :]) == {before[2]}

    assert followed(cluster, "openaq-withdraw-").phase == "Succeeded"
    assert live(remote) == before
    assert wait_until(lambda: about(cluster)["challenger"] is None, PATIENCE)
    assert [each["metadata"]["name"] for each in cluster.get("deployment", "-l", "seldon-deployment-id=openaq")] == [
        "openaq-default-0-model"
    ]


def on_trial(cluster: Cluster, remote: Remote) -> tuple[int, int]:
    """A new version answers half of what is asked: the decision that promoted it, and the version."""
    steps(remote, "second_version", "fresh")
    newest = "SELECT decision, version FROM promotions WHERE project = 'openaq' ORDER BY decision DESC LIMIT 1"
    ((decision, version),) = remote.rows(newest)
    steps(remote, "trial_days", "begin", str(decision), "canary")
    half = {"decision": str(decision), "verdict": "widen", "share": "0.5"}
    assert ended(cluster, submit(cluster, "workflowtemplate", "openaq-conclude", half)).phase == "Succeeded"
    return decision, version


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


def about(cluster: Cluster) -> Any:
    """What the router says."""
    return json.loads(next(_inside(cluster, "print(requests.get(router + '/router', timeout=10).text)")))


@contextmanager
def asking(cluster: Cluster) -> Iterator[list[Any]]:
    """A client that asks all the time, and who answered: the versions, or what went wrong."""
    found: list[Any] = []
    program = (
        "example = requests.get('http://openaq-default:9000/example', timeout=10).json()\n"
        "end = time.monotonic() + 300\n"
        "while time.monotonic() < end:\n"
        "    time.sleep(0.02)\n"
        "    answer = requests.post(router + '/api/v1.0/predictions', json=example, timeout=30)\n"
        "    good = answer.status_code == 200\n"
        "    print(answer.json()['meta']['tags']['version'] if good else json.dumps(answer.text), flush=True)\n"
    )
    over = threading.Event()

    def read() -> None:
        for line in _inside(cluster, program):
            if over.is_set():
                break
            found.append(json.loads(line))

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def _inside(cluster: Cluster, program: str) -> Iterator[str]:
    """What a program prints in a pod of the namespace, line by line."""
    (pod,) = [
        each["metadata"]["name"]
        for each in cluster.get("pods", "-l", "app.kubernetes.io/component=mlflow")
        if each["status"]["phase"] == "Running"
    ]
    given = f"import json, requests, time\nrouter = 'http://openaq-router:9000'\n{program}"
    command = ["kubectl", "-n", cluster.namespace, "exec", pod, "-c", "mlflow", "--", "python", "-c", given]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield from process.stdout
        finally:
            process.kill()
