"""Hooks of the workflow: what runs beside it once a condition holds.

As the controller's source has it (3.7.18, `workflow/controller/hooks.go` and `operator.go`); unlike the cases of
tests/oracle, these were not asked of a real controller.
"""

from pathlib import Path

import pytest

from pipeline.errors import PipelineError
from tests.engine.laboratory import Laboratory, Simulate

SPEC = """
entrypoint: main
onExit: leaf
arguments: {parameters: [{name: loud, value: "yes"}]}
hooks:
  running:
    expression: workflow.status == "Running" && workflow.parameters.loud == "yes"
    template: say
    arguments: HERE
  good: {expression: workflow.status == "Succeeded", template: say, arguments: HERE}
  bad: {expression: workflow.status == "Failed", template: say, arguments: HERE}
templates:
  - {name: main, dag: {tasks: [{name: a, template: leaf}]}}
  - {name: say, inputs: {parameters: [{name: p}]}, container: {image: i, command: [echo, "{{inputs.parameters.p}}"]}}
""".replace("HERE", '{parameters: [{name: p, value: "{{workflow.status}}"}]}')


def test_one_begins_once_its_condition_holds(prepare: Simulate) -> None:
    simulation = prepare(SPEC).begin()
    assert simulation.tree == {"(root)": "DAG Running", "a": "Pod Pending", "hooks.running": "Pod Pending"}
    assert "hooks.running" in simulation.children("")
    assert simulation.value("hooks.running", "p") == "Running"
    simulation.finish()
    assert simulation.phases == dict.fromkeys(("(root)", "a", "hooks.running", "hooks.good", "onExit"), "Succeeded")
    assert list(simulation.phases)[-2:] == ["hooks.good", "onExit"]


def test_one_whose_condition_never_holds_does_not_begin(prepare: Simulate) -> None:
    assert "hooks.running" not in prepare(SPEC, loud="no").begin().finish().phases


def test_what_follows_waits_for_its_end(prepare: Simulate) -> None:
    simulation = prepare(SPEC).begin()
    leaf, hook = simulation.waiting
    simulation.waiting.clear()
    simulation.end(leaf)
    assert (simulation.phases["(root)"], simulation.phases["hooks.good"]) == ("Succeeded", "Pending")
    simulation.end(simulation.waiting.pop())
    assert "onExit" not in simulation.phases
    simulation.end(hook)
    assert simulation.phases["onExit"] == "Pending"
    assert simulation.finish().run.phase == "Succeeded"


def test_its_failure_is_not_the_runs(prepare: Simulate) -> None:
    simulation = prepare(SPEC, {"hooks.running": "Failed"}).begin().finish()
    assert (simulation.phases["hooks.running"], simulation.run.phase) == ("Failed", "Succeeded")


def test_it_is_told_of_a_failure(prepare: Simulate) -> None:
    simulation = prepare(SPEC, {"a": "Failed"}).begin().finish()
    assert simulation.run.phase == "Failed"
    assert simulation.value("hooks.bad", "p") == "Failed"
    assert "hooks.good" not in simulation.phases


def test_a_stopped_run_ends(prepare: Simulate) -> None:
    simulation = prepare(SPEC).begin()
    simulation.stop()
    running, simulation.waiting = simulation.waiting, []
    for node in running:
        simulation.end(node)
    assert simulation.finish().run.over
    assert all(node.fulfilled for node in simulation.run.nodes.values())


def test_those_of_a_template_that_is_referred_to(lab: Laboratory) -> None:
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: v}\n"
        "spec:\n  workflowTemplateRef: {name: w}\n  hooks:\n    good: {expression: 'false', template: leaf}\n"
    )
    (lab.folder / "manifests").mkdir()
    (lab.folder / "manifests" / "v.yaml").write_text(text, encoding="utf-8")
    hooks = lab.load(SPEC).named("v").hooks
    assert hooks is not None
    assert {name: hook.template for name, hook in hooks.items()} == {"running": "say", "good": "leaf", "bad": "say"}


@pytest.mark.parametrize(
    ("hook", "said"),
    [
        ("{template: leaf}", "w.hooks.h.expression is missing"),
        ("{expression: 'true'}", "w.hooks.h.template is missing"),
        ("{expression: 'true', template: nosuch}", "w.hooks.h.template is 'nosuch'; there are the templates main"),
        ("{expression: 'true', template: say}", "hooks.h: say needs the parameter p, which has no default"),
        ("{expression: workflow.statut == 'x', template: leaf}", "hooks.h.expression: {{=workflow.statut == 'x'}}"),
        ("{expression: '1 +', template: leaf}", "hooks.h.expression"),
        ("{expression: 'true', templateRef: {name: a, template: b}}", "hooks.h.templateRef is not run by this engine"),
    ],
)
def test_one_that_could_not_run_is_refused(lab: Laboratory, tmp_path: Path, hook: str, said: str) -> None:
    text = "entrypoint: main\nhooks: {h: " + hook + "}\n" + SPEC[SPEC.index("templates:") :]
    with pytest.raises(PipelineError) as refused:
        lab.load(text).named("w")
    assert said in str(refused.value)
