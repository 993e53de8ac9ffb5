"""The table of Argo's examples: made of the stored facts alone, and each verdict for what it stands for."""

from typing import Any

import pytest

from tests.oracle import examples, examples_files, examples_here
from tests.oracle.examples_table import (
    ALONE,
    CHANGED,
    NEEDS,
    NOTHING,
    OTHERWISE,
    REFUSED,
    SAME,
    in_general,
    table,
    verdict_of,
)

NODES = {"(root)": "DAG Succeeded 1a 2b", "A": "Pod Succeeded 3c 4d"}


def row(*changed: str, **controller: Any) -> dict[str, Any]:
    """An example that runs here and ends well; `controller`: what it does there."""
    found: dict[str, Any] = {"ours": {"published": "", "changed": list(changed), "phase": "Succeeded", "nodes": NODES}}
    return {**found, "controller": controller} if controller else found


def test_the_page_is_what_the_program_makes_of_the_stored_facts() -> None:
    assert examples.PAGE.read_text(encoding="utf-8") == table(examples.load()), "run python -m tests.oracle.examples"


def test_every_example_that_runs_here_was_asked_of_the_controller() -> None:
    rows = examples.load()["examples"]
    assert len(rows) > 200
    assert [name for name, each in rows.items() if verdict_of(each) == ALONE] == []


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        (row(phase="Succeeded", nodes=NODES), SAME),
        (row("paths", phase="Succeeded", nodes=NODES), CHANGED),
        (row(phase="Failed", nodes=NODES), OTHERWISE),
        (row(phase="Succeeded", nodes={**NODES, "B": "Pod Succeeded 5e 6f"}), OTHERWISE),
        (row(phase="Succeeded", nodes={**NODES, "A": "Pod Succeeded 3c other"}), OTHERWISE),
        (row(), ALONE),
        ({"ours": {"refused": "it"}}, REFUSED),
        ({"ours": {"needs": "the network: curl"}}, NEEDS),
        ({"ours": {"nothing": True}}, NOTHING),
    ],
)
def test_a_verdict(facts: dict[str, Any], verdict: str) -> None:
    assert verdict_of(facts) == verdict


def test_trees_of_what_does_not_end_are_not_compared() -> None:
    here = {"published": "", "changed": [], "phase": "does not end", "nodes": NODES}
    assert verdict_of({"ours": here, "controller": {"phase": "does not end", "nodes": {}}}) == SAME
    assert verdict_of({"ours": here, "controller": {"phase": "Failed", "nodes": NODES}}) == OTHERWISE


def test_a_difference_is_named() -> None:
    other = {**NODES, "A": "Pod Failed 3c other"}
    page = table({"version": "v3", "examples": {"x.yaml": row(phase="Failed", nodes=other, message="child failed")}})
    assert "| `x.yaml` | Succeeded | Failed (child failed) | Succeeded here, Failed there |" in page


def test_refusals_are_grouped_without_the_names_of_the_example() -> None:
    one = "x.templates[a].container repeats the path /tmp/one, which here is a folder"
    two = "y.templates[b].container repeats the path /tmp/two.txt, which here is a folder"
    assert in_general(one) == in_general(two) == "container repeats a path that is mounted or declared"
    assert in_general("x.templates[a].inputs.artifacts[b].s3 is not run here") == "artifacts.s3 is not run here"
    assert in_general("a ClusterWorkflowTemplate is not run") == "a ClusterWorkflowTemplate is not run"


def test_a_repeated_path_is_put_in_braces_and_a_longer_one_is_not() -> None:
    template = {
        "name": "write",
        "container": {"image": "i", "command": ["sh", "-c"], "args": ["cp /tmp/a /tmp/a.txt; cat /tmp/a; ls /tmp/ab"]},
        "outputs": {"artifacts": [{"name": "x", "path": "/tmp/a"}]},
    }
    document = {"kind": "Workflow", "spec": {"templates": [template]}}
    (changed,) = examples_files.with_paths_in_braces([document])
    path = "{{outputs.artifacts.x.path}}"
    assert changed["spec"]["templates"][0]["container"]["args"] == [f"cp {path} /tmp/a.txt; cat {path}; ls /tmp/ab"]
    assert changed["spec"]["templates"][0]["outputs"] == template["outputs"]


def test_an_entry_point_is_written_out_only_where_it_is_known() -> None:
    def commands(image: str, **more: Any) -> list[str] | None:
        document = {"kind": "Workflow", "spec": {"templates": [{"name": "a", "container": {"image": image, **more}}]}}
        (changed,) = examples_files.with_entry_points([document])
        command: list[str] | None = changed["spec"]["templates"][0]["container"].get("command")
        return command

    assert commands("argoproj/argosay:v2") == ["argosay"]
    assert commands("argoproj/argosay:v2", command=["sh"]) == ["sh"]
    assert commands("nginx:1.13") is None


def test_what_needs_a_program_the_network_or_a_cluster_is_not_run() -> None:
    def needs(**template: Any) -> str:
        return examples_here.needs([{"kind": "Workflow", "spec": {"templates": [{"name": "a", **template}]}}])

    assert needs(container={"command": ["sh"], "args": ["-c", "echo hello"]}) == ""
    assert needs(container={"command": ["no-such-program"]}) == "its image: no-such-program"
    assert needs(script={"command": ["sh"], "source": "curl http://example.org"}) == "the network: curl"
    assert needs(resource={"action": "apply"}) == "a cluster, whose objects it works on"
