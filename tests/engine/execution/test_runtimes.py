"""Where a step runs: what every place promises, asked of each of them. One that this machine has not is skipped."""

import os
import signal
import subprocess
import threading
from functools import cache
from pathlib import Path

import pytest

from pipeline.engine import Patience
from pipeline.engine.execution.runtimes import NAMES, missing
from pipeline.engine.execution.runtimes.container import tool
from pipeline.engine.processes import pids
from tests.engine.execution.test_volumes import TWO
from tests.engine.laboratory import HEADER, Laboratory, container, log_of, until

REAL = [name for name in NAMES if name != "process"]  # in which declared paths are really there


def laboratory(where: str, folder: Path) -> Laboratory:
    if problem := missing(where) or (no_image() if where == "container" else ""):
        pytest.skip(f"no {where} here: {problem}")
    return Laboratory(folder, where=where, patience=Patience(grace_seconds=10.0))


@pytest.fixture(params=NAMES)
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Laboratory:
    return laboratory(request.param, tmp_path)


@pytest.fixture(params=REAL)
def real(request: pytest.FixtureRequest, tmp_path: Path) -> Laboratory:
    return laboratory(request.param, tmp_path)


@cache
def no_image() -> str:
    """Why no container of the image runs here."""
    tried = subprocess.run(
        [tool(), "run", "--rm", "--pull=never", IMAGE, "true"], capture_output=True, text=True, check=False
    )
    return tried.stderr.strip()


def of_image(text: str) -> str:
    """A manifest whose image is one that the machine has, if it has any."""
    return text.replace("image: i\n", f"image: {IMAGE}\n")


IMAGE = os.environ.get("PIPELINE_TEST_IMAGE", "docker.io/library/debian:bookworm-slim")
GIVEN = "{artifacts: [{name: in, path: PATH/in.txt, raw: {data: given}}]}"
PUT_OUT = "{parameters: [{name: p, valueFrom: {path: PATH/p.txt}}], artifacts: [{name: a, path: PATH/deep/a}]}"


def through(lab: Laboratory, folder: str) -> None:
    """A file comes in and two go out, with paths in that folder that the command spells out."""
    text = container(
        f"cat {folder}/in.txt > {folder}/p.txt; mkdir -p {folder}/deep; echo made > {folder}/deep/a",
        inputs=GIVEN.replace("PATH", folder),
        outputs=PUT_OUT.replace("PATH", folder),
    )
    view = lab.run(of_image(text))
    assert view.phase == "Succeeded", view.message
    assert view.nodes[0].outputs["parameters"] == {"p": "given"}
    (stored,) = lab.home.glob("runs/*/*/files/**/deep/a")
    assert stored.read_text(encoding="utf-8") == "made\n"


def run(lab: Laboratory, script: str, **fields: str) -> str:
    """What a script prints that must succeed."""
    view = lab.run(of_image(container(script, **fields)))
    assert view.phase == "Succeeded", view.message
    return log_of(view)


@pytest.mark.parametrize("where", ["process", "sandbox"])
def test_a_volume_hides_no_file_of_this_machine_that_a_parameter_names(where: str, tmp_path: Path) -> None:
    machine, lab = tmp_path / "machine", laboratory(where, tmp_path / "lab")
    machine.mkdir()
    (machine / "named.txt").write_text("of the machine", encoding="utf-8")
    text = container(
        "cat {{inputs.parameters.file}}; echo step > MACHINE/own.txt; cat MACHINE/own.txt".replace(
            "MACHINE", str(machine)
        ),
        inputs=f"{{parameters: [{{name: file, value: {machine}/named.txt}}]}}",
    )
    text = text.replace(
        "        image: i\n", f"        image: i\n        volumeMounts: [{{name: w, mountPath: {machine}}}]\n"
    )
    view = lab.run(text.replace("  templates:\n", "  volumes: [{name: w, emptyDir: {}}]\n  templates:\n", 1))
    assert (view.phase, log_of(view)) == ("Succeeded", "of the machinestep\n"), view.message
    assert [each.name for each in machine.iterdir()] == ["named.txt"]


class TestContract:
    @pytest.mark.parametrize("folder", ["/tmp", "/work", "/tmp/in/it", "/opt/deep/er", "/var/lib/step"])
    def test_a_declared_path_that_is_spelled_out_is_the_steps_own(self, lab: Laboratory, folder: str) -> None:
        through(lab, folder)
        assert not Path(folder, "deep", "a").exists()

    def test_its_exit_code_is_its_own(self, lab: Laboratory) -> None:
        view = lab.run(of_image(container("echo why >&2; exit 7")))
        assert (view.phase, view.message) == ("Failed", "main: Error (exit code 7): why")

    def test_a_signal_that_ends_it_is_its_exit_code(self, lab: Laboratory) -> None:
        assert (
            "exit code 137" in lab.run(of_image(container("""sh -c "sh -c 'kill -9 \\$PPID'; :"; exit $?"""))).message
        )

    def test_it_has_a_home_and_a_folder_for_temporary_files(self, lab: Laboratory) -> None:
        assert run(lab, 'touch "$HOME/a" "$(mktemp)" && ls "$HOME"') == "a\n"
        assert run(lab, 'ls "$HOME"') == ""

    def test_of_the_callers_environment_it_gets_nothing(self, lab: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SECRET_OF_THE_CALLER", "x")
        assert "SECRET_OF_THE_CALLER" not in run(lab, "env")

    def test_variables_of_any_form_arrive(self, lab: Laboratory) -> None:
        lab.host.settings = {"s": {"LINES": "a\nb", "QUOTED": "'a' \"b\" $c #d", "EMPTY": ""}}
        text = of_image(container('printf "%s|" "$LINES" "$QUOTED" "$EMPTY" "$HASH"'))
        given = "envFrom: [{secretRef: {name: s}}]\n        env: [{name: HASH, value: '# $(EMPTY)x'}]"
        view = lab.run(text.replace("command: [sh, -c]", f"command: [sh, -c]\n        {given}"))
        assert log_of(view) == "a\nb|'a' \"b\" $c #d||# x|"

    def test_a_script_is_run_with_its_interpreter(self, lab: Laboratory) -> None:
        text = f"""{HEADER}spec:
  entrypoint: only
  templates:
    - name: only
      script: {{image: i, command: [sh, -e], source: "echo it is {{{{workflow.name}}}}; false; echo no"}}
"""
        view = lab.run(text.replace("image: i", f"image: {IMAGE}"))
        assert (view.phase, log_of(view)) == ("Failed", f"it is {view.id}\n")

    def test_volumes_are_shared_by_the_steps_of_a_run(self, lab: Laboratory) -> None:
        view = lab.run(of_image(VOLUME))
        assert view.phase == "Succeeded", view.message
        assert log_of(view, "[1].read") == "mine\n"
        kept = lab.home / "runs" / view.id / view.nodes["read"].id / "outputs" / "x"
        assert kept.read_text(encoding="utf-8") == "mine\nagain\n"

    def test_term_is_for_the_step_and_its_time_to_end(self, lab: Laboratory) -> None:
        fields = {"activeDeadlineSeconds": "2", "outputs": "{parameters: [{name: p, valueFrom: {path: /tmp/p}}]}"}
        view = lab.run(of_image(container("trap 'echo ended > /tmp/p; exit 3' TERM; sleep 60 & wait", **fields)))
        assert view.phase == "Failed"
        assert view.message == "Pod was active on the node longer than the specified deadline"
        assert view.nodes[0].outputs["parameters"] == {"p": "ended"}

    def test_what_it_leaves_running_is_ended(self, lab: Laboratory) -> None:
        token = f"leftover-{os.getpid()}"
        run(lab, f"sh -c 'sleep 1234; : {token}' >/dev/null 2>&1 & echo started")
        until(lambda: not running(token))

    def test_a_stop_ends_all_of_it(self, lab: Laboratory) -> None:
        token, stop = f"stopped-{os.getpid()}", threading.Event()
        lab.patience = Patience(grace_seconds=0.5)
        submitted = lab.submit(of_image(container(f"trap '' TERM; while sleep 0.1; do : {token}; done")))
        thread = threading.Thread(target=lab.execute, args=(submitted, stop))
        thread.start()
        until(lambda: running(token))
        stop.set()
        thread.join(60)
        assert not running(token)

    def test_what_a_killed_engine_leaves_is_ended_when_the_run_is_resumed(self, lab: Laboratory) -> None:
        token = f"orphan-{os.getpid()}"
        text = of_image(
            container(f"test -e /shared/first && exit; touch /shared/first; while sleep 0.1; do : {token}; done")
        )
        text = text.replace(
            "command: [sh, -c]", "command: [sh, -c]\n        volumeMounts: [{name: v, mountPath: /shared}]"
        )
        submitted = lab.submit(
            text.replace("  entrypoint", "  volumes: [{name: v, persistentVolumeClaim: {claimName: c}}]\n  entrypoint")
        )
        engine = os.fork()
        if engine == 0:
            try:
                Laboratory(lab.folder, where=lab.where).execute(submitted)
            finally:
                os._exit(0)
        until(lambda: (lab.home / "volumes" / "c" / "first").exists() and running(token))
        os.kill(engine, signal.SIGKILL)
        os.waitpid(engine, 0)
        assert running(token)
        view = lab.execute(submitted)
        assert view.phase == "Succeeded", view.message
        assert not running(token)


class TestWhereDeclaredPathsAreReal:
    @pytest.mark.parametrize("folder", ["/tmp", "/work", "/opt/deep/er"])
    def test_a_step_may_put_a_declared_path_together(self, real: Laboratory, folder: str) -> None:
        outputs = f"{{artifacts: [{{name: a, path: {folder}/a1}}, {{name: b, path: {folder}/a2}}]}}"
        view = real.run(
            of_image(container(f"mkdir -p {folder}; for i in 1 2; do echo $i > {folder}/a$i; done", outputs=outputs))
        )
        assert view.phase == "Succeeded", view.message

    def test_an_output_may_be_replaced_as_a_whole(self, real: Laboratory) -> None:
        outputs = "{parameters: [{name: p, valueFrom: {path: /tmp/p}}]}"
        view = real.run(of_image(container("echo new > /tmp/.p; mv /tmp/.p /tmp/p", outputs=outputs)))
        assert view.nodes[0].outputs["parameters"] == {"p": "new"}

    def test_a_secret_is_where_it_is_mounted_and_nowhere_afterwards(self, real: Laboratory) -> None:
        real.host.settings = {"s": {"key": "hidden"}}
        text = of_image(container("cat /etc/secret/key; ls /etc/hostname; echo x > /etc/secret/key || echo no"))
        mounts = "volumeMounts: [{name: v, mountPath: /etc/secret}]"
        text = text.replace("command: [sh, -c]", f"command: [sh, -c]\n        {mounts}")
        view = real.run(text.replace("  entrypoint", "  volumes: [{name: v, secret: {secretName: s}}]\n  entrypoint"))
        assert log_of(view) == "hidden/etc/hostname\nno\n"
        places = [each for each in (real.home / "runs").rglob("*") if each.is_file()]
        assert not [
            each
            for each in places
            if each.name not in ("stdout.log", "settings.json") and b"hidden" in each.read_bytes()
        ]

    def test_nothing_is_written_to_the_machine(self, real: Laboratory, tmp_path: Path) -> None:
        (tmp_path / "mine").touch()
        places = ["/", "/usr", "/etc", "/var", "/root", "/tmp", str(tmp_path), str(Path.cwd())]
        run(real, f"for each in {' '.join(places)}; do touch $each/written; done; true")
        assert not [each for each in places if Path(each, "written").exists()]
        assert not list((real.home / "runs").rglob("written"))

    def test_its_working_folder_is_the_one_that_it_declares(self, real: Laboratory) -> None:
        text = of_image(container("pwd; touch here"))
        view = real.run(text.replace("command: [sh, -c]", "command: [sh, -c]\n        workingDir: /usr/src"))
        assert log_of(view) == "/usr/src\n"
        assert not Path("/usr/src/here").exists()


CLAIM = "volumeClaimTemplates: [{metadata: {name: v}, spec: {}}]"
VOLUME = TWO.replace("VOLUMES", CLAIM).replace(", optional: true", "")


def running(token: str) -> list[int]:
    """The processes whose command line has the token."""
    found = []
    for pid in pids():
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if token.encode() in line and pid != os.getpid():
            found.append(pid)
    return found
