"""What a sandbox shows of this machine, and that it begins although mounts of the machine come and go."""

import os
import shutil
from pathlib import Path

import pytest

from pipeline.engine.execution.runtimes import sandbox
from tests.engine.execution.test_runtimes import laboratory, running
from tests.engine.laboratory import Laboratory, container, log_of, until


@pytest.fixture
def lab(tmp_path: Path) -> Laboratory:
    return laboratory("sandbox", tmp_path)


def run(lab: Laboratory, script: str, **fields: str) -> str:
    view = lab.run(container(script, **fields))
    assert view.phase == "Succeeded", view.message
    return log_of(view)


def parameter(path: str) -> str:
    return f"{{parameters: [{{name: p, valueFrom: {{path: {path}}}}}]}}"


@pytest.mark.parametrize("path", ["/p", "/var/run/step/p", "/usr/bin/p", "/nosuch/deep/p", "/tmp/p", "/etc/p"])
def test_a_declared_path_may_be_anywhere(lab: Laboratory, path: str) -> None:
    view = lab.run(container(f"echo it > {path}; ls /usr/bin/env /etc/passwd /bin/sh", outputs=parameter(path)))
    assert view.nodes[0].outputs["parameters"] == {"p": "it"}, view.message
    assert log_of(view) == "/bin/sh\n/etc/passwd\n/usr/bin/env\n"
    assert not Path(path).exists()


def test_what_is_on_the_machine_is_still_beside_a_declared_path(lab: Laboratory) -> None:
    outputs = parameter("/etc/p, default: none")
    assert run(lab, "ls -A /etc | wc -l", outputs=outputs) == f"{len(list(Path('/etc').iterdir()))}\n"


def test_of_tmp_it_sees_its_own_and_what_a_parameter_names(lab: Laboratory, tmp_path: Path) -> None:
    named, other = tmp_path / "named", tmp_path / "other"
    for each in (named, other):
        each.write_text("seen", encoding="utf-8")
    spec = container("cat {{inputs.parameters.file}}; cat OTHER 2>/dev/null || echo no".replace("OTHER", str(other)))
    given = "arguments: {parameters: [{name: file}]}"
    spec = spec.replace("- name: only\n", "- name: only\n      inputs: {parameters: [{name: file}]}\n")
    view = lab.run(spec.replace("  entrypoint", f"  {given}\n  entrypoint"), file=str(named))
    assert log_of(view) == "seenno\n", view.message


def test_it_sees_no_state_and_no_processes_of_others(lab: Laboratory) -> None:
    script = f"ls {lab.home}/runs {lab.home}/journal.db 2>/dev/null | wc -l; ls -d /proc/[0-9]* | wc -l"
    state, processes = map(int, run(lab, script).split())
    assert (state, processes < 9) == (0, True)


def test_it_is_the_same_user(lab: Laboratory) -> None:
    assert run(lab, "id -u; id -g") == f"{os.getuid()}\n{os.getgid()}\n"


def test_what_has_left_its_session_is_ended_too(lab: Laboratory) -> None:
    token = f"left-{os.getpid()}"
    run(lab, f"setsid sh -c 'touch /tmp/p; sleep 1234; : {token}' >/dev/null 2>&1 & until test -e /tmp/p; do :; done")
    until(lambda: not running(token))


def test_it_begins_at_the_second_try_and_the_step_runs_once(
    lab: Laboratory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, real = tmp_path / "bin", shutil.which("bwrap")
    folder.mkdir()
    (folder / "bwrap").write_text(
        f'#!/bin/sh\n[ -e {tmp_path}/tried ] && exec {real} "$@"\ntouch {tmp_path}/tried; echo gone >&2; exit 1\n',
        encoding="utf-8",
    )
    (folder / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    assert run(lab, "echo once") == "once\n"
    (tmp_path / "tried").unlink()
    assert sandbox.missing.__wrapped__() == ""
    view = lab.run(container("echo once; exit 1"))
    assert (view.message, log_of(view)) == ("main: Error (exit code 1)", "once\n")
