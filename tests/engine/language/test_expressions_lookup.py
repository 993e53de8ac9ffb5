"""What an expression names, and where its values come from."""

import subprocess
import sys
from collections.abc import Iterable
from typing import Any

import pytest

from pipeline.engine.language import expr, variables
from pipeline.engine.language.lookup import ABSENT


@pytest.mark.parametrize(
    ("expression", "needed", "maybe"),
    [
        ("inputs.parameters.a == '1'", ["inputs.parameters.a"], []),
        ("inputs.parameters['a-b']", ["inputs.parameters.a-b"], []),
        ("inputs['parameters'][\"a\"] + inputs.parameters.a", ["inputs.parameters.a"], []),
        ("toJson(workflow.parameters)", ["workflow.parameters"], []),
        ("inputs.parameters[item]", ["inputs.parameters", "item"], []),
        ("sprig.trim(item.name) | upper()", ["item.name"], []),
        ("let n = asInt(retries); n > 1", ["retries"], []),
        ("filter([1], # > asInt(item))", ["item"], []),
        ("tasks.a.outputs.result ?? 'none'", [], ["tasks.a.outputs.result"]),
        ("tasks.a?.outputs.result ?? item", ["item"], ["tasks.a"]),
        ("tasks.a.status == 'x' ? tasks.a.outputs.result : 'y'", ["tasks.a.outputs.result", "tasks.a.status"], []),
        ("[workflow.name][0].x + {k: node.name}.k", ["node.name", "workflow.name"], []),
        ("1 + len('inputs.parameters.a')", [], []),
    ],
)
def test_what_an_expression_names(expression: str, needed: list[Any], maybe: list[Any]) -> None:
    assert sorted(expr.paths(expression)) == needed
    assert sorted(expr.guarded_paths(expression)) == maybe


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("1 +", "unexpected token EOF (1:3)"),
        ("nosuch(1)", "there is no function nosuch (1:1)"),
        ("sprig.nosuch(1)", "there is no function sprig.nosuch (1:7)"),
        ("true ? 1 : sprig.uuidv4()", "gives another value each time, and a resumed run must give the same"),
        ("sprig.env('HOME')", "sprig.env is removed by Argo"),
        ("sprig.getHostByName('x')", "must not wait for a network"),
        ("sprig.genCA('x', 1)", "sprig.genCA is not run by this engine"),
        ("sprig.trim('a', 'b')", "sprig.trim takes 1 arguments, got 2 (1:7)"),
        ("sprig.max()", "sprig.max takes 1 arguments, got 0 (1:7)"),
        ("upper('a', 'b')", "too many arguments to call upper (1:1)"),
        ("asInt()", "not enough arguments to call asInt (1:1)"),
        ("1 + 'a'", "invalid operation: + (mismatched types int and string) (1:3)"),
        ("'a' matches '('", "missing )"),
        ("let len = 1; len", "cannot redeclare builtin len (1:5)"),
        ("inputs.parameters.a\n  + \n  #", "unexpected token Operator(\"#\") (3:3)"),
        ("inputs.parameters.b", "inputs.parameters.b is not known here"),
    ],
)  # fmt: skip
def test_what_can_never_be_run_is_refused_before(expression: str, problem: str) -> None:
    with pytest.raises(expr.NotEvaluated) as error:
        expr.check(expression, ("inputs.parameters.a", "item").__contains__)
    assert problem in str(error.value)


def test_what_may_be_run_is_not_refused() -> None:
    known = ("inputs.parameters.a", "item").__contains__
    expr.check("asInt(inputs.parameters['a']) > 1 && item in ['a']", known)
    expr.check("tasks.a.outputs.result ?? sprig.default('x', item)", known)
    expr.check("anything.at.all == nosuch")


class Scope:
    """A lookup that knows its names, and the time."""

    def __init__(self, **held: Any) -> None:
        self.held = {name.replace("_", "."): value for name, value in held.items()}

    def __call__(self, path: str) -> Any:
        return self.held.get(path)

    def keys(self) -> Iterable[str]:
        return self.held.keys()

    def now(self) -> float:
        return 1_714_979_289.5


def test_a_map_that_is_used_whole_has_all_that_the_lookup_knows() -> None:
    scope = Scope(inputs_parameters="[]", inputs_parameters_a="1", inputs_parameters_b="x", workflow_name="w")
    assert expr.evaluate("toJson(inputs.parameters)", scope) == '{"a":"1","b":"x"}'
    assert expr.evaluate("inputs.parameters[workflow.name] == nil", scope) is True
    assert expr.evaluate("sort(keys(inputs.parameters))", scope) == ["a", "b"]
    assert expr.evaluate("inputs.parameters.c ?? 'none'", scope) == "none"


def test_what_is_named_alone_asks_for_nothing_else() -> None:
    asked = []

    def lookup(path: str) -> Any:
        asked.append(path)
        return {"inputs.parameters.a": "1", "tasks.b.outputs.result": ABSENT}.get(path)

    assert expr.evaluate("asInt(inputs.parameters.a) + 1", lookup) == 2
    assert asked == ["inputs.parameters.a"]
    assert expr.evaluate("tasks.b.outputs.result ?? 'skipped'", lookup) == "skipped"
    assert expr.evaluate("tasks.b.outputs.result == nil", lookup) is True
    with pytest.raises(expr.NotEvaluated, match="unknown name steps"):
        expr.evaluate("steps.b.outputs.result", lookup)


def test_the_clock_is_the_lookups() -> None:
    assert expr.evaluate("now().Unix()", Scope()) == 1_714_979_289
    assert expr.evaluate("now().Format('2006-01-02 15:04:05.0')", Scope()) == "2024-05-06 07:08:09.5"
    assert expr.evaluate("sprig.date('2006', 'no date')", Scope()) == "2024"


def test_a_value_of_another_kind_is_handed_through() -> None:
    artifact = object()
    expression = (
        "tasks.flip.outputs.result == 'heads' ? tasks.heads.outputs.artifacts.a : tasks.tails.outputs.artifacts.a"
    )
    values = {"tasks.flip.outputs.result": "heads", "tasks.heads.outputs.artifacts.a": artifact}
    assert expr.evaluate(expression, values.get) is artifact
    with pytest.raises(expr.NotEvaluated, match="unsupported type"):
        expr.evaluate("toJson(tasks.heads.outputs.artifacts.a)", values.get)
    assert "object" not in expr.evaluate("string(tasks.heads.outputs.artifacts.a)", values.get)


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), ('"', '"'), (1, "1"), (1.0, "1"), (1e21, "1e+21"), (True, "true"), ([1, "<"], '[1,"\\u003c"]'),
     ({"b": 1, "a": None}, '{"a":null,"b":1}'), ("é\udcc3", "é�")],
)  # fmt: skip
def test_a_value_as_a_tag_renders_it(value: Any, text: str) -> None:
    assert expr.text_of(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), (1, "1"), (1.0, "1"), (1e6, "1e+06"), (0.00001, "1e-05"), (123456.5, "123456.5"), (True, "true"),
     ([1, "a b", None], "[1 a b <nil>]"), ({"b": 1, "a": [2]}, "map[a:[2] b:1]")],
)  # fmt: skip
def test_a_value_as_an_output_parameter_has_it(value: Any, text: str) -> None:
    assert expr.printed(value) == text


def test_a_condition_must_be_a_boolean() -> None:
    assert expr.holds("lastRetry.exitCode == '2'", {"lastRetry.exitCode": "2"}) is True
    with pytest.raises(expr.NotEvaluated, match="unable to cast expression result '2' to bool"):
        expr.holds("lastRetry.exitCode", {"lastRetry.exitCode": "2"})
    with pytest.raises(expr.NotEvaluated, match=r"unable to evaluate expression 'asInt.*int\(x\)"):
        expr.holds("asInt(lastRetry.exitCode) > 1", {"lastRetry.exitCode": "x"})


def test_a_function_can_not_change_what_others_see() -> None:
    values = {"inputs.parameters.a": "1"}
    assert expr.evaluate("sprig.set(inputs.parameters, 'a', 2).a", values) == 2
    with pytest.raises(expr.NotEvaluated):
        expr.text_of(expr.evaluate("sprig.set(sprig, 'upper', 1)", values))
    assert expr.evaluate("sprig.upper(inputs.parameters.a + 'a')", values) == "1A"


def test_a_manifest_without_expressions_loads_nothing_of_them() -> None:
    code = (
        "import sys, pipeline.engine; from pipeline.engine.language import when, variables;"
        "assert variables.replace_text('{{a}} b', {'a': 'x'}.get) == 'x b'; assert when.holds('a == a');"
        "print([name for name in sys.modules if name in ('re2', 'zoneinfo')"
        " or name.endswith('.syntax.parser')])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == "[]"


def test_control_characters_can_not_be_put_into_a_manifest() -> None:
    with pytest.raises(variables.Unresolved, match=r"invalid JSON: the value of \{\{a\}\} holds a control character"):
        variables.replace_text("{{a}}", {"a": "\x1b[31mred"}.get)
