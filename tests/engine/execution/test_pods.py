"""Pods of several containers as real processes: what they share, what each has of its own, and that all are gone in
the end. What becomes of their nodes is in tests/oracle/cases: container-sets, sidecars, init-containers."""

import threading
from pathlib import Path

import pytest

from pipeline import engine
from pipeline.engine import Patience
from pipeline.engine.processes import start_time
from pipeline.errors import PipelineError
from tests.engine.laboratory import Laboratory, log_of, until

SET = """
entrypoint: main
templates:
  - name: main
    containerSet:
      containers:
        - {name: a, image: i, command: [sh, -c, A]}
        - {name: main, image: i, command: [sh, -c, MAIN], dependencies: [a]}
"""
SIDE = """
entrypoint: main
templates:
  - name: main
    volumes: [{name: v, emptyDir: {}}]
    container: {image: i, command: [sh, -c, MAIN], volumeMounts: [{name: v, mountPath: /v}]}
    sidecars: [{name: side, image: i, command: [sh, -c, A], mirrorVolumeMounts: true}]
"""


def spec(text: str, main: str, other: str = "true") -> str:
    return text.replace("MAIN", repr(main)).replace("A]", repr(other) + "]")


def pids(folder: Path) -> list[int]:
    return [int(file.read_text(encoding="utf-8")) for file in folder.glob("*.pid") if file.stat().st_size]


def test_each_container_has_logs_a_home_and_files_of_its_own(lab: Laboratory) -> None:
    view = lab.run(spec(SET, "echo main; ls; ls $HOME", "echo a; touch here $HOME/there"))
    assert (view.phase, log_of(view, ""), log_of(view, ".a")) == ("Succeeded", "main\n", "a\n")


def test_what_only_its_processes_needed_is_gone(lab: Laboratory) -> None:
    lab.host.settings["s"] = {"k": "hidden"}
    secret = "env: [{name: K, valueFrom: {secretKeyRef: {name: s, key: k}}}]"
    text = spec(SET, "echo $K | wc -c").replace("dependencies", f"{secret}, dependencies")
    view = lab.run(text)
    assert (view.phase, log_of(view).strip()) == ("Succeeded", "7")
    left = [path for path in (lab.home / "runs").rglob("*") if path.is_file() and "hidden" in path.read_text("utf-8")]
    assert left == [] and not list((lab.home / "runs").rglob("secrets"))


@pytest.mark.parametrize("ignores", ["", "trap '' TERM; "])
def test_a_stopped_pod_leaves_no_process(lab: Laboratory, tmp_path: Path, ignores: str) -> None:
    lab.patience = Patience(grace_seconds=0.3)
    long = f"{ignores}echo $$$$ > {tmp_path}/NAME.pid; sleep 60 & wait; sleep 60"
    text = spec(SIDE, long.replace("NAME", "main"), long.replace("NAME", "side"))
    stop, run = threading.Event(), lab.submit(text)
    thread = threading.Thread(target=lab.execute, args=(run, stop))
    thread.start()
    until(lambda: len(pids(tmp_path)) == 2)
    stop.set()
    thread.join()
    until(lambda: [start_time(pid) for pid in pids(tmp_path)] == [None, None], 5.0)


def test_a_sidecar_that_does_not_end_is_killed(lab: Laboratory, tmp_path: Path) -> None:
    lab.patience = Patience(grace_seconds=0.3)
    deaf = f"trap '' TERM; echo $$$$ > {tmp_path}/side.pid; touch /v/x; while true; do sleep 1; done"
    view = lab.run(spec(SIDE, "until test -e /v/x; do sleep 0.01; done", deaf))
    assert view.phase == "Succeeded"
    until(lambda: [start_time(pid) for pid in pids(tmp_path)] == [None], 5.0)


def test_one_that_runs_too_long_ends_with_its_sidecars(lab: Laboratory, tmp_path: Path) -> None:
    text = spec(SIDE, "sleep 60", f"echo $$$$ > {tmp_path}/side.pid; exec sleep 60")
    view = lab.run(text.replace("  - name: main\n", "  - name: main\n    activeDeadlineSeconds: 1\n"))
    assert view.phase == "Failed" and "longer than the specified deadline" in view.message
    until(lambda: [start_time(pid) for pid in pids(tmp_path)] == [None], 5.0)


def test_a_command_that_is_not_there(lab: Laboratory) -> None:
    path = "env: [{name: PATH, value: /bin:/usr/bin}]"  # so that it is not found missing before the start
    text = spec(SIDE, "true").replace("[sh, -c, 'true'], mirror", f"[no-such], {path}, mirror")
    assert "there is no command no-such here" in lab.run(text).message


def test_one_that_is_cut_off_begins_anew(lab: Laboratory, tmp_path: Path) -> None:
    go = tmp_path / "go"
    text = spec(SET, "echo main", f"echo a; touch {tmp_path}/begun; until test -e {go}; do sleep 0.01; done")
    stop, run = threading.Event(), lab.submit(text)
    thread = threading.Thread(target=lab.execute, args=(run, stop))
    thread.start()
    until((tmp_path / "begun").exists)
    stop.set()
    thread.join()
    go.touch()
    view = lab.execute(run)
    assert {node.display_name: node.phase for node in view.nodes} == dict.fromkeys((run, "a", "main"), "Succeeded")
    assert log_of(view, ".a") == "a\n"


def test_an_empty_folder_is_shared_and_nothing_else(lab: Laboratory) -> None:
    text = spec(SET, "cat /work/x; ls /other", "echo shared > /work/x; echo own > /other/x")
    text = text.replace("    containerSet:\n", "    volumes: [{name: w, emptyDir: {}}, {name: o, emptyDir: {}}]\n"
                        "    containerSet:\n      volumeMounts: [{name: w, mountPath: /work}]\n")  # fmt: skip
    view = lab.run(
        text.replace("{name: a, image: i,", "{name: a, image: i, volumeMounts: [{name: o, mountPath: /other}],")
    )
    assert log_of(view) == "shared\n" and view.phase == "Failed", "main has not mounted the other one"
    assert not Path("/other").exists()


def test_any_of_them_may_write_what_main_puts_out_in_a_folder_that_they_share(lab: Laboratory) -> None:
    text = spec(SET, "true", "echo made > {{outputs.artifacts.o.path}}").replace(
        "    containerSet:\n",
        "    outputs: {artifacts: [{name: o, path: /work/o}]}\n    volumes: [{name: w, emptyDir: {}}]\n"
        "    containerSet:\n      volumeMounts: [{name: w, mountPath: /work}]\n",
    )
    view = lab.run(text)
    assert view.phase == "Succeeded", view.message
    assert not Path("/work/o").exists()


def test_a_function_may_stand_in_for_it(lab: Laboratory) -> None:
    file = lab.load(spec(SET, "false", "false")).named("w").source
    found = engine.run(file, replace={"main": lambda _: "x"})
    assert {node.phase for node in found.nodes} == {"Succeeded"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("dependencies: [a]", "dependencies: [b]", "[main] depends on b, which is none of a, main"),
        ("name: a,", "name: a, dependencies: [main],", "depend on each other in a circle: a → main → a"),
        ("name: a,", "name: main,", "containerSet.containers has two named main"),
        ("name: main, image", "name: b, image", "has none that is named main, of which inputs and outputs are"),
        ("      containers", "      retryStrategy: {retries: 0}\n      containers", "retries is '0'; wanted a whole"),
        (
            "    containerSet",
            "    sidecars: [{name: a, image: i, command: [x]}]\n    containerSet",
            "two containers named a",
        ),
        (
            "    containerSet",
            "    sidecars: [{name: wait, image: i, command: [x]}]\n    containerSet",
            "are Argo's own",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(lab: Laboratory, old: str, new: str, message: str) -> None:
    outputs = "    outputs: {parameters: [{name: o, valueFrom: {path: /tmp/o}}]}\n"
    with pytest.raises(PipelineError) as refused:
        lab.load(spec(SET, "true").replace(old, new) + outputs)
    assert message in str(refused.value)
