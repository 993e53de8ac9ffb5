"""Daemons under the pure scheduler: what follows goes on once they are ready, and they end with what they are part of.

As the controller's source has it (3.7.18, `workflow/controller/operator.go`, `exec_control.go`, `dag.go`).
"""

from typing import Literal

import pytest

from pipeline.engine.scheduler.events import Ended, Resumed
from pipeline.errors import PipelineError
from tests.engine.laboratory import Simulate, outcome

SERVER = """
  - {name: server, daemon: true, container: {image: i, command: [serve]}}
  - {name: again, daemon: true, retryStrategy: {limit: 1}, container: {image: i, command: [serve]}}
  - {name: use, inputs: {parameters: [{name: ip}]}, container: {image: i, command: [ask, "{{inputs.parameters.ip}}"]}}
"""
STEPS = (
    """
entrypoint: main
templates:
  - name: main
    steps:
      - - {name: inner, template: inner}
      - - {name: after, template: leaf}
  - name: inner
    steps:
      - - {name: server, template: server}
      - - {name: a, template: use, arguments: {parameters: [{name: ip, value: "{{steps.server.ip}}"}]}}
      - - {name: b, template: leaf}
"""
    + SERVER
)
DAG = (
    """
entrypoint: main
templates:
  - name: main
    dag:
      tasks:
        - {name: server, template: server}
        - {name: a, template: use, depends: server, arguments: {parameters: [{name: ip, value: "{{tasks.server.ip}}"}]}}
        - {name: b, template: leaf, depends: a}
"""
    + SERVER
)


def test_what_follows_goes_on_and_it_ends_with_the_steps_that_it_is_part_of(prepare: Simulate) -> None:
    simulation = prepare(STEPS).begin()
    simulation.step()
    assert simulation.phases["[0].inner[0].server"] == "Running" and simulation.phases["[0].inner[0]"] == "Succeeded"
    assert simulation.value("[0].inner[1].a", "ip") == "127.0.0.1"
    simulation.step()
    assert simulation.killed == []
    simulation.step()
    assert simulation.killed == ["w-1[0].inner[0].server"]
    assert simulation.phases["[0].inner"] == simulation.phases["[0].inner[0].server"] == "Succeeded"
    assert "[1].after" not in simulation.phases, "it is awaited, so that its port is free"
    assert simulation.finish().run.phase == "Succeeded"


def test_one_of_a_dag_ends_with_the_dag(prepare: Simulate) -> None:
    simulation = prepare(DAG).begin().finish()
    assert simulation.killed == ["w-1.server"] and set(simulation.phases.values()) == {"Succeeded"}


def test_a_dag_with_nothing_else_ends_once_it_is_ready(prepare: Simulate) -> None:
    simulation = prepare(DAG[: DAG.index("        - {name: a")] + SERVER).begin().finish()
    assert simulation.run.phase == simulation.phases["server"] == "Succeeded"


def test_one_that_ends_by_itself_has_failed(prepare: Simulate) -> None:
    simulation = prepare(DAG).begin()
    server = simulation.waiting[0]
    simulation.step()
    simulation.tell(Ended(simulation.now, server.name, "Succeeded"))
    assert simulation.phases["server"] == "Failed"
    simulation.finish()
    assert simulation.phases["b"] == simulation.run.phase == "Succeeded", "what had begun does not depend on it"
    assert simulation.killed == []


def test_one_that_never_gets_ready_fails_what_depends_on_it(prepare: Simulate) -> None:
    simulation = prepare(DAG, {"server": outcome("Failed")}).begin().finish()
    assert simulation.phases["a"] == "Omitted" and simulation.run.phase == "Failed"


def test_one_with_retries_begins_again(prepare: Simulate) -> None:
    simulation = prepare(DAG.replace("template: server}", "template: again}")).begin()
    first = simulation.waiting[0]
    simulation.step()
    assert simulation.phases["server"] == "Running" and simulation.phases["a"] == "Pending"
    simulation.tell(Ended(simulation.now, first.name, "Failed"))
    simulation.finish()
    assert [simulation.phases[name] for name in ("server(0)", "server(1)", "server")] == [
        "Failed", "Succeeded", "Succeeded",
    ]  # fmt: skip
    assert simulation.killed == ["w-1.server(1)"] and simulation.run.phase == "Succeeded"


def test_each_of_a_fan_out_is_awaited(prepare: Simulate) -> None:
    spec = DAG.replace("template: server}", "template: server, withItems: [1, 2]}").replace("{{tasks.server.ip}}", "x")
    simulation = prepare(spec).begin()
    simulation.step()
    assert "a" not in simulation.phases
    simulation.step()
    assert simulation.phases["server"] == "Succeeded" and simulation.phases["a"] == "Pending"
    simulation.finish()
    assert sorted(simulation.killed) == ["w-1.server(0:1)", "w-1.server(1:2)"]


@pytest.mark.parametrize("spec", [DAG, STEPS])
@pytest.mark.parametrize(
    ("old", "new"), [("  - name: ", "  - parallelism: N\n    name: "), ("entry", "parallelism: N\nentry")]
)
def test_one_that_is_ready_takes_room(prepare: Simulate, spec: str, old: str, new: str) -> None:
    simulation = prepare(spec.replace(old, new.replace("N", "2"))).begin().finish()
    assert simulation.run.phase == "Succeeded"
    simulation = prepare(spec.replace(old, new.replace("N", "1"))).begin().finish()
    assert simulation.run.phase == "Error" if spec is DAG else simulation.run.phase in ("Failed", "Error")
    said = "parallelism leaves no room beside the daemon server; a cluster would wait forever"
    assert said in {node.message for node in simulation.run.nodes.values()}
    assert len(simulation.killed) == 1, "the daemon is ended"


def test_a_failed_task_beside_it_ends_a_dag_that_fails_fast(prepare: Simulate) -> None:
    spec = DAG.replace("name: main\n", "name: main\n    failFast: true\n")
    simulation = prepare(spec, {"a": "Failed"}).begin().finish()
    assert simulation.run.phase == "Failed" and simulation.killed == ["w-1.server"]


@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
def test_a_stopped_run_ends_it(prepare: Simulate, phase: Literal["Failed", "Succeeded"]) -> None:
    simulation = prepare(DAG).begin()
    simulation.step()
    simulation.stop()
    assert set(simulation.killed) == {"w-1.server", "w-1.a"}
    simulation.tell(Ended(simulation.now, "w-1.server", phase))
    assert simulation.run.nodes["w-1.server"].phase == phase
    assert simulation.finish().run.phase == "Failed"


@pytest.mark.parametrize("stops", [False, True])
def test_the_exit_hook_of_one_that_ends_by_itself_is_awaited(prepare: Simulate, stops: bool) -> None:
    hooked = STEPS.replace("{name: server, template: server}", "{name: server, template: server, onExit: leaf}")
    simulation = prepare(hooked).begin()
    simulation.step()
    if stops:
        simulation.stop()
    simulation.tell(Ended(simulation.now, "w-1[0].inner[0].server", "Failed"))
    while (leaf := next((each for each in simulation.waiting if not each.exiting), None)) is not None:
        simulation.waiting.remove(leaf)
        simulation.tell(Ended(simulation.now, leaf.name, "Failed" if leaf.condemned else "Succeeded"))
    assert simulation.phases["[0].inner"] == ("Failed" if stops else "Succeeded")
    assert not simulation.run.over and "[1].after" not in simulation.phases
    assert simulation.finish().run.nodes["w-1[0].inner[0].server.onExit"].phase == "Succeeded"


def test_a_resumed_run_starts_it_first(prepare: Simulate) -> None:
    simulation = prepare(DAG).begin()
    simulation.step()
    simulation.waiting.clear()
    simulation.tell(Resumed(simulation.now))
    assert [node.name for node in simulation.waiting] == ["w-1.server"]
    simulation.step()
    assert [node.name for node in simulation.waiting] == ["w-1.a"]
    assert simulation.finish().run.phase == "Succeeded"


@pytest.mark.parametrize("more", ["", "    failFast: true\n"])
def test_what_waits_for_it_in_a_resumed_run_does_not_begin_once_the_run_is_stopped(
    prepare: Simulate, more: str
) -> None:
    spec = DAG.replace("entrypoint: main\n", "entrypoint: main\nonExit: leaf\n")
    spec = spec.replace("name: main\n", f"name: main\n{more}")
    simulation = prepare(spec).begin()
    simulation.step()
    simulation.waiting.clear()
    simulation.tell(Resumed(simulation.now))
    simulation.stop()
    assert simulation.run.nodes["w-1.a"].phase == "Failed"
    simulation.waiting.clear()
    simulation.step()  # the daemon, which is told to end, ends
    assert [node.name for node in simulation.waiting] == ["w-1.onExit"]
    assert simulation.finish().run.phase == "Failed"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("entrypoint: main", "entrypoint: server", "entrypoint is 'server', a daemon"),
        ("name: main\n", "name: main\n    daemon: true\n", "daemon is only for a container, a containerSet"),
        ("tasks.server.ip", "tasks.server.ip}}{{tasks.b.ip", "{{tasks.b.ip}} would never have a value"),
        ("template: server}", "template: leaf}", "{{tasks.server.ip}} is not known: leaf is no daemon"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(prepare: Simulate, old: str, new: str, message: str) -> None:
    with pytest.raises(PipelineError) as refused:
        prepare(DAG.replace(old, new))
    assert message in str(refused.value)
