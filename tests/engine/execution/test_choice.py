"""Which step runs where, if nobody says it: in the least that does what its manifest needs."""

from collections.abc import Callable

import pytest

from pipeline import engine
from pipeline.engine.execution.runtimes import Runtimes
from pipeline.engine.execution.runtimes import container as containers
from pipeline.engine.execution.runtimes import sandbox as sandboxes
from pipeline.errors import Refused, UserError
from tests import ROOT
from tests.engine.laboratory import HEADER, Laboratory, container

Has = Callable[..., None]


@pytest.fixture
def machine_has(monkeypatch: pytest.MonkeyPatch) -> Has:
    """Says which runtimes there are, beside plain processes."""

    def there(*names: str) -> None:
        monkeypatch.setattr(sandboxes, "missing", lambda: "" if "sandbox" in names else "get bubblewrap")
        monkeypatch.setattr(containers, "missing", lambda: "" if "container" in names else "get podman")
        monkeypatch.setattr(containers, "tool", lambda: "/usr/bin/podman")

    return there


OUT = "{artifacts: [{name: a, path: /tmp/a}]}"
VOLUME = "volumes: [{name: v, %s}]"
MOUNT = "volumeMounts: [{name: v, mountPath: /data}]"


def of_image(fields: str) -> str:
    return f"{HEADER}spec:\n  entrypoint: only\n  templates: [{{name: only, container: {{{fields}}}}}]\n"


def mounted(volume: str) -> str:
    text = container("program").replace("command: [sh, -c]", f"command: [sh, -c]\n        {MOUNT}")
    return text.replace("  entrypoint", f"  {VOLUME % volume}\n  entrypoint")


def where(lab: Laboratory, text: str) -> str:
    """In which a step runs, and what is said of it."""
    return engine.where_it_runs(lab.load(text), "w").partition(" (")[0]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (container("echo hi"), ""),
        (container("echo hi > {{outputs.artifacts.a.path}}", outputs=OUT), ""),
        (container("echo hi > /tmp/a", outputs=OUT), "in a sandbox"),
        (container("program that knows", outputs=OUT), "in a sandbox"),
        (container("for i in a b; do echo > /tmp/$i; done", outputs=OUT), "in a sandbox"),
        (mounted("emptyDir: {}"), ""),
        (mounted("secret: {secretName: s}"), "in a sandbox"),
        (mounted("persistentVolumeClaim: {claimName: c}"), "in a sandbox"),
        (of_image("image: 'ghcr.io/me/tool:1', args: [a]"), "in a container"),
        (of_image("image: 'ghcr.io/me/tool:1', command: [nosuch-command]"), "in a container"),
        (of_image("image: 'python:3.12', args: [python3]"), ""),
    ],
)
def test_the_least_that_it_needs(lab: Laboratory, machine_has: Has, text: str, wanted: str) -> None:
    machine_has("sandbox", "container")
    assert where(lab, text) == wanted


def test_without_a_sandbox_a_path_that_is_spelled_out_is_put_in_its_place(lab: Laboratory, machine_has: Has) -> None:
    machine_has()
    text = container("echo hi > /tmp/a; cat /tmp/a", outputs=OUT)
    assert where(lab, text) == ""
    lab.where = ""
    assert lab.run(text).phase == "Succeeded"


TOGETHER = container("for i in 1 2; do echo > /work/a$i; done", outputs="{artifacts: [{name: a, path: /work/a}]}")


def test_without_a_sandbox_one_that_is_put_together_needs_a_container(lab: Laboratory, machine_has: Has) -> None:
    machine_has("container")
    assert where(lab, TOGETHER) == "in a container"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TOGETHER, "puts a path together from /work/a, .* or run it in a sandbox: get bubblewrap"),
        (
            of_image("image: 'ghcr.io/me/tool:1'"),
            "say it with --image .*=COMMAND, or run it in a container: get podman",
        ),
        (of_image("image: i, command: [nosuch-command]"), "install it, or run it in a container: get podman"),
    ],
)
def test_what_no_place_here_can_run_is_refused_with_what_to_install(
    lab: Laboratory, machine_has: Has, text: str, said: str
) -> None:
    machine_has()
    with pytest.raises(Refused, match=said):
        engine.check_ready(lab.load(text), "w", lab.host, {})


def test_a_step_that_would_miss_its_paths_is_not_started(lab: Laboratory) -> None:
    assert "puts a path together from /work/a" in lab.run(TOGETHER).message


def test_a_place_that_is_not_here(lab: Laboratory, machine_has: Has) -> None:
    machine_has()
    with pytest.raises(UserError, match="no step can run in a sandbox here: get bubblewrap"):
        engine.check_ready(lab.load(container("true")), "w", lab.host, {}, "sandbox")
    with pytest.raises(UserError, match="in a process, a sandbox, a container, not in 'boat'"):
        Runtimes("boat")


DAEMON = f"""{HEADER}spec:
  entrypoint: main
  templates:
    - name: main
      steps: [[{{name: s, template: only}}]]
    - name: only
      daemon: true
      outputs: {OUT}
      container: {{image: i, command: [cat, /tmp/a], readinessProbe: {{exec: {{command: [test, -f, /tmp/a]}}}}}}
"""


SIDECAR = "[{name: s, image: i, command: [%s]}]"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (container("true", sidecars=SIDECAR % "sleep, '9'"), ""),
        (container("cat /tmp/a", sidecars=SIDECAR % "sleep, '9'", outputs=OUT), "in a sandbox"),
        (container("true", initContainers=SIDECAR % "nosuch-command"), "in a container"),
        (container("true", sidecars="[{name: s, image: 'ghcr.io/me/tool:1'}]"), "in a container"),
    ],
)
def test_a_pod_runs_in_the_least_that_each_of_its_containers_needs(
    lab: Laboratory, machine_has: Has, text: str, wanted: str
) -> None:
    machine_has("sandbox", "container")
    assert where(lab, text) == wanted


def test_what_runs_as_plain_processes_is_refused_anywhere_else(lab: Laboratory, machine_has: Has) -> None:
    machine_has("sandbox", "container")
    assert where(lab, DAEMON) == ""
    for name in ("sandbox", "container"):
        what = rf"\[only\] is a daemon with a readinessProbe by exec.* plain processes only; leave out --in {name}$"
        with pytest.raises(Refused, match=what):
            engine.check_ready(lab.load(DAEMON), "w", lab.host, {}, name)
    engine.check_ready(lab.load(DAEMON), "w", lab.host, {}, "process")


def test_what_cannot_run_in_a_container_is_not_told_to(lab: Laboratory, machine_has: Has) -> None:
    machine_has("sandbox", "container")
    text = DAEMON.replace("[cat, /tmp/a]", "[nosuch-command]")
    with pytest.raises(Refused, match=r"\[only\].container.command is 'nosuch-command'.*; install it$"):
        engine.check_ready(lab.load(text), "w", lab.host, {})


def test_where_a_run_was_to_run_it_is_resumed(lab: Laboratory, machine_has: Has) -> None:
    lab.where = "sandbox"
    run = lab.submit(container("true"))
    machine_has()
    with pytest.raises(UserError, match="no step can run in a sandbox here"):
        lab.execute(run)


def test_our_own_manifests_run_as_plain_processes(machine_has: Has) -> None:
    machine_has("sandbox", "container")
    for folder in (ROOT / "manifests").iterdir():
        manifests = engine.load(folder)
        for name in manifests.workflows:
            assert engine.where_it_runs(manifests, name) == "", name
