"""The small languages: retry expressions, resource conditions, JSONPath, durations."""

import pytest

from pipeline.engine.language import durations, expr, grammar, resources

VALUES = {"lastRetry.exitCode": "2", "lastRetry.status": "Failed", "lastRetry.message": "it's busy", "retries": "0"}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("asInt(lastRetry.exitCode) not in [2, 3]", False),
        ("asInt(lastRetry.exitCode)  not   in [3]", True),
        ("asInt(lastRetry.exitCode) in [2]", True),
        ("lastRetry.exitCode == '2'", True),
        ('lastRetry.status != "Failed" or asInt(retries) < 1', True),
        ("not (lastRetry.status == 'Error')", True),
        ("!(true && false)", True),
        ("asInt(lastRetry.exitCode) + 1 == 3 and 10 % 4 == 2", True),
        ("lastRetry.message startsWith 'it' && lastRetry.message endsWith 'busy'", True),
        ("lastRetry.message matches '^it.s'", True),
        ("asInt(retries) > 3 ? true : lastRetry.status == 'Failed'", True),
        ("len(lastRetry.exitCode) == 1", True),
        ("lastRetry.status in ['Failed', \"Error\"]", True),
        ("-1 < asInt(retries)", True),
        ("lastRetry.exitCode == 2", False),  # an exit code is a text, and no text is a number
    ],
)
def test_retry_expressions(expression: str, value: bool) -> None:
    assert expr.holds(expression, VALUES) is value


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        (
            "lastRetry.exitCode > 1",
            "unable to evaluate expression 'lastRetry.exitCode > 1': invalid operation: string > int",
        ),
        ("asInt(lastRetry.status)", "invalid operation: int(Failed)"),
        ("asInt(retries)", "unable to cast expression result '0' to bool"),
        ("nosuch == 1", "unknown name nosuch (1:1)"),
        ("(1 == 1", "unexpected token EOF (1:7)"),
        ("1 == ", "unexpected token EOF (1:5)"),
        ("1 = 1", 'unexpected token Operator("=") (1:3)'),
        ("1 1", 'unexpected token Number("1") (1:3)'),
        ("1 == 'a'", "invalid operation: == (mismatched types int and string) (1:3)"),
    ],
)
def test_expressions_without_a_value_say_why(expression: str, said: str) -> None:
    with pytest.raises(expr.NotEvaluated) as error:
        expr.holds(expression, VALUES)
    assert said in str(error.value)


def shown(node: grammar.Node) -> str:
    return node.value if not node.parts else f"({node.value} {' '.join(map(shown, node.parts))})"


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a && b || c", "(|| (&& a b) c)"),
        ("a || b && !c", "(|| a (&& b (! c)))"),
        ("(a || b) && c && d", "(&& (|| a b) c d)"),
        ("a &&", "wanted a value at the end"),
        ("a b", "wanted an operator before 'b' at column 3"),
        ("(a", "wanted ')' at the end"),
        ("&& a", "wanted a value before '&&' at column 1"),
        ("a & b", "invalid token '&' at column 3"),
        ("(" * 5000, "it is nested deeper than 60"),
        ("!" * 5000, "it is nested deeper than 60"),
    ],
)
def test_the_grammar_of_depends(text: str, tree: str) -> None:
    try:
        found = shown(grammar.parse(text))
    except grammar.NotParsed as error:
        found = str(error)
    assert found == tree


THING = {
    "status": {"state": "Available", "replicas": 2, "ready": True, "conditions": [{"type": "Ready"}], "none": None},
    "metadata": {"name": "thing", "annotations": {"seldon.io/a": "b"}},
}


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ("status.state == Available", True),
        ("status.state=Available", True),
        ("status.state != Failed, status.replicas > 1", True),
        ("status.replicas > 2", False),
        ("status.replicas < 3", True),
        ("status.state in (Creating, Available)", True),
        ("status.state notin (Creating, Available)", False),
        ("status.nosuch notin (a)", True),
        ("status.nosuch == a", False),
        ("status.nosuch != a", True),
        ("status.state", True),
        ("!status.nosuch", True),
        ("!status.state", False),
        ("status.none", False),
        ("status.ready == true", True),
        ("status.conditions.0.type == Ready", True),
    ],
)
def test_conditions(condition: str, met: bool) -> None:
    requirements = resources.requirements(condition)
    assert requirements is not None
    assert all(resources.meets(each, THING) for each in requirements) is met


@pytest.mark.parametrize("condition", ["a ~ b", "a == b c", "a in b", "== a", "a ==== b"])
def test_what_is_no_condition(condition: str) -> None:
    assert resources.requirements(condition) is None


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("{.status.state}", "Available"),
        ("{$.status.replicas}", "2"),
        ("{ .status.conditions[0].type }", "Ready"),
        ("{.status.conditions}", '[{"type":"Ready"}]'),
        ("{.metadata.annotations.seldon\\.io/a}", None),
        ("{.metadata.annotations['seldon.io/a']}", "b"),
        ("{.status.nosuch.deeper}", ""),
        ("{.status.conditions[7].type}", ""),
        (".status.state", "Available"),
        ("{.status.conditions[*].type}", None),
        ("{}", None),
    ],
)
def test_json_path(path: str, text: str | None) -> None:
    if text is None:
        assert resources.steps(path) is None
    else:
        assert resources.read_json_path(path, THING) == text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10", 10), ("30s", 30), ("2m", 120), ("1h30m", 5400), ("0.5s", 0.5), ("200ms", 0.2), ("", None), ("soon", None),
     ("1d", None), ("5 m", None)],
)  # fmt: skip
def test_durations(text: str, seconds: int | float | None) -> None:
    assert durations.seconds(text) == seconds
