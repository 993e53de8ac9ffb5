"""Uploads to a real store start runs, whatever happens to the store, to the watch and to the processes in between."""

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline import engine
from pipeline.engine.processes import is_alive
from pipeline.errors import UserError
from pipeline.laptop.applying import AppliedWorkflows
from pipeline.laptop.background import Background
from pipeline.stack import Stack
from pipeline.stack.host import StackHost
from pipeline.stack.object_store import connect
from pipeline.stack.watcher import watching
from pipeline.watch.listener import BucketListener, Notification
from pipeline.watch.messages import Log
from pipeline.watch.sensors import Sensors
from pipeline.watch.uploads import AT_ONCE, Uploads
from tests import ROOT
from tests.watch.watching import Waiting

SHIPPED = ROOT / "manifests" / "wine"
INGEST = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: wine-ingest}
spec:
  entrypoint: main
  arguments: {parameters: [{name: records, value: ""}]}
  templates:
    - name: main
      container:
        image: debian:bookworm-slim
        command: [sh, -c]
        args: ['printf %s "$1"', sh, '{{workflow.parameters.records}}']
"""
HOSTILE = [
    "a b.csv", "a+b.csv", "100%2F.csv", "\u00fc.csv", "u\u0308.csv", "q'\".csv", "$(x)`.csv", "{{workflow.name}}.csv",
    "d{{=1+1}}.csv", "new\nline.csv", "<&>.csv", "sub/dir/x.csv", "K.csv", "k.csv", "L" * 255,
]  # fmt: skip


def until(condition: Callable[[], Any], seconds: float = 20) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.02)
    return found


class World:
    """A folder of manifests, a store of its own, and watches that come and go."""

    def __init__(self, folder: Path) -> None:
        self.place = folder / "manifests"
        self.place.mkdir()
        for file in SHIPPED.glob("wine-inbox-*.yaml"):
            shutil.copy(file, self.place)
        (self.place / "ingest.yaml").write_text(INGEST, encoding="utf-8")
        self.stack = Stack(folder / "home")
        self.home = self.stack.home
        self.journal = engine.Journal(self.home / "journal.db")
        self.lines: list[str] = []
        self.listeners: list[BucketListener] = []

    def watch(self, listener: type[BucketListener] = BucketListener, *, starting_seconds: float = 15.0) -> Uploads:
        """A new one, which listens by now."""
        self.children = Waiting(self.home)
        self.listeners.append(listener(lambda name: self.stack.settings("secret", name)))
        background = Background(self.journal, starting_seconds=starting_seconds)
        log = Log(self.lines.append)
        self.uploads = Uploads(Sensors(self.place), self.listeners[-1], background, self.children, log)
        before = self.listening()
        self.until(lambda: self.listening() > before)
        return self.uploads

    def listening(self) -> int:
        return len([line for line in self.lines if "listening to s3://inbox/wine/new/" in line])

    def until(self, condition: Callable[[], Any]) -> Any:
        def looked() -> Any:
            self.uploads.process(time.time())
            return condition()

        return until(looked)

    def put(self, *names: str) -> None:
        client = connect(self.stack.settings("secret", "object-store"))
        for name in names:
            client.put_object(Bucket="inbox", Key=f"wine/new/{name}", Body=b"x")

    def empty(self) -> None:
        client = connect(self.stack.settings("secret", "object-store"))
        for each in client.list_objects_v2(Bucket="inbox").get("Contents", []):
            client.delete_object(Bucket="inbox", Key=each["Key"])

    def close(self) -> None:
        for listener in self.listeners:
            listener.listen([])

    @property
    def records(self) -> list[str]:
        """What each run was given, the oldest first."""
        return [row["parameters"]["records"] for row in reversed(self.journal.rows())]

    @property
    def keys(self) -> list[str]:
        """The keys that were announced, in that order."""
        return [key for each in self.records if each for key in keys(each)]


def keys(records: str) -> list[str]:
    return [record["s3"]["object"]["key"].removeprefix("wine/new/") for record in json.loads(base64.b64decode(records))]


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = World(tmp_path_factory.mktemp("uploads"))
    yield world
    world.stack.stop()


@pytest.fixture
def world(machine: World) -> Iterator[World]:
    """With an empty bucket and an empty journal."""
    machine.empty()
    machine.journal.close()
    for file in machine.home.glob("journal.db*"):
        file.unlink()
    machine.journal = engine.Journal(machine.home / "journal.db")
    machine.lines.clear()
    yield machine
    machine.close()


def test_each_upload_starts_a_run_that_is_given_its_key_as_it_is(world: World) -> None:
    world.watch()
    world.put(*HOSTILE)
    world.until(lambda: len(world.records) == len(HOSTILE))
    assert world.keys == HOSTILE
    assert all(row["id"].startswith("wine-ingest-") for row in world.journal.rows())


def test_a_key_that_argo_would_expand_reaches_the_step_unexpanded(world: World) -> None:
    world.watch()
    world.put("d{{=1+1}} {{workflow.name}}.csv")
    (run,) = world.until(world.journal.rows)
    view = engine.execute(world.journal, run["id"], StackHost(world.stack), world.home, cores=1)
    assert view.phase == "Succeeded"
    logs = (world.home / "runs" / view.id).rglob("stdout.log")
    assert [keys(printed.read_text()) for printed in logs] == [world.keys]
    assert world.keys == ["d{{=1+1}} {{workflow.name}}.csv"]


def test_what_is_below_another_prefix_starts_nothing(world: World) -> None:
    world.watch()
    connect(world.stack.settings("secret", "object-store")).put_object(Bucket="inbox", Key="wine/old/x", Body=b"x")
    world.put("mine.csv")
    world.until(lambda: world.records)
    assert world.keys == ["mine.csv"]


def test_what_came_while_nobody_watched_is_found_by_one_run(world: World) -> None:
    world.put("one.csv", "two.csv")
    world.watch()
    world.until(lambda: world.records)
    world.put("three.csv")
    world.until(lambda: len(world.records) == 2)
    assert world.records[0] == ""
    assert world.keys == ["three.csv"]


def test_a_restarted_store_is_listened_to_again_and_listed(world: World) -> None:
    world.watch()
    world.stack.stop()
    world.until(lambda: [line for line in world.lines if "cannot listen" in line])
    before = world.listening()
    world.stack.ensure("object-store")
    world.until(lambda: world.listening() > before)
    world.put("after.csv")
    world.until(lambda: world.keys == ["after.csv"])


class Doubling(BucketListener):
    """Hears each notification twice."""

    def drain(self) -> list[Notification]:
        return [each for each in super().drain() for _ in range(2)]


def test_a_doubled_notification_starts_two_runs(world: World) -> None:
    world.watch(Doubling)
    world.put("twice.csv")
    world.until(lambda: len(world.records) == 2)
    assert world.keys == ["twice.csv"] * 2


def test_so_many_runs_execute_at_once_and_the_others_wait_in_order(world: World) -> None:
    world.watch()
    world.put(*(f"{number:02}.csv" for number in range(AT_ONCE + 3)))
    world.until(lambda: len(world.records) == AT_ONCE + 3)
    created = [row["id"] for row in reversed(world.journal.rows())]
    assert world.children.started == created[:AT_ONCE]
    for done in range(1, 4):
        run = created[done - 1]
        engine.execute(world.journal, run, StackHost(world.stack), world.home, cores=1)
        world.children.alive.discard(run)
        world.until(lambda: len(world.children.started) == AT_ONCE + done)  # noqa: B023 - called at once
    assert world.children.started == created


def test_a_run_whose_process_died_is_resumed(world: World) -> None:
    world.watch(starting_seconds=0.0)
    world.put("cut-off.csv")
    (run,) = world.until(lambda: world.children.started)
    world.children.alive.clear()
    world.until(lambda: world.children.started == [run, run])
    world.watch(starting_seconds=0.0)  # another one, after a kill
    world.until(lambda: run in world.children.started)


def test_a_sensor_that_the_watch_cannot_do_is_told_and_the_file_may_be_mended(world: World) -> None:
    file = world.place / "wine-inbox-sensor.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("operation: create", "operation: patch"), encoding="utf-8")
    try:
        listener = BucketListener(lambda _: {})
        background = Background(world.journal)
        uploads = Uploads(Sensors(world.place), listener, background, Waiting(world.home), Log(world.lines.append))
        uploads.process(time.time())
        assert [line for line in world.lines if "wine-inbox-sensor.yaml, line" in line and "operation must be" in line]
        assert uploads.names() == []
        assert [line for line in world.lines if "listening" in line] == []
    finally:
        file.write_text(text, encoding="utf-8")

    def refused() -> list[str]:
        uploads.process(time.time())
        return [line for line in world.lines if "cannot listen" in line]

    until(refused)
    assert "the Secret object-store-events has no key AWS_ACCESS_KEY_ID" in world.lines[-1]
    listener.listen([])


def test_the_descriptor_is_readable_when_something_was_heard(world: World) -> None:
    uploads = world.watch()
    uploads.process(time.time())
    poll = select.poll()
    for descriptor in uploads.descriptors():
        poll.register(descriptor, select.POLLIN)
    assert poll.poll(0) == []
    world.put("x.csv")
    assert poll.poll(5000)


def test_a_watch_that_is_killed_loses_nothing(world: World) -> None:
    """As a process, with real children."""
    command = [sys.executable, "-m", "pipeline", "watch", str(world.place)]
    environment = {**os.environ, "PIPELINE_HOME": str(world.home)}
    log = world.home / "watch.out"

    def watch(seen: int) -> subprocess.Popen[bytes]:
        with log.open("ab") as out:
            process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
        until(lambda: log.read_text().count("listening to") > seen)
        return process

    def ended() -> list[str]:
        return [row["phase"] for row in world.journal.rows() if row["finished_at"] is not None]

    first = watch(0)
    assert watching(world.home) == first.pid
    world.put("before.csv")
    until(lambda: ended() == ["Succeeded"])
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert watching(world.home) is None
    world.put("meanwhile.csv")
    second = watch(1)
    try:
        until(lambda: len(ended()) == 2)
        assert world.records[1] == "", "it was found by listing"
    finally:
        second.send_signal(signal.SIGTERM)
        assert second.wait() == 130


TRAIN = INGEST.replace("wine-ingest", "wine-train").replace("printf %s", "test -e {gate} || sleep 30; printf %s")


def applied(name: str = "wine-train-0123456789-1", **spec: Any) -> dict[str, Any]:
    reference = {"workflowTemplateRef": {"name": "wine-train"}}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": name, "labels": {"a": "b"}},
        "spec": reference | spec,
    }


@pytest.fixture
def host(world: World, tmp_path: Path) -> StackHost:
    (tmp_path / "train.yaml").write_text(TRAIN.replace("test -e {gate} || sleep 30; ", ""), encoding="utf-8")
    return StackHost(world.stack, AppliedWorkflows(world.home, world.journal, tmp_path))


def test_an_applied_workflow_is_a_run_of_that_name_once(world: World, host: StackHost, tmp_path: Path) -> None:
    log = tmp_path / "log"
    arguments = {"parameters": [{"name": "records", "value": "given"}]}
    first = host.apply(applied(arguments=arguments), log=log)
    assert host.apply(applied(), log=log)["metadata"] == first["metadata"]
    (row,) = until(lambda: [row for row in world.journal.rows() if row["finished_at"] is not None])
    assert (row["id"], row["workflow"], row["phase"]) == ("wine-train-0123456789-1", "wine-train", "Succeeded")
    assert row["parameters"] == {"records": "given"}
    assert host.apply(applied(), log=log)["status"] == {"phase": "Succeeded"}
    assert "Workflow wine-train-0123456789-1: Succeeded" in log.read_text()


def test_an_applied_workflow_whose_process_was_killed_is_gone_on_with(
    world: World, host: StackHost, tmp_path: Path
) -> None:
    (tmp_path / "train.yaml").write_text(TRAIN.replace("{gate}", str(tmp_path / "gate")), encoding="utf-8")
    host.apply(applied(), log=tmp_path / "log")
    background = Background(world.journal)
    (running,) = until(lambda: [one for one in background.open() if one.standing.pid and one.standing.started_at])
    assert running.kind == "applied"
    os.kill(running.standing.pid, signal.SIGKILL)
    until(lambda: background.open()[0].standing.pid is None)
    world.watch()
    world.until(lambda: world.children.started == ["wine-train-0123456789-1"])
    (tmp_path / "gate").touch()
    view = engine.execute(world.journal, running.run, host, world.home, cores=1)
    assert view.phase == "Succeeded"
    assert not is_alive(running.standing.pid, 0)


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        (applied(entrypoint="other"), "spec.entrypoint is not a field"),
        (applied(workflowTemplateRef={"name": "nobody"}), "no workflow 'nobody'"),
        (applied(arguments={"parameters": [{"name": "else", "value": "x"}]}), "has no parameter else"),
        (applied(""), "metadata.name is missing"),
    ],
)
def test_an_applied_workflow_that_is_more_than_a_name_is_refused(
    world: World, host: StackHost, tmp_path: Path, manifest: dict[str, Any], words: str
) -> None:
    with pytest.raises(UserError, match=words):
        host.apply(manifest, log=tmp_path / "log")
    assert world.journal.rows() == []
