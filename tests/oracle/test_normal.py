"""The normal form: what of a node tree is compared, and how it is written down."""

import json
from typing import Any

import pytest

from pipeline.engine.scheduler.nodes import fnv1a
from tests.oracle.cases import in_short
from tests.oracle.normal import of_controller, written

RUN = "dag-diamond-abcde"
LEAF = f"{RUN}-{fnv1a(f'{RUN}.a')}"


def workflow(**leaf: Any) -> dict[str, Any]:
    root = {"id": RUN, "name": RUN, "displayName": RUN, "type": "DAG", "phase": "Running", "children": [LEAF, "gone-1"]}
    node = {"id": LEAF, "name": f"{RUN}.a", "displayName": "a", "type": "Pod", "phase": "Failed", "boundaryID": RUN}
    status = {"phase": "Failed", "nodes": {LEAF: node | leaf, RUN: root}}
    return {"metadata": {"name": RUN, "uid": "0-1-2"}, "status": status}


def test_nodes_are_named_by_their_place() -> None:
    assert of_controller(workflow())["nodes"] == {
        "(root)": {"display": "<workflow>", "type": "DAG", "phase": "Running", "children": ["a"]},
        "a": {"display": "a", "type": "Pod", "phase": "Failed", "boundary": "(root)"},
    }


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (f"child '{LEAF}' failed", "child '<id a>' failed"),
        (f"pod {RUN}-some-template-{fnv1a(f'{RUN}.a')} of 0-1-2", "pod <pod a> of <uid>"),
        (f"{RUN}.a began 2026-01-02T03:04:05Z", "<workflow>.a began <time>"),
        ("main: Error (exit code 3): why it failed: said stderr", "main: Error (exit code 3)"),
        ("Pod was active on the node longer than the specified deadline", "<out of time>"),
        ("asked for; Resumed by: map[User:admin]", "asked for"),
        ("when '1 == 2' evaluated false", "when '1 == 2' evaluated false"),
    ],
)
def test_messages(message: str, kind: str) -> None:
    assert of_controller(workflow(message=message))["nodes"]["a"]["message"] == kind


def test_values() -> None:
    outputs = {
        "parameters": [{"name": "b", "value": "2"}, {"name": "a", "value": RUN}, {"name": "none"}],
        "artifacts": [{"name": "z"}, {"name": "main-logs"}, {"name": "c"}],
        "exitCode": "0",
        "result": "",
    }
    assert of_controller(workflow(outputs=outputs))["nodes"]["a"]["outputs"] == {
        "parameters": {"a": "<workflow>", "b": "2"},
        "artifacts": ["c", "z"],
        "result": "",
        "exitCode": "0",
    }


def test_what_ran_out_of_time_has_no_exit_code() -> None:
    late = workflow(message="Step exceeded its deadline", outputs={"exitCode": "143"})
    assert "outputs" not in of_controller(late)["nodes"]["a"]


def test_a_daemon_that_ended_as_told_has_no_exit_code() -> None:
    told = workflow(phase="Succeeded", templateName="server", outputs={"exitCode": "0"})
    told["spec"] = {"templates": [{"name": "server", "daemon": True}]}
    assert "outputs" not in of_controller(told)["nodes"]["a"]


def test_of_a_stopped_workflow_it_does_not_count_what_the_controller_saw_last() -> None:
    stopped = workflow(type="TaskGroup", phase="Running", children=["b"])
    stopped["status"]["message"] = "Stopped with strategy 'Stop'"
    stopped["status"]["nodes"]["b"] = {"id": "b", "name": f"{RUN}.b", "type": "Skipped", "phase": "Omitted"}
    found = of_controller(stopped)["nodes"]
    assert "b" not in found and found["a"]["phase"] == "Failed" and "children" not in found["a"]


def test_the_workflow_before_is_not_named() -> None:
    again = workflow()
    again["status"]["nodes"][RUN]["displayName"] = "dag-diamond-vwxyz"
    assert of_controller(again)["nodes"]["(root)"]["display"] == "<workflow before>"


def test_failures_are_put_in_order() -> None:
    failures = [{"displayName": "b"}, {"displayName": "a"}]
    inputs = {"parameters": [{"name": "f", "value": json.dumps(failures)}]}
    found = of_controller(workflow(inputs=inputs))["nodes"]["a"]["inputs"]["parameters"]["f"]
    assert json.loads(found) == failures[::-1]


def test_a_deep_tree_stays_readable() -> None:
    names = [RUN + ".m" * depth for depth in range(100)]
    nodes = {name: {"id": name, "name": name, "type": "DAG", "phase": "Error"} for name in names}
    found = of_controller({"metadata": {"name": RUN, "uid": "0-1-2"}, "status": {"phase": "Error", "nodes": nodes}})
    assert list(found["nodes"])[:3] == ["(root)", "m", "m.m"]
    assert found["nodes"]["…"] == "80 more"
    assert len(found["nodes"]) == 21
    assert list(found["nodes"])[-1] == "(m. × 98)m"
    assert in_short(found) == "Error"


def test_what_fits_into_a_line_is_one() -> None:
    text = written({"phase": "Failed", "nodes": {"a": {"type": "Pod"}, "b": {"message": "x" * 100, "type": "Pod"}}})
    assert json.loads(text)["nodes"]["b"]["type"] == "Pod"
    assert '    "a": {"type": "Pod"},\n' in text
    assert '    "b": {\n      "message": "xx' in text
