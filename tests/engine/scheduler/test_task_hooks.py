"""Hooks of tasks and steps: what runs beside one once a condition holds; `exit` is in tests/oracle/cases/exit.

As the controller's source has it (3.7.18, `workflow/controller/hooks.go`, `dag.go`, `steps.go`).
"""

from pathlib import Path

import pytest

from pipeline.engine.scheduler.events import Running
from pipeline.errors import PipelineError
from tests.engine.laboratory import Laboratory, Simulate

DAG = """
entrypoint: main
templates:
  - name: main
    dag:
      tasks:
        - name: a
          template: leaf
          hooks:
            running: {expression: tasks.a.status == "Running", template: leaf}
            good: {expression: tasks.a.status == "Succeeded", template: say, arguments: HERE}
            bad: {expression: tasks.a.status == "Failed", template: say, arguments: HERE}
            exit: {template: say, arguments: HERE}
        - {name: b, template: leaf, depends: a || a.Failed}
  - {name: say, inputs: {parameters: [{name: p}]}, container: {image: i, command: [echo, "{{inputs.parameters.p}}"]}}
""".replace("HERE", '{parameters: [{name: p, value: "{{tasks.a.status}}"}]}')
STEPS = """
entrypoint: main
templates:
  - name: main
    steps:
      - - name: a
          template: leaf
          withItems: [one, two]
          hooks: {h: {expression: '"{{item}}" == "two"', template: leaf}}
      - - {name: b, template: leaf}
"""
FANNED = DAG.replace("          hooks", "          withItems: [one, two]\n          hooks")


def test_they_begin_once_their_conditions_hold_and_what_follows_waits_for_them(prepare: Simulate) -> None:
    simulation = prepare(DAG).begin()
    assert simulation.tree == {"(root)": "DAG Running", "a": "Pod Pending"}
    a = simulation.waiting.pop()
    simulation.tell(Running(simulation.now, a.name))
    (running,) = simulation.waiting
    assert simulation.children("a") == ["a.hooks.running"] and running.boundary is simulation.node("")
    simulation.waiting.clear()
    simulation.end(a)
    assert list(simulation.phases) == ["(root)", "a", "a.hooks.running", "a.hooks.good"]
    simulation.end(simulation.waiting.pop())
    assert "a.onExit" not in simulation.phases and "b" not in simulation.phases, "the first hook still runs"
    simulation.end(running)
    assert simulation.phases["a.onExit"] == "Pending" and "b" not in simulation.phases
    simulation.finish()
    assert simulation.children("a") == ["a.hooks.running", "a.hooks.good", "a.onExit", "b"]
    assert simulation.value("a.hooks.good", "p") == "Succeeded"
    assert simulation.run.phase == "Succeeded"


def test_how_they_end_changes_nothing(prepare: Simulate) -> None:
    simulation = prepare(DAG, {"a": "Failed", "a.hooks.bad": "Failed", "a.hooks.running": "Error"}).begin().finish()
    assert simulation.value("a.hooks.bad", "p") == "Failed" and "a.hooks.good" not in simulation.phases
    assert simulation.phases["b"] == simulation.run.phase == "Succeeded"


def test_one_of_a_task_that_did_not_run_is_told_so(prepare: Simulate) -> None:
    spec = DAG.replace("template: leaf\n          hooks", "template: leaf\n          when: 'false'\n          hooks")
    simulation = prepare(spec.replace('"Failed"', '"Skipped"')).begin().finish()
    assert [*simulation.phases] == ["(root)", "a", "a.hooks.bad", "b"], "and the exit hook is for what has run"


def test_a_fan_out_of_a_dag_has_one_for_the_whole(prepare: Simulate) -> None:
    simulation = prepare(FANNED).begin().finish()
    hooks = [name for name in simulation.phases if ".hooks." in name]
    assert hooks == ["a.hooks.running", "a.hooks.good"]
    assert simulation.phases["a"] == "Succeeded"


def test_each_item_of_a_fan_out_of_steps_has_its_own(prepare: Simulate) -> None:
    simulation = prepare(STEPS).begin().finish()
    assert [name for name in simulation.phases if ".hooks." in name] == ["[0].a(1:two).hooks.h"]
    assert list(simulation.phases)[-1] == "[1].b"


def test_one_of_a_retried_task_sees_the_whole(prepare: Simulate) -> None:
    spec = DAG + "  - {name: again, retryStrategy: {limit: 1}, container: {image: i, command: [x]}}\n"
    spec = spec.replace("- name: a\n          template: leaf", "- name: a\n          template: again")
    simulation = prepare(spec, {"a(0)": "Failed"}).begin().finish()
    assert [name for name in simulation.phases if ".hooks." in name] == ["a.hooks.running", "a.hooks.good"]
    assert simulation.children("a") == ["a(0)", "a.hooks.running", "a(1)", "a.hooks.good", "a.onExit"]


def test_one_waits_for_room(prepare: Simulate) -> None:
    simulation = prepare(DAG.replace("entrypoint: main", "entrypoint: main\nparallelism: 1")).begin().finish()
    assert simulation.most == 1
    assert [*simulation.phases] == ["(root)", "a", "a.hooks.good", "a.onExit", "b"]


def test_a_stopped_run_ends(prepare: Simulate) -> None:
    simulation = prepare(DAG).begin()
    simulation.tell(Running(simulation.now, simulation.waiting[0].name))
    simulation.stop()
    assert set(simulation.killed) == {"w-1.a", "w-1.a.hooks.running"}
    assert simulation.finish().run.phase == "Failed"


@pytest.mark.parametrize(
    ("hook", "message"),
    [
        ("{template: leaf}", "hooks.h.expression is missing"),
        ("{expression: 'true'}", "hooks.h.template is missing"),
        ("{expression: 'true', template: nosuch}", "hooks.h.template is 'nosuch'"),
        ("{expression: 'true', template: say}", "hooks.h: say needs the parameter p, which has no default"),
        ("{expression: '1 +', template: leaf}", "hooks.h.expression"),
    ],
)
def test_one_that_cannot_run_is_refused(tmp_path: Path, hook: str, message: str) -> None:
    text = DAG[: DAG.index("hooks:")] + "hooks: {h: " + hook + "}\n" + DAG[DAG.index("        - {name: b") :]
    with pytest.raises(PipelineError) as refused:
        Laboratory(tmp_path).load(text)
    assert message in str(refused.value)
