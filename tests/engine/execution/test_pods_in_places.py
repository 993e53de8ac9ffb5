"""Pods of several containers in every place: declared paths, what they share, how they end. What becomes of their nodes
is the same everywhere, and in tests/oracle/cases."""

import os
import threading
from pathlib import Path

import pytest

from pipeline.engine import Patience
from pipeline.engine.execution.runtimes import NAMES
from tests.engine.execution.test_runtimes import IMAGE, laboratory, running
from tests.engine.laboratory import HEADER, Laboratory, log_of, until

POD = f"""{HEADER}spec:
  entrypoint: pod
  templates:
    - name: pod
      inputs: {{artifacts: [{{name: in, path: /tmp/in, raw: {{data: given}}}}]}}
      outputs:
        artifacts: [{{name: out, path: /tmp/deep/out}}]
        parameters: [{{name: p, valueFrom: {{path: /tmp/p}}}}]
      volumes: [{{name: shared, emptyDir: {{}}}}]
      initContainers:
        - {{name: first, image: IMAGE, command: [sh, -c, FIRST], volumeMounts: [{{name: shared, mountPath: /shared}}]}}
      container: {{image: IMAGE, command: [sh, -c, MAIN], volumeMounts: [{{name: shared, mountPath: /shared}}]}}
      sidecars: [{{name: side, image: IMAGE, command: [sh, -c, SIDE], mirrorVolumeMounts: true}}]
""".replace("IMAGE", f"'{IMAGE}'")
SET = f"""{HEADER}spec:
  entrypoint: set
  templates:
    - name: set
      outputs: {{parameters: [{{name: p, valueFrom: {{path: /work/p}}}}]}}
      volumes: [{{name: work, emptyDir: {{}}}}]
      containerSet:
        volumeMounts: [{{name: work, mountPath: /work}}]
        retryStrategy: {{retries: 2}}
        containers:
          - {{name: a, image: IMAGE, command: [sh, -c, "test -e /work/tried || {{ touch /work/tried; exit 3; }}"]}}
          - {{name: main, image: IMAGE, command: [sh, -c, "echo made > /work/p"], dependencies: [a]}}
""".replace("IMAGE", f"'{IMAGE}'")
AWAIT = "until test -e /shared/over; do sleep 0.02; done; cat /shared/first /tmp/in > /tmp/p; mkdir -p /tmp/deep; "


@pytest.fixture(params=NAMES)
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Laboratory:
    return laboratory(request.param, tmp_path)


def pod(main: str, *, side: str = "true", first: str = "true") -> str:
    words = {"FIRST": first, "MAIN": main, "SIDE": side}
    text = POD
    for name, value in words.items():
        text = text.replace(name, '"' + value.replace('"', '\\"') + '"')
    return text


def test_they_share_a_volume_and_main_has_the_declared_paths(lab: Laboratory) -> None:
    beside = "echo started; trap 'echo told; exit 0' TERM; touch /shared/over; while sleep 0.05; do :; done"
    view = lab.run(pod(f"{AWAIT}echo it > /tmp/deep/out", side=beside, first="echo hi > /shared/first"))
    assert view.phase == "Succeeded", view.message
    assert view.nodes[0].outputs["parameters"] == {"p": "hi\ngiven"}
    assert log_of(view, "", "containers/side/stdout") == "started\ntold\n"
    assert not list(Path("/tmp").glob("deep*"))


def test_each_has_files_of_its_own(lab: Laboratory) -> None:
    look = "echo x > $HOME/own; touch /shared/over; ls $HOME"
    view = lab.run(pod(f"{AWAIT}ls $HOME; exit 4", side=look, first="echo hi > /shared/first"))
    assert (view.phase, view.message.partition(":")[0]) == ("Failed", "main")
    assert log_of(view) == ""
    assert log_of(view, "", "containers/side/stdout") == "own\n"


def test_what_fails_before_main_is_told(lab: Laboratory) -> None:
    view = lab.run(pod("echo never", first="echo why >&2; exit 5"))
    assert (view.phase, view.message) == ("Failed", "first: Error (exit code 5): why")


def test_a_set_runs_in_its_order_and_tries_again(lab: Laboratory) -> None:
    view = lab.run(SET)
    assert view.phase == "Succeeded", view.message
    assert view.nodes[0].outputs["parameters"] == {"p": "made"}
    assert {node.display_name: node.phase for node in view.nodes if node.type == "Container"} == dict.fromkeys(
        ("a", "main"), "Succeeded"
    )


@pytest.mark.parametrize("deaf", ["", "trap '' TERM; "])
def test_a_stop_ends_all_of_them(lab: Laboratory, deaf: str) -> None:
    token, stop = f"pod-{os.getpid()}", threading.Event()
    lab.patience = Patience(grace_seconds=0.5)
    long = f"{deaf}while sleep 0.1; do : {token}-NAME; done"
    run = lab.submit(pod(long.replace("NAME", "main"), side=long.replace("NAME", "side")))
    thread = threading.Thread(target=lab.execute, args=(run, stop))
    thread.start()
    until(lambda: running(f"{token}-main") and running(f"{token}-side"))
    stop.set()
    thread.join(60)
    until(lambda: not running(token), 10.0)


def test_a_sidecar_that_hears_nothing_is_killed(lab: Laboratory) -> None:
    token = f"deaf-{os.getpid()}"
    lab.patience = Patience(grace_seconds=0.5)
    beside = f"trap '' TERM; touch /shared/over; while sleep 0.1; do : {token}; done"
    view = lab.run(pod(f"{AWAIT}echo it > /tmp/deep/out", side=beside, first="echo hi > /shared/first"))
    assert view.phase == "Succeeded", view.message
    until(lambda: not running(token), 10.0)
