"""What a person does to the workflow of a case: read from its annotation, and done by a stand-in for `argo`."""

import json
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import UserError
from tests.oracle import cases
from tests.oracle.acting import acts, there
from tests.oracle.acting.acts import Act, Done
from tests.oracle.cases import Case

RETRY = Act("workflow", "Failed", ("retry", "-p", "a=b c"))


def workflow(phase: str, **nodes: tuple[str, str]) -> dict[str, Any]:
    """A Workflow called w with pods: the phase of each, and when it began."""
    found = {
        name: {"id": name, "name": f"w.{name}", "type": "Pod", "phase": each, "startedAt": at}
        for name, (each, at) in nodes.items()
    }
    return {"metadata": {"name": "w", "uid": "u"}, "status": {"phase": phase, "nodes": found}}


def one(acts_of_it: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    """A case with these acts."""
    monkeypatch.setattr(cases, "FOLDER", folder)
    (folder / "a").mkdir()
    file = folder / "a" / "case.yaml"
    text = textwrap.indent(textwrap.dedent(acts_of_it).strip(), "      ")
    file.write_text(f"kind: Workflow\nmetadata:\n  name: a-case\n  annotations:\n    oracle/acts: |\n{text}\n")
    return Case(file)


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A command called argo that does this."""
    file = folder / "argo"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_a_case_says_when_and_what(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = one("[0].ask is Running: argo node set -p 'word=a b'\nworkflow is Failed: argo retry", tmp_path, monkeypatch)
    assert acts.of(case) == [
        Act("[0].ask", "Running", ("node", "set", "-p", "word=a b")),
        Act("workflow", "Failed", ("retry",)),
    ]


def test_a_line_that_is_no_act(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="'stop it' is no act; wanted: NODE is PHASE: argo COMMAND"):
        acts.of(one("stop it", tmp_path, monkeypatch))


def test_an_act_is_due_when_its_node_is_in_the_phase() -> None:
    act = Act("a", "Running", ("stop",))
    assert act.due(workflow("Running", a=("Running", "1")))
    assert not act.due(workflow("Running", a=("Failed", "1")))
    assert not act.due(workflow("Running"))
    assert RETRY.due(workflow("Failed"))


def test_after_a_retry_it_is_noted_what_began_again() -> None:
    done = Done()
    done.note(RETRY, workflow("Failed", a=("Succeeded", "1"), b=("Failed", "2")))
    answer = done.answer(
        workflow("Succeeded", a=("Succeeded", "1"), b=("Succeeded", "3"), c=("Succeeded", "4")), [RETRY]
    )
    before = {"workflow": "Failed", "a": "Succeeded", "b": "Failed"}
    assert answer["acts"] == [
        {"did": "argo retry -p 'a=b c'", "at": before, "again": ["b"]},
        {"did": "argo retry -p 'a=b c'", "never": "workflow is Failed"},
    ]


def test_the_command_gets_the_workflow_after_its_verb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, 'printf "%s|" "$@"')
    monkeypatch.setenv("ARGO_SERVER", "elsewhere:1")
    assert (
        there.argo(Act("a", "Running", ("node", "set", "-p", "x=a b")), "w", "oracle")
        == "node|set|w|-n|oracle|-p|x=a b|"
    )
    assert there.argo(RETRY, "w", "oracle") == "retry|w|-n|oracle|-p|a=b c|"


@pytest.mark.parametrize(
    ("script", "said"), [("echo no such thing >&2; exit 1", "no such thing"), ("sleep 60", "no answer")]
)
def test_a_command_that_refuses_or_hangs_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, said: str
) -> None:
    stand_in(tmp_path, monkeypatch, f"exec sh -c '{script}'")
    monkeypatch.setattr(there, "_PATIENCE_SECONDS", 0.5)
    with pytest.raises(UserError, match=said):
        there.argo(RETRY, "w", "oracle")


def test_what_is_refused_is_noted_and_the_rest_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = one("a is Running: argo retry\na is Running: argo stop\na is Error: argo stop", tmp_path, monkeypatch)
    stand_in(tmp_path, monkeypatch, 'test "$1" = stop')
    states: list[Mapping[str, Any]] = [workflow("Running", a=("Running", "1"))] * 2
    final = workflow("Failed", a=("Failed", "1"))
    monkeypatch.setattr(there, "kubectl", lambda *_: json.dumps(states.pop() if states else final))
    person = there.Person(case, "oracle", "w")
    assert person.look()
    at = {"workflow": "Running", "a": "Running"}
    assert person.answer(final)["acts"] == [
        {"did": "argo retry", "at": at, "refused": True},
        {"did": "argo stop", "at": at},
        {"did": "argo stop", "never": "a is Error"},
    ]


def test_the_command_must_be_of_the_controllers_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, "echo argo: v3.7.18")
    there.check_command("v3.7.17")
    with pytest.raises(UserError, match=r"the argo on PATH is of the line 3, the controller is v4\.0\.5"):
        there.check_command("v4.0.5")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UserError, match="there is no argo on PATH"):
        there.check_command("v3.7.18")
