"""Real processes: what a step finds, what it leaves, and what a user is told when it cannot run or ends badly."""

import json
import os
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pipeline.engine import Patience, places
from pipeline.engine.execution.process import Child
from pipeline.engine.log_times import LogTimes
from pipeline.engine.processes import start_time
from tests.engine.laboratory import Laboratory, container, log_of, until

PASS_ON = """
entrypoint: main
arguments: {parameters: [{name: who, value: world}]}
templates:
  - name: main
    dag:
      tasks:
        - {name: give, template: give}
        - name: take
          depends: give
          template: take
          arguments:
            parameters:
              - {name: greeting, value: "{{tasks.give.outputs.parameters.greeting}}"}
              - {name: printed, value: "{{tasks.give.outputs.result}}"}
            artifacts:
              - {name: file, from: "{{tasks.give.outputs.artifacts.file}}"}
              - {name: folder, from: "{{tasks.give.outputs.artifacts.folder}}"}
              - {name: text, raw: {data: "for {{workflow.parameters.who}}"}}
  - name: give
    outputs:
      parameters:
        - {name: greeting, valueFrom: {path: /work/greeting}}
        - {name: missing, valueFrom: {path: /work/missing, default: none}}
      artifacts:
        - {name: file, path: /work/deep/file}
        - {name: folder, path: /work/folder}
        - {name: perhaps, path: /work/perhaps, optional: true}
    container:
      image: i
      command: [sh, -c]
      args:
        - |
          echo "hello {{workflow.parameters.who}}" > {{outputs.parameters.greeting.path}}
          echo content > {{outputs.artifacts.file.path}}
          mkdir {{outputs.artifacts.folder.path}}
          echo inside > {{outputs.artifacts.folder.path}}/a
          echo printed
  - name: take
    inputs:
      parameters: [{name: greeting}, {name: printed}]
      artifacts:
        - {name: file, path: /work/in/file}
        - {name: folder, path: /work/in/folder}
        - {name: text, path: /work/in/text, mode: 0640}
        - {name: perhaps, path: /work/in/perhaps, optional: true}
    container:
      image: i
      command: [sh, -c]
      args:
        - |
          echo "{{inputs.parameters.greeting}}, {{inputs.parameters.printed}}"
          cat {{inputs.artifacts.file.path}} {{inputs.artifacts.folder.path}}/a {{inputs.artifacts.text.path}}
          test ! -e {{inputs.artifacts.perhaps.path}}
"""


def test_parameters_files_and_folders_go_from_step_to_step(lab: Laboratory) -> None:
    view = lab.run(PASS_ON, who="you")
    assert view.phase == "Succeeded", view.message
    assert log_of(view, ".take") == "hello you, printed\ncontent\ninside\nfor you"
    give = view.nodes[1]
    assert give.outputs["parameters"] == {"greeting": "hello you", "missing": "none"}
    assert give.outputs["result"] == "printed"
    assert set(give.outputs["artifacts"]) == {"file", "folder"}
    assert json.loads(json.dumps(give.outputs)) == give.outputs
    assert view.nodes[2].inputs["parameters"]["greeting"] == "hello you"


def test_a_step_finds_its_own_environment_and_nothing_of_the_callers(
    lab: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_CALLER", "x")
    lab.host.settings = {"store": {"KEY": "k", "SHARED": "first"}, "more": {"A": "a", "SHARED": "second"}}
    view = lab.run(
        """
        entrypoint: only
        templates:
          - name: only
            container:
              image: i
              command: [env]
              envFrom:
                - secretRef: {name: store}
                - {prefix: MY_, configMapRef: {name: more}}
                - configMapRef: {name: more}
              env:
                - {name: PLAIN, value: v}
                - {name: PUT_TOGETHER, value: "$(PLAIN)-$(KEY)-$$(PLAIN)-$(NOSUCH)"}
                - {name: PICKED, valueFrom: {secretKeyRef: {name: store, key: KEY}}}
                - {name: OPTIONAL, valueFrom: {secretKeyRef: {name: store, key: NOSUCH, optional: true}}}
        """
    )
    assert view.phase == "Succeeded", view.message
    found = dict(line.split("=", 1) for line in log_of(view).splitlines())
    for name in ("PWD", "SHLVL", "_", "OLDPWD"):
        found.pop(name, None)
    folder = view.nodes[0].log
    assert folder is not None
    assert found.pop("PATH").endswith(os.environ["PATH"])
    assert found.pop("HOME") == f"{folder}/home"
    assert found.pop("TMPDIR") == f"{folder}/tmp"
    assert found.pop("OMP_NUM_THREADS") == "1"
    found.pop("LANG"), found.pop("VIRTUAL_ENV", None), found.pop("PYTHONPATH", None)
    assert found == {
        "KEY": "k", "SHARED": "second", "A": "a", "MY_A": "a", "MY_SHARED": "second", "PLAIN": "v",
        "PUT_TOGETHER": "v-k-$(PLAIN)-$(NOSUCH)", "PICKED": "k",
    }  # fmt: skip
    assert not (folder / "home").exists(), "what was only for the process is gone"


def test_settings_that_are_not_there(lab: Laboratory) -> None:
    view = lab.run(
        "entrypoint: only\ntemplates:\n  - name: only\n    container:\n"
        "      {image: i, command: [env], envFrom: [{secretRef: {name: nosuch}}]}\n"
    )
    assert (view.phase, view.message) == ("Error", "no secret is named nosuch here; there are none")


def test_a_command_goes_to_the_host(lab: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def start(command: Sequence[str], **where: Any) -> Child:
        asked.append(list(command))
        return Child(["true"], **where)

    monkeypatch.setattr(lab.host, "start", start)
    spec = """
    entrypoint: only
    templates:
      - name: only
        container: {image: i, command: [python, -m, steps.plan], args: [--from, "2020-01-01", "$(HOME)x"]}
    """
    view = lab.run(spec)
    assert view.phase == "Succeeded", view.message
    assert asked == [["python", "-m", "steps.plan", "--from", "2020-01-01", f"{view.nodes[0].log}/homex"]]


@pytest.mark.parametrize(
    ("text", "phase", "message"),
    [
        ("exit 3", "Failed", "main: Error (exit code 3)"),
        ("echo 'error: no such day' >&2; exit 2", "Failed", "main: Error (exit code 2): error: no such day"),
        ("echo one >&2; printf 'two\\n\\n' >&2; exit 1", "Failed", "main: Error (exit code 1): two"),
        ("kill -9 $$$$", "Failed", "main: Error (exit code 137)"),
        ("kill -TERM $$$$", "Failed", "main: Error (exit code 143)"),
    ],
)
def test_a_step_that_fails_says_how(lab: Laboratory, text: str, phase: str, message: str) -> None:
    view = lab.script(text)
    assert (view.phase, view.nodes[0].phase, view.nodes[0].message) == (phase, phase, message)
    assert view.nodes[0].outputs["exitCode"] == message.split("exit code ")[1].split(")", maxsplit=1)[0]


def test_a_failed_step_still_has_the_outputs_it_wrote(lab: Laboratory) -> None:
    view = lab.script(
        "echo report > {{outputs.artifacts.page.path}}; exit 3", outputs="{artifacts: [{name: page, path: /work/page}]}"
    )
    assert view.phase == "Failed"
    assert Path(view.nodes[0].outputs["artifacts"]["page"]).read_text(encoding="utf-8") == "report\n"


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ("{artifacts: [{name: o, path: /work/o}]}", "output artifact 'o': the step wrote nothing at /work/o"),
        (
            "{parameters: [{name: o, valueFrom: {path: /work/o}}]}",
            "output parameter 'o': the step wrote no file at /work/o",
        ),
    ],
)
def test_a_missing_output_is_an_error(lab: Laboratory, outputs: str, message: str) -> None:
    view = lab.script("true", outputs=outputs)
    assert (view.phase, view.message) == ("Error", message)


@pytest.mark.parametrize(("size", "phase"), [(256 * 1024, "Succeeded"), (256 * 1024 + 1, "Error")])
def test_a_parameter_has_at_most_256_kb(lab: Laboratory, size: int, phase: str) -> None:
    view = lab.script(
        f"head -c {size} /dev/zero | tr '\\0' x > {{{{outputs.parameters.o.path}}}}; "
        "echo >> {{outputs.parameters.o.path}}",
        outputs="{parameters: [{name: o, valueFrom: {path: /work/o}}]}",
    )
    assert view.phase == phase
    if phase == "Error":
        assert view.message == "output parameter 'o' is larger than 256 KB; put it out as an artifact"
    else:
        assert len(view.nodes[0].outputs["parameters"]["o"]) == size


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("nosuchcommand", "main: Error (exit code 64): there is no command nosuchcommand here, or it may not be run"),
        ("/etc/passwd", "main: Error (exit code 64): there is no command /etc/passwd here, or it may not be run"),
    ],
)
def test_a_command_that_cannot_be_run(lab: Laboratory, command: str, message: str) -> None:
    view = lab.run(f"entrypoint: only\ntemplates:\n  - {{name: only, container: {{image: i, command: [{command}]}}}}\n")
    assert (view.phase, view.message) == ("Failed", message)


def test_a_host_that_breaks_breaks_the_node_and_not_the_engine(
    lab: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("surprise")

    monkeypatch.setattr(lab.host, "start", broken)
    spec = "entrypoint: only\ntemplates:\n  - {name: only, container: {image: i, command: [python, -m, steps.plan]}}\n"
    view = lab.run(spec)
    assert (view.phase, view.message) == ("Error", "KeyError: 'surprise'")


def test_a_full_disk_is_one_clear_line(lab: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fake: a small disk needs root to make. What a real one raises is raised where the first byte is written."""

    def full(self: places.Place) -> None:
        raise OSError(28, "No space left on device", str(self.folder))

    monkeypatch.setattr(places.Place, "prepare", full)
    view = lab.script("true")
    assert view.phase == "Error"
    assert view.message.startswith("No space left on device: ")


def test_a_deadline_ends_the_whole_group(lab: Laboratory) -> None:
    lab.patience = Patience(grace_seconds=0.3)
    view = lab.script("trap '' TERM; sleep 1000 & echo $!; sleep 1000; wait", activeDeadlineSeconds="1")
    assert view.phase == "Failed"
    assert view.message == "Pod was active on the node longer than the specified deadline"
    pid = int(log_of(view))
    until(lambda: start_time(pid) is None)


def test_what_a_step_leaves_in_its_group_ends_with_it(lab: Laboratory) -> None:
    view = lab.script("sleep 1000 & echo $!")
    pid = int(log_of(view))
    assert view.phase == "Succeeded"
    until(lambda: start_time(pid) is None)


def test_a_flood_of_output_is_bounded(lab: Laboratory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "LOG_BYTES", 4 * 2**20)
    lab.patience = Patience(logs_seconds=0.05)
    view = lab.script("for i in $(seq 30); do head -c 1000000 /dev/zero | tr '\\0' x; sleep 0.02; done; echo; echo end")
    log = log_of(view)
    assert view.phase == "Succeeded"
    assert len(log) < 20_000_000
    assert "earlier output dropped" in log
    assert log.endswith("end\n")


def test_the_times_of_lines_lie_beside_the_log(lab: Laboratory) -> None:
    view = lab.script("echo one; sleep .4; printf tw; sleep .4; echo o; echo aside >&2")
    assert (log_of(view), log_of(view, stream="stderr")) == ("one\ntwo\n", "aside\n")
    folder = next(node.log for node in view.nodes if node.log is not None)
    times = LogTimes(folder / "stdout.log")
    times.look()
    found = [times.part(start) for start in (0, 4, 6)]
    assert [end for end, _ in found] == [4, 6, 8]
    written = [at for _, at in found]
    assert all(later - earlier > 3e8 for earlier, later in pairwise(written))
    assert written[-1] == (folder / "stdout.log").stat().st_mtime_ns
    (folder / "stdout.log.times").write_bytes(b"1 4\nbroken\n\xff 5\n2 6\n3")  # as a kill leaves it, or worse
    times = LogTimes(folder / "stdout.log")
    times.look()
    assert [times.part(start)[1] for start in (0, 4, 6)] == [1, 2, written[-1]]


def test_a_mounted_folder_is_there(lab: Laboratory) -> None:
    view = lab.run(
        """
        entrypoint: only
        volumes: [{name: work, emptyDir: {}}]
        templates:
          - name: only
            outputs: {artifacts: [{name: o, path: /work/o}]}
            container:
              image: i
              command: [sh, -c]
              args: ['test -d "$(dirname {{outputs.artifacts.o.path}})" && pwd > {{outputs.artifacts.o.path}}']
              workingDir: /work
              volumeMounts: [{name: work, mountPath: /work}]
        """
    )
    assert view.phase == "Succeeded", view.message
    assert (
        Path(view.nodes[0].outputs["artifacts"]["o"]).read_text(encoding="utf-8").strip()
        == f"{view.nodes[0].log}/files/work"
    )


APPLY = """
entrypoint: main
templates:
  - name: main
    dag:
      tasks:
        - {{name: make, template: make}}
        - name: apply
          depends: make
          template: apply
          arguments: {{artifacts: [{{name: m, from: "{{{{tasks.make.outputs.artifacts.m}}}}"}}]}}
        - name: told
          depends: apply
          template: told
          arguments: {{parameters: [{{name: url, value: "{{{{tasks.apply.outputs.parameters.url}}}}"}}]}}
  - name: make
    outputs: {{artifacts: [{{name: m, path: /work/m}}]}}
    container: {{image: i, command: [sh, -c], args: ['echo "{content}" > {{{{outputs.artifacts.m.path}}}}']}}
  - name: apply
    inputs: {{artifacts: [{{name: m, path: /work/m}}]}}
    outputs: {{parameters: [{{name: url, valueFrom: {{jsonPath: "{{.status.address.url}}"}}}}]}}
    resource:
      action: apply
      manifestFrom: {{artifact: {{name: m}}}}
      successCondition: status.state == Available
      failureCondition: status.state == Failed
  - name: told
    inputs: {{parameters: [{{name: url}}]}}
    container: {{image: i, command: [echo, "{{{{inputs.parameters.url}}}}"]}}
"""


@pytest.mark.parametrize(
    ("status", "phase", "message"),
    [
        ({"state": "Available", "address": {"url": "http://x"}}, "Succeeded", ""),
        (
            {"state": "Failed"},
            "Failed",
            "main: Error (exit code 64): failure condition 'status.state == Failed' evaluated true",
        ),
        ({}, "Failed", "main: Error (exit code 64): success condition 'status.state == Available' evaluated false"),
    ],
)
def test_a_resource_is_applied_and_judged(lab: Laboratory, status: dict[str, Any], phase: str, message: str) -> None:
    lab.host.status = status
    view = lab.run(APPLY.format(content="kind: Thing"))
    applied = next(node for node in view.nodes if node.display_name == "apply")
    assert (applied.type, applied.phase, applied.message) == ("Pod", phase, message)
    assert lab.host.applied == [{"kind": "Thing"}]
    if phase == "Succeeded":
        assert log_of(view, ".told") == "http://x\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [("a: [", "the manifest is not YAML"), ("- 1", "holds 1 objects; wanted one"), ("", "holds 0 objects; wanted one")],
)
def test_a_manifest_that_is_none(lab: Laboratory, content: str, message: str) -> None:
    view = lab.run(APPLY.format(content=content))
    assert view.phase == "Failed"
    assert message in view.message


def test_a_deadline_that_is_no_number(lab: Laboratory) -> None:
    text = container("true", activeDeadlineSeconds='"{{workflow.parameters.p}}"').replace(
        "  entrypoint: only", "  entrypoint: only\n  arguments: {parameters: [{name: p, value: soon}]}"
    )
    assert lab.run(text).message == "activeDeadlineSeconds is 'soon'; wanted a whole number"


def test_a_timeout_ends_what_takes_longer(lab: Laboratory) -> None:
    view = lab.script("exec sleep 60", timeout="200ms")
    assert (view.phase, view.message) == ("Failed", "Step exceeded its deadline")


def test_a_command_that_spells_out_its_paths_finds_them_in_its_own_folder(lab: Laboratory) -> None:
    view = lab.script(
        "cd /tmp && echo hello > said.txt; cat /tmp/said.txt; echo /tmp/said.txt > /work/where",
        outputs="{artifacts: [{name: said, path: /tmp/said.txt}], "
        "parameters: [{name: w, valueFrom: {path: /work/where}}]}",
    )
    assert view.phase == "Succeeded"
    assert log_of(view) == "hello\n"
    assert view.outputs["parameters"] == {"w": "/tmp/said.txt"}
    assert not Path("/tmp/said.txt").exists()


def test_a_parameters_value_that_names_a_file_of_this_machine_is_not_the_steps_own(lab: Laboratory) -> None:
    with tempfile.NamedTemporaryFile("w", dir="/tmp", suffix=".txt") as there:
        there.write("of the machine")
        there.flush()
        view = lab.script(
            "cat {{inputs.parameters.source}} > /tmp/said.txt; cat /tmp/said.txt",
            inputs=f"{{parameters: [{{name: source, value: {there.name}}}]}}",
            outputs="{artifacts: [{name: said, path: /tmp/said.txt}]}",
        )
    assert (view.phase, log_of(view)) == ("Succeeded", "of the machine")
