"""The storm: fifty files in ten seconds, each announced twice, while the watch is killed three times, a step once, and
the object store restarts. Afterwards every file's rows are in the history once or it is in quarantine, none is lost,
none is there twice, and everybody who keeps books says the same. Run by `make storm`.
"""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.laptop.machine import LocalMachine
from pipeline.shipped import MANIFESTS
from pipeline.show.tables import table
from pipeline.stack.object_store import connect
from tests.storm.books import books
from tests.storm.files import Fallen, fifty

PROJECT = "abalone"
SECONDS = 10.0
PATIENCE = 900.0

pytestmark = [pytest.mark.storm, pytest.mark.timeout(1800)]


@dataclass
class Sky:
    """A laptop, and a folder of manifests in which the event source and its sensor are there twice."""

    machine: LocalMachine
    manifests: Path
    watch: "subprocess.Popen[bytes] | None" = None
    kills: int = 0

    def environment(self) -> dict[str, str]:
        return {**os.environ, "PIPELINE_HOME": str(self.machine.home)}

    def start_watch(self) -> None:
        with (self.machine.home / "storm-watch.log").open("ab") as log:
            command = [sys.executable, "-m", "pipeline", "watch", str(self.manifests)]
            self.watch = subprocess.Popen(command, env=self.environment(), stdout=log, stderr=log)

    def kill_watch(self) -> None:
        assert self.watch is not None
        self.watch.kill()
        self.watch.wait()
        self.kills += 1

    def kill_step(self, within: float) -> str:
        """End the process of a step that takes files, as soon as one is seen."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            for run in self.machine.runs():
                if run.workflow == f"{PROJECT}-ingest" and run.phase == "Running":
                    for started in self.machine.journal.processes(run.id):
                        with contextlib.suppress(ProcessLookupError):
                            os.killpg(started.pid, signal.SIGKILL)
                            return run.id
            time.sleep(0.005)
        return ""

    def restart_store(self) -> None:
        store = next(server for server in self.machine.stack.status() if server.name == "object-store")
        assert store.pid is not None
        os.killpg(store.pid, signal.SIGKILL)
        self.machine.stack.ensure("object-store")

    def put(self, key: str, body: bytes) -> None:
        """As a patient uploader does: again until the store has it."""
        while True:
            try:
                client = connect(self.machine.stack.settings("secret", "object-store"))
                client.put_object(Bucket="inbox", Key=key, Body=body)
                return
            except Exception:
                time.sleep(0.1)

    def reconcile(self) -> None:
        command = [sys.executable, "-m", "pipeline", "run", f"{PROJECT}-reconcile"]
        subprocess.run(command, env=self.environment(), capture_output=True, check=False, timeout=300)


@pytest.fixture
def sky(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sky]:
    machine = LocalMachine(tmp_path / "state")
    monkeypatch.setenv("PIPELINE_HOME", str(machine.home))
    for name in ("object-store", "fork-server", "tracking"):
        machine.stack.ensure(name)
    for name in ("object-store", "database"):
        for variable, value in machine.host.environment("secret", name).items():
            monkeypatch.setenv(variable, value)
    folder = tmp_path / "manifests"
    shutil.copytree(MANIFESTS / PROJECT, folder)
    for kind in ("eventsource", "sensor"):
        text = (folder / f"{PROJECT}-inbox-{kind}.yaml").read_text()
        (folder / f"{PROJECT}-again-{kind}.yaml").write_text(text.replace(f"{PROJECT}-inbox", f"{PROJECT}-again"))
    sky = Sky(machine, folder)
    yield sky
    if sky.watch is not None:
        sky.watch.terminate()
        sky.watch.wait()
    subprocess.run([sys.executable, "-m", "pipeline", "down"], env=sky.environment(), check=False)


def storm(sky: Sky, files: list[Fallen]) -> dict[str, float]:
    """Let it happen; when each file was there, in seconds since 1970."""
    chance, began = random.Random(3), time.monotonic()
    order = chance.sample(files, len(files))
    there: dict[str, float] = {}

    def drop(number: int, file: Fallen) -> None:
        time.sleep(max(0.0, began + SECONDS * number / len(files) - time.monotonic()))
        sky.put(f"{PROJECT}/new/{file.name}", file.body)
        there[file.name] = time.time()

    threads = [threading.Thread(target=drop, args=each) for each in enumerate(order)]
    for thread in threads:
        thread.start()
    for at, what in ((1.0, "watch"), (2.5, "step"), (4.0, "watch"), (5.5, "store"), (7.5, "watch")):
        time.sleep(max(0.0, began + at - time.monotonic()))
        if what == "watch":
            sky.kill_watch()
            sky.start_watch()
        elif what == "step":
            assert sky.kill_step(within=20), "no step was there to be killed"
        else:
            sky.restart_store()
    for thread in threads:
        thread.join()
    return there


def quiet(sky: Sky) -> bool:
    """Whether nothing is going on, and nothing is left to do."""
    from steps.backends import history, ledger, promotions, trainings
    from steps.backends.database import begin

    if any(run.finished_at is None for run in sky.machine.runs()):
        return False
    with begin() as connection:
        rows = ledger.recent(connection, PROJECT, 1000)
        head = history.head(connection, PROJECT)
        newest = connection.execute(
            trainings.trainings.select().order_by(trainings.trainings.c.sequence.desc())
        ).first()
        decided = promotions.newest_sequence(connection, PROJECT)
    done = all(row.cleared_at is not None for row in rows)
    return bool(done and rows and head and newest and newest.state == "done" and decided == head.sequence)


def test_nothing_is_lost_and_nothing_doubled(sky: Sky, capsys: pytest.CaptureFixture[str]) -> None:
    from mlflow import MlflowClient

    files = fifty()
    sky.start_watch()
    began = time.monotonic()
    storm(sky, files)
    fallen = time.monotonic() - began
    reconciled = 0
    while not quiet(sky):
        assert time.monotonic() - began < PATIENCE, "the storm does not end"
        if any(run.finished_at is None and not run.interrupted for run in sky.machine.runs()):
            time.sleep(0.5)
            continue
        sky.reconcile()  # what cron does every five minutes
        reconciled += 1
    ended = time.monotonic() - began
    told, promoted = books(PROJECT, files)
    client = MlflowClient(sky.machine.stack.address("tracking"))
    assert len(client.search_model_versions(f"name='{PROJECT}'")) == promoted
    ingests = [run for run in sky.machine.runs() if run.workflow == f"{PROJECT}-ingest"]
    announced = sum(bool(run.parameters.get("records")) for run in ingests)
    lines = [
        ("files", f"{len(files)} in {fallen:.1f} s, {sum(file.bad for file in files)} of them bad"),
        ("runs that took files", f"{len(ingests)}, {announced} of them announced; and {reconciled} by the reconciler"),
        ("killed", f"the watch {sky.kills} times, a step, the store"),
        *told,
        ("quiet after", f"{ended:.0f} s"),
    ]
    with capsys.disabled():
        print("\n" + table(("THE STORM", ""), lines))
