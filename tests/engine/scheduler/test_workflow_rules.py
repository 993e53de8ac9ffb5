"""What holds for a whole run: exit handlers, stopping, deadlines, parallelism, failFast and mutexes."""

import json

import pytest

from pipeline.engine.scheduler.events import Resumed, Tick
from tests.engine.laboratory import Simulate, outcome

EXIT = """
entrypoint: main
onExit: bye
arguments: {parameters: [{name: p, value: v}]}
templates:
  - name: main
    dag: {tasks: [{name: a, template: leaf}]}
  - name: bye
    inputs: {parameters: [{name: p}]}
    dag:
      tasks:
        - name: always
          template: take
          arguments: {parameters: [{name: q, value: "{{workflow.status}} {{inputs.parameters.p}}"}]}
        - {name: mend, template: leaf, when: "{{workflow.status}} != Succeeded"}
        - name: why
          template: take
          arguments: {parameters: [{name: q, value: "{{workflow.failures}}"}]}
  - name: take
    inputs: {parameters: [{name: q}]}
    container: {image: i, command: [take]}
"""


@pytest.mark.parametrize("ended", ["Succeeded", "Failed", "Error"])
def test_an_exit_handler_runs_after_every_end(simulate: Simulate, ended: str) -> None:
    found = simulate(EXIT, {"a": ended})
    assert found.tree["a"] == f"Pod {ended}"
    assert found.tree["onExit"] == "DAG Succeeded"
    assert found.value(".onExit.always", "q") == f"{ended} v"
    assert found.tree["onExit.mend"] == ("Skipped Skipped" if ended == "Succeeded" else "Pod Succeeded")
    assert found.run.phase == ended


def test_an_exit_handler_is_told_what_failed(simulate: Simulate) -> None:
    found = simulate(EXIT, {"a": outcome("Failed", 3, "main: Error (exit code 3)")})
    failures = json.loads(json.loads(found.text(".onExit.why", "q")))
    assert [(each["displayName"], each["message"], each["phase"], each["templateName"]) for each in failures] == [
        ("w-1", "", "Failed", "main"),
        ("a", "main: Error (exit code 3)", "Failed", "leaf"),
    ]


def test_a_failed_exit_handler_fails_a_run_that_had_succeeded(simulate: Simulate) -> None:
    assert simulate(EXIT, {"always": "Failed"}).run.phase == "Failed"
    assert simulate(EXIT, {"a": "Error", "always": "Failed"}).run.phase == "Error"


def test_an_entrypoint_that_cannot_begin_ends_the_run_at_once(simulate: Simulate) -> None:
    spec = """
    entrypoint: take
    onExit: leaf
    arguments: {parameters: [{name: q}]}
    templates:
      - name: take
        inputs: {parameters: [{name: q}]}
        container: {image: i, command: [take, "{{inputs.parameters.q}}"]}
    """
    found = simulate(spec)
    assert found.tree == {"(root)": "Skipped Error"}
    assert found.run.message == "error in entry template execution: inputs.parameters.q was not supplied"


SLOW = """
entrypoint: main
onExit: bye
templates:
  - name: main
    dag:
      tasks:
        - {name: a, template: leaf}
        - {name: b, template: again}
        - {name: c, template: leaf, depends: a.Failed}
        - {name: d, template: leaf, depends: a}
  - name: again
    retryStrategy: {limit: 5}
    container: {image: i, command: [x]}
  - name: bye
    container: {image: i, command: [echo, "{{workflow.status}}"]}
"""


def test_stop_ends_what_runs_and_runs_the_exit_handler(prepare: Simulate) -> None:
    found = prepare(SLOW).begin()
    found.stop()
    assert found.killed == ["w-1.a", "w-1.b(0)"]
    found.finish()
    assert found.tree == {
        "(root)": "DAG Failed",
        "a": "Pod Failed",
        "b": "Retry Failed",
        "b(0)": "Pod Failed",
        "c": "Pod Failed",
        "d": "Skipped Omitted",
        "onExit": "Pod Succeeded",
    }
    assert found.node("a").message == "workflow shutdown with strategy:  Stop"
    assert found.node("b").message == found.run.message == "Stopped with strategy 'Stop'"
    assert "w-1.c" not in found.started
    assert found.run.phase == "Failed"


def test_terminate_ends_all_and_runs_no_exit_handler(prepare: Simulate) -> None:
    found = prepare(SLOW).begin()
    found.stop("Terminate")
    found.finish()
    assert "onExit" not in found.tree
    assert found.run.phase == "Failed"


def test_terminate_ends_a_running_exit_handler(prepare: Simulate) -> None:
    found = prepare(SLOW).begin()
    while "w-1.onExit" not in found.started:
        found.step()
    found.stop("Stop")
    assert found.killed == []
    found.stop("Terminate")
    assert found.killed == ["w-1.onExit"]


DEADLINE = """
entrypoint: main
activeDeadlineSeconds: 100
onExit: leaf
templates:
  - name: main
    dag:
      tasks:
        - {name: a, template: leaf}
        - {name: b, template: leaf, depends: a.Failed}
"""


def test_a_workflow_deadline_ends_what_runs_but_not_the_exit_handler(prepare: Simulate) -> None:
    found = prepare(DEADLINE).begin()
    assert found.run.started_at is not None
    assert found.run.next_tick == found.run.started_at + 100
    waiting, found.waiting = found.waiting, []
    found.step()
    assert found.killed == ["w-1.a"]
    found.waiting = waiting
    found.finish()
    assert found.phases == {"(root)": "Failed", "a": "Failed", "b": "Failed", "onExit": "Succeeded"}
    assert found.node("a").message == found.node("b").message == "Step exceeded its deadline"
    assert "w-1.b" not in found.started


def test_an_exit_handler_that_runs_when_the_deadline_comes_goes_on(prepare: Simulate) -> None:
    found = prepare(DEADLINE).begin()
    while "w-1.onExit" not in found.started:
        found.step()
    assert found.run.next_tick is not None
    found.tell(Tick(found.run.next_tick))
    assert found.killed == []
    assert found.finish().run.phase == "Succeeded"


def test_time_without_an_engine_does_not_count_against_the_deadline(prepare: Simulate) -> None:
    found = prepare(DEADLINE).begin()
    deadline = found.run.next_tick
    assert deadline is not None
    found.tell(Resumed(found.now + 5000))
    assert found.run.next_tick == deadline + 5000
    assert found.phases["a"] == "Pending"


def test_a_retry_does_not_outlive_the_workflow_deadline(prepare: Simulate) -> None:
    spec = """
    entrypoint: again
    activeDeadlineSeconds: 100
    templates:
      - name: again
        retryStrategy: {limit: 5, backoff: {duration: 1h}}
        container: {image: i, command: [x]}
    """
    found = prepare(spec, lambda node: "Failed").begin().finish()
    assert found.run.phase == "Failed"
    assert found.node("").message.startswith("retry exceeded workflow deadline 1970-01-12")
    assert len(found.node("").attempts) == 1


WIDE = """
entrypoint: main
{of_workflow}
templates:
  - name: main
    {of_template}
    dag:
      tasks:
        - {{name: a, template: leaf, withSequence: {{count: 10}}}}
        - {{name: b, template: leaf}}
        - {{name: c, template: leaf}}
"""


@pytest.mark.parametrize(
    ("of_workflow", "of_template", "most"),
    [("", "", 12), ("parallelism: 3", "", 3), ("", "parallelism: 4", 4), ("parallelism: 2", "parallelism: 4", 2)],
)
def test_parallelism(simulate: Simulate, of_workflow: str, of_template: str, most: int) -> None:
    found = simulate(WIDE.format(of_workflow=of_workflow, of_template=of_template))
    assert found.most == most
    assert len(found.started) == 12
    assert set(found.phases.values()) == {"Succeeded"}


def test_parallelism_of_a_dag_counts_nested_dags_as_one(simulate: Simulate) -> None:
    spec = """
    entrypoint: main
    templates:
      - name: main
        parallelism: 1
        dag: {tasks: [{name: a, template: inner}, {name: b, template: inner}]}
      - name: inner
        dag: {tasks: [{name: p, template: leaf}, {name: q, template: leaf}]}
    """
    found = simulate(spec)
    assert found.started == ["w-1.a.p", "w-1.a.q", "w-1.b.p", "w-1.b.q"]
    assert found.most == 2


def test_retries_wait_for_room_too(simulate: Simulate) -> None:
    spec = """
    entrypoint: main
    parallelism: 1
    templates:
      - name: main
        dag: {tasks: [{name: a, template: again, withSequence: {count: 3}}]}
      - name: again
        retryStrategy: {limit: 1}
        container: {image: i, command: [x]}
    """
    found = simulate(spec, lambda node: "Failed" if node.attempt == 0 else "Succeeded")
    assert found.most == 1
    assert found.run.phase == "Succeeded"


def test_fail_fast_of_a_template_starts_nothing_more(prepare: Simulate) -> None:
    spec = """
    entrypoint: main
    templates:
      - name: main
        parallelism: 2
        failFast: true
        dag:
          tasks:
            - {name: a, template: leaf, withSequence: {count: 5}}
            - {name: b, template: leaf, depends: a}
    """
    found = prepare(spec, lambda node: "Failed" if "(0:" in node.name else "Succeeded").begin().finish()
    assert found.started == ["w-1.a(0:0)", "w-1.a(1:1)"]
    assert found.phases == {"(root)": "Failed", "a": "Failed", "a(0:0)": "Failed", "a(1:1)": "Succeeded"}
    assert found.run.message == "template has failed or errored children and failFast enabled"


MUTEX = """
entrypoint: main
templates:
  - name: main
    dag:
      tasks:
        - {name: a, template: alone}
        - {name: b, template: alone}
        - {name: c, template: leaf}
  - name: alone
    synchronization: {mutexes: [{name: m}]}
    dag: {tasks: [{name: p, template: leaf}, {name: q, template: leaf, depends: p}]}
"""


def test_a_mutex_lets_one_after_the_other_in(simulate: Simulate) -> None:
    found = simulate(MUTEX)
    alone = [name for name in found.started if name != "w-1.c"]
    assert alone == ["w-1.a.p", "w-1.a.q", "w-1.b.p", "w-1.b.q"]
    assert found.locks == {}
    assert set(found.phases.values()) == {"Succeeded"}


def test_what_waits_for_a_mutex_ends_with_the_run(prepare: Simulate) -> None:
    found = prepare(MUTEX).begin()
    found.locks["m"] = "somebody else"
    found.step()
    found.stop()
    found.finish()
    assert found.phases == {"(root)": "Failed", "a": "Failed", "b": "Failed", "c": "Succeeded"}
    assert found.wanting == []


def test_a_mutex_that_what_is_around_has_would_be_waited_for_for_ever(simulate: Simulate) -> None:
    spec = """
    entrypoint: main
    templates:
      - name: main
        synchronization: {mutexes: [{name: m}]}
        dag: {tasks: [{name: a, template: inner}]}
      - name: inner
        synchronization: {mutexes: [{name: m}]}
        container: {image: i, command: [x]}
    """
    found = simulate(spec)
    assert found.run.phase == "Error"
    assert found.node("a").message.startswith("mutex m is held by w-1, of which this is a part")


def test_a_mutex_around_attempts_is_held_through_all_of_them(prepare: Simulate) -> None:
    spec = """
    entrypoint: only
    templates:
      - name: only
        synchronization: {mutexes: [{name: m}]}
        retryStrategy: {limit: 1}
        container: {image: i, command: [x]}
    """
    found = prepare(spec, lambda node: "Failed" if node.attempt == 0 else "Succeeded").begin()
    found.step()
    while not found.run.over:
        assert found.locks == {"m": "w-1"}
        found.step()
    assert found.locks == {}
    assert found.run.phase == "Succeeded"
