"""Attempts: how many, after what, how long between them, and what a retry node shows."""

from itertools import pairwise
from typing import Any

import pytest

from pipeline.engine.scheduler.events import Ended
from pipeline.engine.scheduler.state import Node
from tests.engine.laboratory import Behaviour, Simulate, Simulation, outcome

RETRY = """
entrypoint: only
templates:
  - name: only
    retryStrategy: {strategy}
    container: {{image: i, command: [echo, "{said}"]}}
"""


def spec(strategy: str, said: str = "x") -> str:
    return RETRY.format(strategy=strategy, said=said)


def attempts(*answers: Ended | str) -> Behaviour:
    """The first attempt ends with the first answer, and so on; the last one repeats."""
    return lambda node: answers[min(node.attempt, len(answers) - 1)]


def test_a_retry_node_holds_its_attempts(simulate: Simulate) -> None:
    found = simulate(spec("{limit: 3}"), attempts("Failed", "Succeeded"))
    assert found.tree == {"(root)": "Retry Succeeded", "(0)": "Pod Failed", "(1)": "Pod Succeeded"}
    assert found.children("") == ["(0)", "(1)"]
    assert found.run.phase == "Succeeded"


def test_one_attempt_that_succeeds_is_enough(simulate: Simulate) -> None:
    assert simulate(spec("{limit: 3}")).tree == {"(root)": "Retry Succeeded", "(0)": "Pod Succeeded"}


def test_a_limit_is_a_number_of_retries(simulate: Simulate) -> None:
    found = simulate(spec("{limit: 2}"), attempts("Failed"))
    assert found.tree == {"(root)": "Retry Failed", "(0)": "Pod Failed", "(1)": "Pod Failed", "(2)": "Pod Failed"}
    assert found.node("").message == "No more retries left"


@pytest.mark.parametrize(
    ("policy", "first", "tries"),
    [
        ("", "Failed", 2),
        ("", "Error", 1),
        ("OnFailure", "Failed", 2),
        ("OnFailure", "Error", 1),
        ("OnError", "Failed", 1),
        ("OnError", "Error", 2),
        ("Always", "Failed", 2),
        ("Always", "Error", 2),
    ],
)
def test_policies(simulate: Simulate, policy: str, first: str, tries: int) -> None:
    strategy = f"{{limit: 5{f', retryPolicy: {policy}' if policy else ''}}}"
    found = simulate(spec(strategy), attempts(first, "Succeeded"))
    assert len(found.node("").attempts) == tries
    assert found.run.phase == ("Succeeded" if tries == 2 else first)


EXPRESSION = '{limit: 5, expression: "asInt(lastRetry.exitCode) not in [2, 3]"}'


@pytest.mark.parametrize(("code", "tries"), [(1, 2), (2, 1), (3, 1), (137, 2)])
def test_an_expression_decides(simulate: Simulate, code: int, tries: int) -> None:
    found = simulate(spec(EXPRESSION), attempts(outcome("Failed", code), "Succeeded"))
    assert len(found.node("").attempts) == tries
    if tries == 1:
        assert found.run.phase == "Failed"
        assert found.node("").message == "retryStrategy.expression evaluated to false"


def test_an_expression_makes_the_policy_always(simulate: Simulate) -> None:
    found = simulate(spec(EXPRESSION), attempts(outcome("Error", 64), "Succeeded"))
    assert found.run.phase == "Succeeded"


@pytest.mark.parametrize(
    ("expression", "goes_on"),
    [
        ("lastRetry.status == 'Error'", False),
        ("lastRetry.status == 'Failed' && asInt(retries) < 1", True),
        ("lastRetry.message contains 'busy'", True),
        ("asFloat(lastRetry.duration) > 100", False),
        ("lastRetry.exitCode > 1", None),
    ],
)
def test_what_an_expression_can_ask(simulate: Simulate, expression: str, goes_on: bool | None) -> None:
    found = simulate(
        spec(f'{{limit: 1, expression: "{expression}"}}'), attempts(outcome("Failed", 1, "too busy"), "Succeeded")
    )
    assert found.run.phase == {True: "Succeeded", False: "Failed", None: "Error"}[goes_on]
    if goes_on is None:
        assert "invalid operation: string > int" in found.run.message


def test_an_attempt_knows_which_it_is(simulate: Simulate) -> None:
    def behave(node: Node) -> Ended | str:
        return outcome("Failed", 7) if node.attempt == 0 else "Succeeded"

    found = simulate(
        """
        entrypoint: main
        templates:
          - name: main
            dag: {tasks: [{name: a, template: only}]}
          - name: only
            retryStrategy: {limit: 1}
            container:
              image: i
              command: [echo, "{{retries}} {{lastRetry.exitCode}} {{lastRetry.status}} {{node.name}} {{tasks.name}}"]
        """,
        behave,
    )
    assert [command[1] for command in found.commands] == ["0 0  w-1.a a", "1 7 Failed w-1.a a"]
    assert found.tree["a"] == "Retry Succeeded"


BACKOFF = '{{limit: 3, backoff: {{duration: "{duration}", factor: {factor}{more}}}}}'


def waits(found: Simulation) -> list[float]:
    """The seconds between the end of each attempt and the start of the next."""
    tries = found.node("").attempts
    return [round(after.created_at - (before.finished_at or 0), 3) for before, after in pairwise(tries)]


@pytest.mark.parametrize(
    ("duration", "factor", "more", "between"),
    [
        ("10", 1, "", [10, 10, 10]),
        ("10s", 2, "", [10, 20, 40]),
        ("1m", 2, ", cap: 90s", [60, 90, 90]),
        ("0.5s", 1, "", [0.5, 0.5, 0.5]),
    ],
)
def test_backoff(simulate: Simulate, duration: str, factor: int, more: str, between: list[Any]) -> None:
    found = simulate(spec(BACKOFF.format(duration=duration, factor=factor, more=more)), attempts("Failed"))
    assert waits(found) == between


def test_a_waiting_retry_says_so(prepare: Simulate) -> None:
    found = prepare(spec(BACKOFF.format(duration="10", factor=1, more="")), attempts("Failed")).begin()
    found.step()
    assert found.tree == {"(root)": "Retry Running", "(0)": "Pod Failed"}
    assert found.node("").message == "Backoff for 10 seconds"


def test_a_backoff_that_would_end_too_late_is_not_waited_for(simulate: Simulate) -> None:
    found = simulate(spec(BACKOFF.format(duration="10", factor=2, more=", maxDuration: 25s")), attempts("Failed"))
    assert len(found.node("").attempts) == 2
    assert found.node("").message == "Backoff would exceed max duration limit"


def test_no_time_is_lost_before_a_final_no(simulate: Simulate) -> None:
    """The controller waits first and asks then; the end is the same."""
    strategy = '{limit: 3, backoff: {duration: "1h"}, expression: "asInt(lastRetry.exitCode) != 2"}'
    found = simulate(spec(strategy), attempts(outcome("Failed", 2)))
    assert found.took("") < 60
    assert found.node("").message == "retryStrategy.expression evaluated to false"


def test_the_outputs_are_those_of_the_last_attempt(simulate: Simulate) -> None:
    found = simulate(
        """
        entrypoint: main
        templates:
          - name: main
            dag:
              tasks:
                - {name: a, template: make}
                - name: b
                  template: take
                  depends: a
                  arguments: {parameters: [{name: p, value: "{{tasks.a.outputs.parameters.o}} {{tasks.a.exitCode}}"}]}
          - name: make
            retryStrategy: {limit: 1}
            outputs: {parameters: [{name: o, valueFrom: {path: /o}}]}
            container: {image: i, command: [make]}
          - name: take
            inputs: {parameters: [{name: p}]}
            container: {image: i, command: [take]}
        """,
        lambda node: outcome("Failed", 1, o="early") if node.task == "a" and node.attempt == 0 else {"o": "late"},
    )
    assert found.value("b", "p") == "late 0"
    assert found.children("a(1)") == ["b"]
    assert found.children("a(0)") == []


def test_a_dag_can_be_tried_again_as_a_whole(simulate: Simulate) -> None:
    found = simulate(
        """
        entrypoint: main
        templates:
          - name: main
            retryStrategy: {limit: 1}
            dag: {tasks: [{name: a, template: leaf}]}
        """,
        lambda node: "Failed" if "(0)" in node.name else "Succeeded",
    )
    assert found.tree == {
        "(root)": "Retry Succeeded",
        "(0)": "DAG Failed",
        "(0).a": "Pod Failed",
        "(1)": "DAG Succeeded",
        "(1).a": "Pod Succeeded",
    }


def test_a_limit_that_is_no_number_is_an_error(simulate: Simulate) -> None:
    found = simulate(
        """
        entrypoint: only
        arguments: {parameters: [{name: n-of-tries, value: many}]}
        templates:
          - name: only
            retryStrategy: {limit: "{{workflow.parameters.n-of-tries}}"}
            container: {image: i, command: [x]}
        """,
        attempts("Failed"),
    )
    assert found.run.phase == "Error"
    assert "value 'many' cannot be resolved to an int" in found.run.message
