"""Fan-outs: names, items, what comes out of them together, and the traps they hold."""

from collections.abc import Sequence
from typing import Any

import pytest

from pipeline.engine.planning import items
from pipeline.engine.scheduler.events import Ended, Outputs
from pipeline.engine.scheduler.state import Node
from tests.engine.laboratory import Behaviour, Simulate, outcome

OVER = """
entrypoint: main
arguments: {{parameters: [{{name: list, value: '{value}'}}]}}
templates:
  - name: main
    dag:
      tasks:
        - name: a
          template: echo
          {over}
          arguments: {{parameters: [{{name: p, value: "{taken}"}}]}}
  - name: echo
    inputs: {{parameters: [{{name: p}}]}}
    container: {{image: i, command: [echo]}}
"""


def spec(over: str, value: str = "[]", taken: str = "{{item}}") -> str:
    return OVER.format(over=over, value=value, taken=taken)


WITH_PARAM = "withParam: '{{workflow.parameters.list}}'"


@pytest.mark.parametrize(
    ("over", "value", "names", "values"),
    [
        ("withItems: [x, 2, true]", "[]", ["a(0:x)", "a(1:2)", "a(2:true)"], ["x", "2", "true"]),
        (WITH_PARAM, '["b (c)", 1.50, null]', ["a(0:b c)", "a(1:1.50)", "a(2:[])"], ["b (c)", "1.50", "null"]),
        (WITH_PARAM, '[["x", 1]]', ["a(0:[x 1])"], ['["x",1]']),
        (WITH_PARAM, '[{"k": "v", "b": 1}]', ["a(0:b:1,k:v)"], ['{"b":1,"k":"v"}']),
        ("withSequence: {count: 3}", "[]", ["a(0:0)", "a(1:1)", "a(2:2)"], ["0", "1", "2"]),
        ("withSequence: {start: 4, end: 2}", "[]", ["a(0:4)", "a(1:3)", "a(2:2)"], ["4", "3", "2"]),
        ("withSequence: {start: 1, count: 2, format: 'n%03X'}", "[]", ["a(0:n001)", "a(1:n002)"], ["n001", "n002"]),
        ("withSequence: {count: '{{workflow.parameters.list}}'}", "2", ["a(0:0)", "a(1:1)"], ["0", "1"]),
    ],
)
def test_each_item_is_a_node_of_its_own(
    simulate: Simulate, over: str, value: str, names: list[str], values: list[str]
) -> None:
    found = simulate(spec(over, value))
    assert found.tree == {
        "(root)": "DAG Succeeded",
        "a": "TaskGroup Succeeded",
        **dict.fromkeys(names, "Pod Succeeded"),
    }
    assert [found.value(name, "p") for name in names] == values
    assert found.children("a") == names


def test_the_keys_of_an_item(simulate: Simulate) -> None:
    found = simulate(spec(WITH_PARAM, '[{"k": "v", "n": 3}]', "{{item.k}}-{{item.n}}"))
    assert found.value("a(0:k:v,n:3)", "p") == "v-3"


def test_an_empty_fan_out_is_skipped(simulate: Simulate) -> None:
    found = simulate(spec(WITH_PARAM, "[]"))
    assert found.tree == {"(root)": "DAG Succeeded", "a": "Skipped Skipped"}
    assert found.node("a").message == "Skipped, empty params"


@pytest.mark.parametrize("value", ["no list", '{"a": 1}', "3"])
def test_items_that_are_no_list_are_an_error(simulate: Simulate, value: str) -> None:
    found = simulate(spec(WITH_PARAM, value))
    assert found.tree == {"(root)": "DAG Error", "a": "Skipped Error"}
    assert found.node("a").message.startswith(f"withParam value could not be parsed as a JSON list: {value}")


def test_more_items_than_a_machine_can_take_are_an_error(simulate: Simulate) -> None:
    found = simulate(spec("withSequence: {count: 1000000000}"))
    assert found.tree["a"] == "Skipped Error"
    assert str(items.MOST_ITEMS) in found.node("a").message


def test_when_is_asked_of_each_item(simulate: Simulate) -> None:
    found = simulate(spec("withItems: [1, 2, 3]\n          when: '{{item}} != 2'"))
    assert found.phases == {
        "(root)": "Succeeded", "a": "Succeeded", "a(0:1)": "Succeeded", "a(1:2)": "Skipped", "a(2:3)": "Succeeded",
    }  # fmt: skip


def test_a_fan_out_that_does_not_run_needs_no_list(simulate: Simulate) -> None:
    found = simulate(spec(f"{WITH_PARAM}\n          when: '1 == 2'", "no list"))
    assert found.tree == {"(root)": "DAG Succeeded", "a": "Skipped Skipped"}


JOIN = """
entrypoint: main
templates:
  - name: main
    dag:
      tasks:
        - {{name: a, template: make, withParam: '{items}'}}
        - name: b
          template: take
          depends: "{depends}"
          {when}
          arguments: {{parameters: [{{name: p, value: "{{{{tasks.a.{what}}}}}"}}]}}
  - name: make
    outputs: {{parameters: [{{name: o, valueFrom: {{path: /o}}}}]}}
    container: {{image: i, command: [make]}}
  - name: take
    inputs: {{parameters: [{{name: p}}]}}
    container: {{image: i, command: [take]}}
"""


def join(items: str = "[1, 2, 3]", depends: str = "a", what: str = "outputs.parameters.o", when: str = "") -> str:
    return JOIN.format(items=items, depends=depends, what=what, when=when)


def by_item(outputs: Sequence[str | None]) -> Behaviour:
    """Each item of `a` puts out what `outputs` has at its place; None: it fails."""

    def behave(node: Node) -> Ended | str | dict[str, str]:
        if node.task != "a":
            return "Succeeded"
        value = outputs[int(node.name.rsplit("(", 1)[1].split(":")[0])]
        return outcome("Failed", o="of a failure") if value is None else {"o": value}

    return behave


@pytest.mark.parametrize(
    ("outputs", "together"),
    [
        (["x", "y", "z"], '["x","y","z"]'),
        (["1", "2", "3"], '["1","2","3"]'),
        (['{"k": 1.0}', "[2]", "{}"], '[{"k":1},[2],{}]'),
        (['{"k": 1}', "no", "[]"], '["{\\"k\\": 1}","no","[]"]'),
        (["<&>", "", "µ"], '["\\u003c\\u0026\\u003e","","µ"]'),
    ],
)
def test_outputs_come_together_as_the_controller_writes_them(
    simulate: Simulate, outputs: list[str], together: str
) -> None:
    assert simulate(join(), by_item(outputs)).value("b", "p") == together


def test_of_a_fan_out_with_failures_only_the_successes_are_there(simulate: Simulate) -> None:
    found = simulate(join(depends="a.Failed"), by_item(["x", None, "z"]))
    assert found.value("b", "p") == '["x","z"]'
    assert found.phases["(root)"] == "Succeeded"


def test_all_parameters_of_all_items(simulate: Simulate) -> None:
    found = simulate(join(what="outputs.parameters"), by_item(["x", "y", "z"]))
    assert found.value("b", "p") == '[{"o":"x"},{"o":"y"},{"o":"z"}]'


def test_a_result_is_a_list_of_json(simulate: Simulate) -> None:
    def behave(node: Node) -> Ended:
        return Ended(0, "", "Succeeded", "", Outputs(exit_code="0", result='{"n": 1}'))

    assert simulate(join(what="outputs.result"), behave).value("b", "p") == '[{"n":1},{"n":1},{"n":1}]'


def test_a_result_that_is_no_json(simulate: Simulate) -> None:
    def behave(node: Node) -> Ended:
        return Ended(0, "", "Succeeded", "", Outputs(exit_code="0", result="plain words"))

    found = simulate(join(what="outputs.result"), behave)
    assert found.run.phase == "Error"
    assert found.node("b").message == "an item of a printed 'plain words'; the results of a fan-out must be JSON"


def test_a_fan_out_fails_with_its_last_failure(simulate: Simulate) -> None:
    found = simulate(
        join(), lambda node: "Error" if "(1:" in node.name else "Failed" if "(2:" in node.name else {"o": ""}
    )
    assert found.phases["a"] == "Failed"
    assert found.tree["b"] == "Skipped Omitted"


@pytest.mark.parametrize(
    ("depends", "outputs", "runs"),
    [
        ("a.AnySucceeded", ["x", None, None], True),
        ("a.AnySucceeded", [None, None, None], False),
        ("a.AllFailed", [None, None, None], True),
        ("a.AllFailed", ["x", None, None], False),
    ],
)
def test_conditions_on_items(simulate: Simulate, depends: str, outputs: list[Any], runs: bool) -> None:
    found = simulate(join(depends=depends, what="status"), by_item(outputs))
    assert found.tree["b"] == ("Pod Succeeded" if runs else "Skipped Omitted")


@pytest.mark.parametrize("depends", ["a.Succeeded", "a.AnySucceeded", "a.AllFailed"])
def test_what_an_empty_fan_out_is_not(simulate: Simulate, depends: str) -> None:
    assert simulate(join("[]", depends, "status")).tree["b"] == "Skipped Omitted"


@pytest.mark.parametrize("what", ["outputs.result", "outputs.parameters"])
def test_where_a_cluster_waits_for_ever_for_an_empty_fan_out_there_is_an_error(simulate: Simulate, what: str) -> None:
    found = simulate(join("[]", what=what))
    assert found.run.phase == "Error"
    assert "a cluster would wait for it forever" in found.node("b").message
    assert f"tasks.a.{what}" in found.node("b").message


def test_a_guard_makes_that_harmless(simulate: Simulate) -> None:
    found = simulate(join("[]", what="outputs.result", when="when: '{{tasks.a.status}} == Succeeded'"))
    assert found.tree == {"(root)": "DAG Succeeded", "a": "Skipped Skipped", "b": "Skipped Skipped"}


def test_a_literal_that_stays_unknown_is_an_error_in_a_fan_out(simulate: Simulate) -> None:
    """On a cluster every tag of a fan-out's task must be known, also one that stays as it is elsewhere."""
    found = simulate(spec("withItems: [1]", taken="{{workflow.scheduledTime}}"))
    assert found.node("a").message == "failed to resolve {{workflow.scheduledTime}}"
    assert found.run.phase == "Error"


def test_what_follows_hangs_below_the_items(simulate: Simulate) -> None:
    found = simulate(join(), by_item(["x", "y", "z"]))
    assert found.children("a(0:1)") == found.children("a(2:3)") == ["b"]
    assert found.children("a") == ["a(0:1)", "a(1:2)", "a(2:3)"]
