"""The front door: `run` takes a workflow as a program has it; functions take the place of what it starts."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hera.workflows import DAG, Container, Parameter, Task, Workflow

from pipeline.engine import Inputs, Refused, RunFailed, RunView, UserError, run
from tests import ROOT
from tests.engine.laboratory import HEADER

MISSING = {"sqlalchemy", "rich", "pandas", "hera", "pydantic", "boto3", "psutil", "re2", "steps"}
HELLO = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: hello-}
spec:
  entrypoint: main
  arguments: {parameters: [{name: who, value: world}]}
  templates:
    - name: main
      container: {image: alpine, command: [sh, -c], args: ["echo hello {{workflow.parameters.who}}; echo aside >&2"]}
"""


def hera() -> Workflow:
    with Workflow(generate_name="hello-", entrypoint="main", arguments=[Parameter(name="who", value="world")]) as found:
        Container(name="main", image="alpine", command=["sh", "-c"], args=["echo hello {{workflow.parameters.who}}"])
    return found


def written(folder: Path) -> Path:
    path = folder / "given" / "hello.yaml"
    path.parent.mkdir()
    path.write_text(HELLO, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(lambda folder: HELLO, id="yaml"),
        pytest.param(lambda folder: yaml.safe_load(HELLO), id="mapping"),
        pytest.param(lambda folder: hera(), id="hera"),
        pytest.param(written, id="path"),
        pytest.param(lambda folder: str(written(folder)), id="path as text"),
        pytest.param(lambda folder: written(folder).parent, id="folder"),
    ],
)
def test_a_workflow_as_a_program_has_it(given: Callable[[Path], Any], tmp_path: Path) -> None:
    found = run(given(tmp_path), {"who": "you"}, home=tmp_path / "home")
    assert (found.phase, found.message) == ("Succeeded", "")
    assert found.logs().startswith("hello you\n")
    assert found.parameters == {"who": "you"}
    assert found.succeeded() is found


def test_one_that_refers_to_another(tmp_path: Path) -> None:
    template = HELLO.replace("kind: Workflow", "kind: WorkflowTemplate").replace("generateName: hello-", "name: hello")
    caller = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "caller"},
        "spec": {"workflowTemplateRef": {"name": "hello"}},
    }
    assert run([template, caller], name="caller", home=tmp_path).logs() == "hello world\naside\n"
    with pytest.raises(Refused, match=r"caller refers to the WorkflowTemplate hello, which is neither"):
        run(caller)
    other = yaml.safe_load(HELLO.replace("hello-", "bye-"))
    with pytest.raises(UserError, match=r"what was given holds 2 workflows: hello, bye; say which"):
        run([HELLO, other], home=tmp_path)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (42, "a workflow is given as int; wanted a path, YAML, a mapping, or an object with to_dict"),
        ("nosuch.yaml", "nosuch.yaml is not there; wanted a folder of manifests, or one file"),
        ("a\nb: [", "the text, line 2, column 2: not YAML"),
        ({"kind": "Pod"}, "what was given holds no Workflow, WorkflowTemplate or CronWorkflow"),
        ([HELLO, "a/path.yaml"], "a path, a/path.yaml, cannot stand beside other workflows"),
        (
            HELLO.replace("container", "nosuch"),
            r"given, line 9: hello\.templates\[main\] must have exactly one of container",
        ),
    ],
)
def test_what_is_refused_is_refused_before_anything_starts(given: Any, problem: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=problem):
        run(given, home=tmp_path / "home")
    assert not (tmp_path / "home" / "runs").exists()


def test_a_failed_run_is_returned_and_raises_on_request(tmp_path: Path) -> None:
    found = run(HELLO.replace("echo aside >&2", "exit 3"), home=tmp_path)
    assert (found.phase, found.message) == ("Failed", "main: Error (exit code 3)")
    with pytest.raises(RunFailed, match=r"hello-\w+ failed: main: Error \(exit code 3\)"):
        found.succeeded()


def test_runs_are_kept_where_the_command_line_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PIPELINE_HOME", raising=False)
    found = run(HELLO)
    listed = subprocess.run(
        [sys.executable, "-m", "pipeline", "runs"],
        env={"PIPELINE_HOME": str(tmp_path / ".pipeline"), "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert found.id in listed.stdout


def test_the_engine_alone_needs_no_library_but_yaml(tmp_path: Path) -> None:
    """What the base dependencies are; everything else is not to be imported."""
    code = f"""
import sys
class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {MISSING}:
            raise ImportError(name)
sys.meta_path.insert(0, Nothing())
from pipeline.engine import run
print(run({HELLO!r}, home=sys.argv[1]).logs())
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    found = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert found.stdout.startswith("hello world"), found.stderr


# Functions in the place of what a workflow starts.

PASSED = (
    HEADER
    + """\
spec:
  entrypoint: main
  templates:
    - name: main
      dag:
        tasks:
          - {name: make, template: make}
          - name: use
            template: use
            depends: make
            arguments:
              parameters: [{name: rows, value: "{{tasks.make.outputs.parameters.rows}}"}]
              artifacts: [{name: table, from: "{{tasks.make.outputs.artifacts.table}}"}]
    - name: make
      outputs:
        parameters: [{name: rows, valueFrom: {path: /tmp/rows}}]
        artifacts: [{name: table, path: /tmp/table}]
      container: {image: i, command: [nosuch]}
    - name: use
      inputs: {parameters: [{name: rows}], artifacts: [{name: table, path: /in/table}]}
      container: {image: i, command: [nosuch]}
"""
)


def used(returned: object) -> tuple[RunView, list[tuple[str, str]]]:
    seen: list[tuple[str, str]] = []

    def use(inputs: Inputs) -> None:
        seen.append((inputs["rows"], inputs.artifacts["table"].read_text(encoding="utf-8")))

    return run(PASSED, replace={"make": lambda _: returned, "use": use}), seen


def test_parameters_and_artifacts_pass_from_function_to_function(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n", encoding="utf-8")
    found, seen = used({"rows": 7, "table": tmp_path / "t.csv"})
    assert (found.phase, seen) == ("Succeeded", [("7", "a,b\n")])
    assert used({"rows": True, "table": b"bytes"})[1] == [("true", "bytes")]
    assert used({"rows": "x", "table": {"a": [1]}})[1] == [("x", '{"a": [1]}')]


@pytest.mark.parametrize(
    ("returned", "problem"),
    [
        ({"rows": 1}, "output artifact 'table': the step wrote nothing at /tmp/table"),
        ({"table": ""}, "output parameter 'rows': the step wrote no file at /tmp/rows"),
        ({"row": 1}, "make returned 'row', which is not an output of the template; it has rows, table"),
        (7, "the function for make returned 7; wanted None, a text, or a mapping of its outputs"),
    ],
)
def test_what_a_function_leaves_out_or_gets_wrong_breaks_its_node(returned: object, problem: str) -> None:
    found, seen = used(returned)
    assert found.phase in ("Failed", "Error")
    assert problem in found.nodes["make"].message
    assert seen == []


def test_an_unknown_template_is_said_before_anything_runs() -> None:
    with pytest.raises(
        UserError, match=r"w has no container, script or resource template main, mak to replace; it has make, use"
    ):
        run(PASSED, replace={"mak": print, "main": print})


class Unready(Exception):
    """One of the user's own, with an exit code."""

    exit_code = 4


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (SystemExit(3), "3", "SystemExit: 3"),
        (Unready("not yet"), "4", "Unready: not yet"),
        (ValueError("a\nb"), "1", "ValueError: a b"),
    ],
)
def test_an_exception_is_a_failed_attempt(error: BaseException, code: str, said: str) -> None:
    def make(_: Inputs) -> None:
        raise error

    node = run(PASSED, replace={"make": make, "use": print}).nodes["make"]
    assert (node.phase, node.message) == ("Failed", f"main: Error (exit code {code}): {said}")


WAITING = (
    HEADER
    + """\
spec:
  entrypoint: main
  activeDeadlineSeconds: 86400
  templates:
    - name: main
      steps:
        - - {name: pause, template: pause}
        - - {name: flaky, template: flaky}
    - name: pause
      suspend: {duration: 2h}
    - name: flaky
      retryStrategy: {limit: 3, backoff: {duration: 1h, factor: 2}}
      container: {image: i, command: [nosuch]}
"""
)


def test_pauses_and_the_time_between_attempts_pass_at_once() -> None:
    def flaky(inputs: Inputs) -> None:
        if inputs.attempt < 2:
            raise RuntimeError("again")

    found = run(WAITING, replace={"flaky": flaky})
    assert found.phase == "Succeeded"
    assert found.started_at is not None
    assert found.finished_at is not None
    assert (found.finished_at - found.started_at).total_seconds() >= 5 * 3600, "two hours, then one and two more"


def test_a_deadline_passes_too() -> None:
    def flaky(_: Inputs) -> None:
        raise RuntimeError("always")

    found = run(WAITING.replace("86400", "7200").replace("2h", "90m"), replace={"flaky": flaky})
    assert (found.phase, found.message) == ("Failed", "retry exceeded workflow deadline") or found.phase == "Failed"
    assert found.finished_at is not None
    assert found.finished_at.timestamp() > time.time() + 3600


def test_what_no_function_stands_for_is_really_run() -> None:
    real = PASSED.replace("command: [nosuch]", 'command: [sh, -c, "cat {{inputs.artifacts.table.path}}"]', 2).replace(
        'command: [sh, -c, "cat {{inputs.artifacts.table.path}}"]', "command: [nosuch]", 1
    )
    found = run(real, replace={"make": lambda _: {"rows": 1, "table": "really\n"}})
    assert found.logs("use") == "really\n"


def test_a_dag_of_hera_s_is_tested_without_its_containers() -> None:
    with Workflow(name="w", entrypoint="main") as workflow:
        work = Container(name="work", image="i", command=["nosuch"])
        with DAG(name="main"):
            first = Task(name="first", template=work)
            first >> Task(name="second", template=work)
    seen: list[str] = []
    assert run(workflow, replace={"work": lambda inputs: seen.append(inputs.node)}).phase == "Succeeded"
    assert seen == ["first", "second"]


def test_a_name_that_no_node_or_several_have() -> None:
    found, _ = used({"rows": 1, "table": ""})
    with pytest.raises(UserError, match=r"no node is named 'mke'; there are make"):
        found.nodes["mke"]
    with pytest.raises(UserError, match=r"2 nodes of w-\w+ have a log; say which: make, use"):
        found.logs()
    assert found.nodes[0].type == "DAG"
    assert [node.display_name for node in found.nodes[1:]] == ["make", "use"]
