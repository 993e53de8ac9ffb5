"""`pipeline up` keeps a watch in the background; `pipeline down` ends it, and the runs that it started go on later."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline import engine
from pipeline.errors import UserError
from pipeline.laptop.background import Background
from pipeline.laptop.children import launch
from pipeline.laptop.machine import LocalMachine
from pipeline.stack.processes import MARK
from pipeline.stack.watcher import watching
from pipeline.watch.here import watch_here
from tests.watch.watching import write

SLOW = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: slow}
spec:
  entrypoint: main
  templates:
    - name: main
      container: {image: debian:bookworm-slim, command: [sleep, "60"]}
"""


def until(condition: Callable[[], Any], seconds: float = 20) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.02)
    return found


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalMachine]:
    monkeypatch.setenv("PIPELINE_HOME", str(tmp_path / "home"))
    machine = LocalMachine.here()
    yield machine
    machine.down()


def state(machine: LocalMachine) -> str:
    return next(each.state for each in machine.stack.status() if each.name == "watch")


def test_the_watch_is_a_server_of_the_stack(machine: LocalMachine) -> None:
    assert not machine.watched()
    machine.stack.ensure("watch")
    assert state(machine) == "running"
    assert machine.watched()
    log = machine.home / "logs" / "watch.log"
    until(lambda: "wine-inbox: listening to s3://inbox/wine/new/" in log.read_text())
    assert "wine-reconcile: watched" in log.read_text()
    with pytest.raises(UserError, match=f"process {watching(machine.home)} is watching here already; .*watch.log"):
        watch_here(None)
    machine.down()
    assert not machine.watched()
    assert {each.state for each in machine.stack.status()} == {"stopped"}


def test_the_watch_works_in_the_folder_where_it_was_asked_for(
    machine: LocalMachine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the manifests there, as its runs do, and whatever packages lie about."""
    (work := tmp_path / "work").mkdir()
    monkeypatch.chdir(work)
    (work / "pipeline").mkdir()
    (work / "pipeline" / "__init__.py").write_text("raise SystemExit('somebody else's')", encoding="utf-8")
    write(work / "manifests", "tick", "schedules: ['@every 1s']", script=f"touch {work}/ticked")
    machine.stack.ensure("watch")
    log = machine.home / "logs" / "watch.log"
    until(lambda: "watching manifests; " in log.read_text())
    until((work / "ticked").exists)
    (work / "manifests" / "tick.yaml").unlink()
    until(lambda: all(run.finished_at is not None for run in machine.runs()))
    assert {run.phase for run in machine.runs()} == {"Succeeded"}


def test_up_leaves_a_watch_in_a_terminal_alone(machine: LocalMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(machine.stack, "ensure", started.append)  # the servers themselves are tested elsewhere
    monkeypatch.setattr(machine.stack, "start_in_background", lambda _: None)
    hold = "with alone(pathlib.Path(sys.argv[1])): time.sleep(60)"
    code = f"import sys, time, pathlib; from pipeline.watch.loop import alone\n{hold}"
    other = subprocess.Popen([sys.executable, "-c", code, str(machine.home)])
    try:
        until(machine.watched)
        machine.up()
        assert "watch" not in started
    finally:
        other.kill()
        other.wait()
    machine.up()
    assert "watch" in started


def test_down_ends_runs_that_go_on_by_themselves_and_keeps_them(machine: LocalMachine, tmp_path: Path) -> None:
    (tmp_path / "slow.yaml").write_text(SLOW, encoding="utf-8")
    background = Background(machine.journal)
    background.add("slow-1", "upload")
    engine.submit(machine.journal, engine.load(tmp_path / "slow.yaml"), "slow", {}, run_id="slow-1")
    process = launch(machine.home, "slow-1")
    until(lambda: background.open()[0].standing.pid)
    machine.down()
    assert process.wait() == 3
    (run,) = machine.runs()
    assert run.interrupted


def test_a_run_is_no_part_of_the_watch_that_started_it(
    machine: LocalMachine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise ending or restarting the watch would end the run."""
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nenv", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setenv(MARK, "the watch")
    launch(machine.home, "some-run").wait()
    environment = (machine.home / "runs" / "some-run" / "process.log").read_text(encoding="utf-8")
    assert MARK not in environment
    assert f"PIPELINE_HOME={machine.home}\n" in environment
