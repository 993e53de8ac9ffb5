"""Whole runs: submitting, watching, stopping, and coming back from `kill -9` at any moment."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from pipeline import engine
from pipeline.engine import Patience
from pipeline.engine.manifest.workflows import from_snapshot
from pipeline.engine.processes import is_alive, start_time
from pipeline.engine.runs import replay
from pipeline.errors import PipelineError, UserError
from tests import ROOT
from tests.engine.laboratory import Laboratory, container, log_of, manifest, until


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    return tmp_path / "marks"


def lines(marks: Path) -> list[str]:
    return marks.read_text(encoding="utf-8").split() if marks.exists() else []


PARAMETERS = container("echo {{workflow.parameters.p}}").replace(
    "  entrypoint: only",
    "  entrypoint: only\n  arguments: {parameters: "
    "[{name: p, enum: [a, b]}, {name: q, value: v}, {name: r, default: d}]}",
)


def test_a_run_has_its_parameters(lab: Laboratory) -> None:
    run = lab.submit(PARAMETERS, p="a", q="given")
    assert engine.view(lab.journal, run).phase == "Pending"
    assert [(each.phase, each.interrupted) for each in engine.all_runs(lab.journal)] == [("Pending", True)]
    view = lab.execute(run)
    assert view.parameters == {"p": "a", "q": "given", "r": "d"}
    assert log_of(view) == "a\n"
    assert view.id.startswith("w-")
    assert view.started_at and view.finished_at
    assert view.created_at <= view.started_at <= view.finished_at


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"p": "a", "t": "1"}, "w has no parameter t; it has p, q, r"),
        ({}, "w needs a value for the parameter p; give p=…"),
        ({"p": "c"}, "the parameter p is 'c'; it takes a, b"),
    ],
)
def test_parameters_that_do_not_fit(lab: Laboratory, given: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as error:
        lab.submit(PARAMETERS, **given)
    assert str(error.value) == message
    assert engine.all_runs(lab.journal) == []


def test_whoever_executes_a_run_reads_its_manifests_once(lab: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    read = mock.Mock(side_effect=from_snapshot)
    monkeypatch.setattr(replay, "from_snapshot", read)
    run = lab.submit(PARAMETERS, p="b")
    assert engine.commands(lab.journal, run) == [["sh", "-c", "echo {{workflow.parameters.p}}\n"]]
    assert lab.execute(run).phase == "Succeeded"
    assert read.call_count == 1


def test_runs_and_views_are_what_they_were_at_the_end(lab: Laboratory) -> None:
    seen: list[engine.RunView] = []
    first = lab.execute(lab.submit(container("exit 1")), on_change=seen.append)
    second = lab.script("true")
    assert [(run.id, run.phase, run.interrupted) for run in engine.all_runs(lab.journal)] == [
        (second.id, "Succeeded", False),
        (first.id, "Failed", False),
    ]
    assert engine.all_runs(lab.journal)[1].message == "main: Error (exit code 1)"
    assert engine.view(lab.journal, first.id) == first == seen[-1]
    assert lab.execute(first.id) == first, "executing a run that is over shows it"
    with pytest.raises(UserError, match="no run is named 'nosuch'; the newest are w-"):
        engine.view(lab.journal, "nosuch")


def test_leaves_run_side_by_side_but_not_more_than_there_are_cores(lab: Laboratory, marks: Path) -> None:
    lab.cores = 3
    view = lab.run(
        """
        entrypoint: main
        templates:
          - name: main
            dag: {tasks: [{name: a, template: slow, withSequence: {count: 9}}]}
          - name: slow
            container: {image: i, command: [sh, -c], args: ['echo 1 >> MARKS; sleep 0.2; echo -1 >> MARKS']}
        """.replace("MARKS", str(marks))
    )
    assert view.phase == "Succeeded"
    assert 2 <= max(accumulate(map(int, lines(marks)))) <= 3


def test_a_changed_manifest_does_not_change_a_run(lab: Laboratory) -> None:
    run = lab.submit(container("echo before"))
    lab.load(container("echo after"))
    assert log_of(lab.execute(run)) == "before\n"


LONG = """
entrypoint: main
onExit: bye
templates:
  - name: main
    dag:
      tasks:
        - {{name: first, template: count}}
        - {{name: long, template: long, depends: first}}
        - {{name: last, template: count, depends: long}}
  - name: count
    container: {{image: i, command: [sh, -c], args: ['echo {{{{tasks.name}}}} >> {marks}']}}
  - name: long
    retryStrategy: {{limit: 0}}
    container:
      image: i
      command: [sh, -c]
      args:
        - |
          echo long >> {marks}
          test -e {marks}.go && exit 0
          trap "" TERM
          sleep 1000 &
          sleep 1000
  - name: bye
    container: {{image: i, command: [sh, -c], args: ['echo bye >> {marks}']}}
"""


def test_a_stop_event_ends_all_processes_and_leaves_the_run_resumable(lab: Laboratory, marks: Path) -> None:
    lab.patience = Patience(grace_seconds=0.2)
    run = lab.submit(LONG.format(marks=marks))
    stop = threading.Event()
    ended = []
    thread = threading.Thread(target=lambda: ended.append(lab.execute(run, stop)), daemon=True)
    thread.start()
    until(lambda: lines(marks) == ["first", "long"])
    [process] = lab.journal.processes(run)
    group = _group(process.pid)
    assert len(group) >= 2
    stop.set()
    thread.join(20)
    assert ended[0].interrupted
    assert ended[0].phase == "Running"
    until(lambda: not any(start_time(pid) for pid in group))
    assert [(each.id, each.phase, each.interrupted) for each in engine.all_runs(lab.journal)] == [
        (run, "Running", True)
    ]

    Path(f"{marks}.go").touch()
    view = lab.execute(run)
    assert view.phase == "Succeeded", view.message
    assert lines(marks) == ["first", "long", "long", "last", "bye"]
    assert [node.name.removeprefix(run) for node in view.nodes if node.type == "Pod"] == [
        ".first", ".long(0)", ".last", ".onExit",
    ], "a stop is not an attempt of the step"  # fmt: skip


def _group(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[2] == str(pid):
                found.append(int(entry.name))
    return found


ENGINE = """
    from pathlib import Path
    from tests.engine.laboratory import Laboratory
    lab = Laboratory(Path({folder!r}))
    lab.execute({run!r})
"""


def engine_process(lab: Laboratory, run: str) -> subprocess.Popen[bytes]:
    """An engine in a process of its own, to be killed."""
    text = textwrap.dedent(ENGINE).format(folder=str(lab.folder), run=run)
    return subprocess.Popen([sys.executable, "-c", text], cwd=ROOT)


def test_a_killed_engine_goes_on_where_it_was(lab: Laboratory, marks: Path) -> None:
    run = lab.submit(LONG.format(marks=marks))
    first = engine_process(lab, run)
    until(lambda: lines(marks) == ["first", "long"])
    [process] = lab.journal.processes(run)
    group = _group(process.pid)
    with pytest.raises(UserError, match=f"run {run} is being executed by process {first.pid}"):
        lab.execute(run)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert is_alive(process.pid, process.started), "the step outlives its engine, and the journal names it"
    assert engine.view(lab.journal, run).interrupted

    Path(f"{marks}.go").touch()
    view = lab.execute(run)
    assert not any(start_time(pid) for pid in group), "what ran is ended before it is started again"
    assert view.phase == "Succeeded", view.message
    assert lines(marks) == ["first", "long", "long", "last", "bye"]
    assert len([node for node in view.nodes if node.type == "Pod"]) == 4


CHAIN = """
entrypoint: main
templates:
  - name: main
    dag:
      tasks:
        - {{name: a, template: work, withSequence: {{count: 6}}}}
        - {{name: b, template: work, depends: a, withSequence: {{count: 6}}}}
        - {{name: c, template: leaf, depends: b}}
  - name: work
    outputs: {{parameters: [{{name: o, valueFrom: {{path: /work/o}}}}]}}
    container:
      image: i
      command: [sh, -c]
      args:
        - |
          echo "start {{{{node.name}}}}" >> {marks}
          echo x > {{{{outputs.parameters.o.path}}}}
          echo "end {{{{node.name}}}}" >> {marks}
"""


def killed_again_and_again(lab: Laboratory, run: str, marks: Path, moments: list[int]) -> None:
    """Start an engine and kill it as soon as the steps have left that many marks, for each of `moments`."""
    for moment in moments:
        process = engine_process(lab, run)
        until(partial(_come_so_far, marks, moment, process))
        process.kill()
        process.wait()


def _come_so_far(marks: Path, moment: int, process: subprocess.Popen[bytes]) -> bool:
    return len(log(marks)) >= moment or process.poll() is not None


def log(marks: Path) -> list[str]:
    return marks.read_text(encoding="utf-8").splitlines() if marks.exists() else []


@pytest.mark.parametrize("moments", [[1], [2, 7], [11, 13, 19]])
def test_kill_9_loses_nothing_and_nothing_done_is_done_again(lab: Laboratory, marks: Path, moments: list[int]) -> None:
    run = lab.submit(CHAIN.format(marks=marks))
    killed_again_and_again(lab, run, marks, moments)
    done = {node.name for node in engine.view(lab.journal, run).nodes if node.phase == "Succeeded"}
    before = len(log(marks))
    view = lab.execute(run)
    assert view.phase == "Succeeded", view.message
    assert {f"start {name}" for name in done}.isdisjoint(log(marks)[before:])
    assert len({line for line in log(marks) if line.startswith("end ")}) == 12
    assert len([node for node in view.nodes if node.type == "Pod"]) == 13
    assert not lab.journal.processes(run)


@pytest.mark.soak
def test_kill_9_many_times(lab: Laboratory, marks: Path) -> None:
    for number in range(20):
        marks.unlink(missing_ok=True)
        run = lab.submit(CHAIN.format(marks=marks))
        killed_again_and_again(lab, run, marks, sorted({number % 24, (number * 7) % 24, (number * 13) % 24}))
        assert lab.execute(run).phase == "Succeeded"
        assert len({line for line in log(marks) if line.startswith("end ")}) == 12


def test_a_killed_step_is_an_attempt(lab: Laboratory, marks: Path) -> None:
    spec = """
    entrypoint: only
    templates:
      - name: only
        retryStrategy: {limit: 1, expression: "asInt(lastRetry.exitCode) not in [2, 3]"}
        container: {image: i, command: [sh, -c], args: ['echo $$$$ >> MARKS; [ {{retries}} = 1 ] || sleep 1000']}
    """.replace("MARKS", str(marks))
    run = lab.submit(spec)
    ended = []
    thread = threading.Thread(target=lambda: ended.append(lab.execute(run)), daemon=True)
    thread.start()
    until(lambda: len(lines(marks)) == 1)
    os.kill(int(lines(marks)[0]), signal.SIGKILL)
    thread.join(20)
    assert ended[0].phase == "Succeeded"
    assert [(node.phase, node.message) for node in ended[0].nodes] == [
        ("Succeeded", ""), ("Failed", "main: Error (exit code 137)"), ("Succeeded", ""),
    ]  # fmt: skip


def test_asking_for_the_end_of_a_run(lab: Laboratory, marks: Path) -> None:
    lab.patience = Patience(grace_seconds=0.2)
    run = lab.submit(LONG.format(marks=marks))
    ended = []
    thread = threading.Thread(target=lambda: ended.append(lab.execute(run)), daemon=True)
    thread.start()
    until(lambda: lines(marks) == ["first", "long"])
    assert engine.stop(lab.journal, run) == f"asked process {os.getpid()} to stop run {run}"
    thread.join(20)
    assert (ended[0].phase, ended[0].message) == ("Failed", "Stopped with strategy 'Stop'")
    assert lines(marks) == ["first", "long", "bye"]
    with pytest.raises(UserError, match=f"run {run} is over: Failed"):
        engine.stop(lab.journal, run)


def test_a_run_that_nobody_executes_is_stopped_when_it_is_resumed(lab: Laboratory, marks: Path) -> None:
    run = lab.submit(LONG.format(marks=marks))
    assert engine.stop(lab.journal, run) == f"no process is running {run}; it will be stopped when it is resumed"
    assert lab.execute(run).phase == "Failed"


ALONE = """
entrypoint: only
templates:
  - name: only
    synchronization: {{mutexes: [{{name: deploy}}]}}
    container:
      image: i
      command: [sh, -c]
      args: ['echo in >> {marks}; until [ -e {marks}.go ]; do sleep 0.05; done; echo out >> {marks}']
"""


def in_threads(lab: Laboratory, *runs: str) -> list[threading.Thread]:
    threads = [threading.Thread(target=lab.execute, args=(run,), daemon=True) for run in runs]
    for thread in threads:
        thread.start()
    return threads


def test_a_mutex_holds_across_runs(lab: Laboratory, marks: Path) -> None:
    runs = [lab.submit(ALONE.format(marks=marks)) for _ in range(3)]
    threads = in_threads(lab, *runs)

    def waiting() -> list[str]:
        return [
            run
            for run in runs
            if "Waiting for default/Mutex/deploy lock" in engine.view(lab.journal, run).nodes[0].message
        ]

    until(lambda: lines(marks) == ["in"] and all(engine.view(lab.journal, run).nodes for run in runs))
    until(lambda: len(waiting()) == 2)
    Path(f"{marks}.go").touch()
    for thread in threads:
        thread.join(20)
    assert lines(marks) == ["in", "out"] * 3
    assert {run.phase for run in engine.all_runs(lab.journal)} == {"Succeeded"}


def test_a_semaphore_lets_as_many_in_as_its_config_map_says(lab: Laboratory, marks: Path) -> None:
    sized = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: sizes}\ndata: {two: '2'}\n---\n"
    spec = manifest(
        f"""
        entrypoint: main
        templates:
          - name: main
            steps: [[{{name: a, template: a, withSequence: {{count: 5}}}}]]
          - name: a
            synchronization: {{semaphores: [{{configMapKeyRef: {{name: sizes, key: two}}}}]}}
            container: {{image: i, command: [sh, -c, "echo in >> {marks}; sleep 0.2; echo out >> {marks}"]}}
        """,
        leaf=False,
    )
    lab.cores = 5
    view = lab.run(sized + spec)
    assert view.phase == "Succeeded"
    inside, most = 0, 0
    for line in lines(marks):
        inside += 1 if line == "in" else -1
        most = max(most, inside)
    assert (len(lines(marks)), most) == (10, 2)


def test_a_dead_holder_loses_its_mutex(lab: Laboratory, marks: Path) -> None:
    held = lab.submit(ALONE.format(marks=marks))
    holder = engine_process(lab, held)
    until(lambda: lines(marks) == ["in"])
    holder.kill()
    holder.wait()
    Path(f"{marks}.go").touch()
    other = lab.execute(lab.submit(ALONE.format(marks=marks)))
    assert other.phase == "Succeeded"
    assert lab.execute(held).phase == "Succeeded"


def test_a_journal_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_text("this is no database, and longer than its header would be" * 10)
    with pytest.raises(PipelineError, match=r"the journal .*journal\.db cannot be used: file is not a database"):
        engine.Journal(tmp_path / "journal.db")


def test_a_journal_of_another_version_is_left_alone(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "journal.db")
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(PipelineError, match="is of version 99, this engine writes version 3; move the file away"):
        engine.Journal(tmp_path / "journal.db")


def test_a_failed_run_says_what_failed_in_the_end(lab: Laboratory) -> None:
    view = lab.run(
        """
        entrypoint: main
        templates:
          - name: main
            dag:
              tasks:
                - {name: mended, template: fails-once}
                - {name: bad, template: fails, depends: mended}
          - name: fails-once
            retryStrategy: {limit: 1}
            container: {image: i, command: [sh, -c], args: ["echo early >&2; exit $((1 - {{retries}}))"]}
          - name: fails
            retryStrategy: {limit: 1}
            container: {image: i, command: [sh, -c], args: ["echo attempt {{retries}} >&2; exit 4"]}
        """
    )
    assert view.phase == "Failed"
    assert view.message == "bad(1): main: Error (exit code 4): attempt 1"
    assert engine.all_runs(lab.journal)[0].message == view.message


def test_a_journal_that_breaks_ends_the_processes_and_not_the_run(
    lab: Laboratory, marks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.patience = Patience(grace_seconds=0.2)
    run = lab.submit(LONG.format(marks=marks))
    record = lab.journal.record
    found = []

    def full(run_id: str, number: int, events: list[Any], started: Any = (), *, answered: int = 0) -> None:
        if lines(marks) == ["first", "long"]:
            found.extend(_group(lab.journal.processes(run)[0].pid))
            raise PipelineError("the journal is full")
        record(run_id, number, events, started, answered=answered)

    monkeypatch.setattr(lab.journal, "record", full)
    stop = threading.Event()
    errors = []

    def execute() -> None:
        try:
            lab.execute(run, stop)
        except PipelineError as error:
            errors.append(error)

    thread = threading.Thread(target=execute, daemon=True)
    thread.start()
    until(lambda: lines(marks) == ["first", "long"])
    engine.stop(lab.journal, run)
    thread.join(20)
    assert [str(error) for error in errors] == ["the journal is full"]
    assert found
    until(lambda: not any(start_time(pid) for pid in found))
    monkeypatch.setattr(lab.journal, "record", record)
    assert lab.execute(run).phase == "Failed"


def test_the_engine_needs_one_library() -> None:
    """So that importing it is quick, and that it could be had without the rest."""
    text = """
        import sys
        from importlib.metadata import packages_distributions
        before = set(sys.modules)
        import pipeline.engine
        loaded = {name.partition(".")[0].lstrip("_") for name in set(sys.modules) - before}
        print(*sorted(loaded & set(packages_distributions()) - {"pipeline", "steps"}))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(text)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["yaml"]
