"""The storm on the cluster: fifty files in ten seconds, while the pods that listen and take are killed, and the store.

On a namespace where no file of abalone was ever dropped.
"""

import random
import threading
import time

import pytest

from pipeline.cluster.kube import Cluster
from pipeline.errors import PipelineError
from pipeline.show.tables import table
from pipeline.stack.object_store import connect
from steps.backends import history, ledger, promotions, trainings
from steps.backends.database import begin
from tests.e2e.forwarding import forwarded
from tests.e2e.remote import Remote, secret
from tests.storm.books import books
from tests.storm.files import Fallen, fifty

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(3600)]
PROJECT = "abalone"
SECONDS, PATIENCE = 10.0, 2400.0
KILLED = (
    (1.0, "eventsource-name=abalone-inbox"),
    (2.5, "sensor-name=abalone-inbox"),
    (3.5, "app.kubernetes.io/component=ingest"),
    (5.0, "app.kubernetes.io/component=minio"),
    (6.5, "eventsource-name=abalone-inbox"),
    (8.0, "sensor-name=abalone-inbox"),
)


def test_nothing_is_lost_and_nothing_doubled(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = fifty()
    began = time.monotonic()

    storm(cluster, files)
    fallen = time.monotonic() - began
    cluster.kubectl("rollout", "status", "statefulset/minio", "--timeout", "100s")
    with Remote.entered(cluster) as remote:  # only now: a way in ends with its pod
        for name, value in {**remote.settings, "DATABASE_URL": remote.database_url}.items():
            monkeypatch.setenv(name, value)
        while not quiet(cluster, len(files)):
            assert time.monotonic() - began < PATIENCE, "the storm does not end"
            time.sleep(2)
        told, _ = books(PROJECT, files)
    runs = cluster.get("workflows.argoproj.io", "-l", "app.kubernetes.io/component=ingest")
    lines = [
        ("files", f"{len(files)} in {fallen:.1f} s, {sum(file.bad for file in files)} of them bad"),
        ("runs that were announced", str(len(runs))),
        ("killed", "the event source twice, the sensor twice, a run's pods, the store"),
        *told,
        ("quiet after", f"{time.monotonic() - began:.0f} s"),
    ]
    with capsys.disabled():
        print("\n" + table(("THE STORM ON THE CLUSTER", ""), lines))


def storm(cluster: Cluster, files: list[Fallen]) -> None:
    """Let it happen; each file is put again until the store has it."""
    chance, began = random.Random(3), time.monotonic()
    keys = secret(cluster, "object-store-uploader")

    def drop(part: list[tuple[int, Fallen]]) -> None:
        for number, file in part:
            time.sleep(max(0.0, began + SECONDS * number / len(files) - time.monotonic()))
            while not put(cluster, keys, file):
                time.sleep(0.2)

    order = list(enumerate(chance.sample(files, len(files))))
    threads = [threading.Thread(target=drop, args=(order[at::5],)) for at in range(5)]
    for thread in threads:
        thread.start()
    for at, label in KILLED:
        time.sleep(max(0.0, began + at - time.monotonic()))
        cluster.kubectl("delete", "pods", "-l", label, "--force", "--grace-period=0", "--wait=false")
    for thread in threads:
        thread.join()


def put(cluster: Cluster, keys: dict[str, str], file: Fallen) -> bool:
    """Whether the store took it. The way in leads to one pod and ends with it, so each try makes one anew."""
    try:
        with forwarded(cluster, "service/minio", 9000) as place:
            client = connect({**keys, "AWS_ENDPOINT_URL_S3": f"http://{place}"})
            client.put_object(Bucket="inbox", Key=f"{PROJECT}/new/{file.name}", Body=file.body)
    except Exception:
        return False
    return True


def quiet(cluster: Cluster, files: int) -> bool:
    """Whether every file is decided and cleared, no run goes on, and the newest state is trained."""
    try:
        runs = cluster.get("workflows.argoproj.io", "-l", f"app.kubernetes.io/instance={PROJECT}")
    except PipelineError:
        return False
    if any(each.get("status", {}).get("phase") not in ("Succeeded", "Failed", "Error") for each in runs):
        return False
    with begin() as connection:
        rows = ledger.recent(connection, PROJECT, 1000)
        head = history.head(connection, PROJECT)
        newest = connection.execute(
            trainings.trainings.select()
            .where(trainings.trainings.c.project == PROJECT)
            .order_by(trainings.trainings.c.sequence.desc())
        ).first()
        decided = promotions.newest_sequence(connection, PROJECT)
    done = len(rows) == files and all(row.cleared_at is not None for row in rows)
    return bool(done and head and newest and newest.state == "done" and decided == head.sequence)
