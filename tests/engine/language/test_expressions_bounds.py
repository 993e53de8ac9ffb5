"""Expressions that someone hostile wrote: they end, with a message, and reach nothing."""

import pytest

from pipeline.engine.language import expr, when

BIG = "x" * 250_000
VALUES = {
    "inputs.parameters.big": BIG,
    "inputs.parameters.deep": "[" * 5000 + "]" * 5000,
    "inputs.parameters.many": "[" + "[]," * 300_000 + "[]]",
}
BIG = "inputs.parameters.big"
DOUBLED = (
    "let a = [1, 1]; let b = [a, a]; let c = [b, b, b, b]; let d = [c, c, c, c]; let e = [d, d, d, d]; "
    + "".join(f"let {new} = [{old}, {old}, {old}, {old}]; " for old, new in zip("efghij", "fghijk", strict=True))
)
CYCLE = "let m = {a: 1}; let n = sprig.set(m, 'b', m); let o = sprig.set(m, 'c', m); "


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("let x = 1..999; all(x, all(x, all(x, true)))", "takes more than 250000 steps"),
        ("reduce(1..100000, #acc + len(1..10))", "takes more than 250000 steps"),
        ("sort(map(1..200000, -#))", "takes more than 250000 steps"),
        ("uniq(1..100000)", "takes more than 250000 steps"),
        ("1..1000000000000", "memory budget exceeded"),
        ("map(1..1000, 1..999)", "memory budget exceeded"),
        ("sprig.until(1000000000000)", "memory budget exceeded"),
        ("sprig.seq(1000000000)", "memory budget exceeded"),
        ("sprig.untilStep(0, 1000000000, 1)", "memory budget exceeded"),
        ("repeat('a', 999999) + repeat('b', 999999)", "memory budget exceeded"),
        (f"repeat({BIG}, 1000)", "memory budget exceeded"),
        ("sprig.repeat(1000000000, 'a')", "memory budget exceeded"),
        ("sprig.indent(1000000000, 'a')", "characters of text"),
        (f"let a = {BIG}; let b = a + a + a + a; let c = b + b + b + b; c + c + c + c + c", "characters of text"),
        (f"replace({BIG}, 'x', {BIG})", "characters of text"),
        (f"join(split({BIG}, ''), {BIG})", "characters of text"),
        (f"sprig.regexReplaceAll('x', {BIG}, {BIG})", "more than"),
        (f"sprig.wrapWith(1, {BIG}, {BIG})", "characters of text"),
        (f"none(1..200000, {BIG} contains 'y')", "steps"),
        (f"none(1..200000, {BIG} matches 'y$')", "steps"),
        (f"{BIG} matches '((x{{100}}){{100}}){{100}}'", "error parsing regexp"),
        ("'a' matches '" + "a" * 10_001 + "'", "at most 10000 are compiled"),
        ("fromJSON(inputs.parameters.deep)", "nested too deep"),
        ("map(1..1000, fromJSON(inputs.parameters.many))", "memory budget exceeded"),
        ("jsonpath(inputs.parameters.many, '$..a')", "steps"),
        (f"jsonpath('{{}}', {BIG})", "at most 2000 are read"),
        (f"date({BIG}, {BIG})", "more than 1000 characters"),
        (DOUBLED + "toJson(k)", "steps"), (DOUBLED + "string(k)", "steps"), (DOUBLED + "flatten(k)", "steps"),
        (DOUBLED + "k == [j, j, j, j]", "steps"), (DOUBLED + "max(k)", "steps"),
        (DOUBLED + "sprig.deepCopy(k)", "steps"), (DOUBLED + "sprig.quote(k)", "steps"),
        (CYCLE + "toJson(n)", "nested deeper"), (CYCLE + "string(n)", "nested deeper"),
        (CYCLE + "sprig.deepCopy(n)", "nested deeper"), (CYCLE + "m == n", "nested too deep"),
        ("(" * 5000, "nested deeper than 60"), ("[" * 5000, "nested deeper than 60"), ("-" * 5000, "deeper than 60"),
        ("{a: " * 5000, "nested deeper than 60"), ("if true { " * 5000, "deeper than 60"),
        ("f(" * 99, "deeper than 60"),
        ("a" + ".a" * 4000, "more than 60 members"), ("1" + "+1" * 40_000, "maximum allowed nodes"),
        ("1 ?? " * 3000 + "1", "nested too deep"), ("1 * " * 3000 + "1", "nested too deep"),
        ("a" * 100_001, "at most 100000 are parsed"), ("9" * 5000, "invalid number literal"),
        ("int('" + "9" * 5000 + "')", "invalid operation"), ("2 ** 1e308 % 1", "mismatched types"),
        ("date('2024-01-01').AddDate(1000000000, 0, 0)", "out of range"),
        ("timezone('../../etc/passwd')", "unknown time"),
        ("sprig.divf('1e-320', '1e308', '1e308', '1e308')", "0"),
    ],
)  # fmt: skip
def test_a_costly_expression_ends(expression: str, said: str) -> None:
    try:
        value = expr.text_of(expr.evaluate(expression, VALUES))
    except expr.NotEvaluated as error:
        value = str(error)
    assert said in value


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (f"{BIG} matches '(x+x+)+y'", False),
        ("1" + " + 1" * 3000, 3001),
        ("true" + " && true" * 3000, True),
        ("'a'" + " + 'a'" * 3000, "a" * 3001),
        ("len(fromJSON(inputs.parameters.many))", 300_001),
        ("len(map(1..20000, # * 2))", 20_000),
        ("len(toJson(1..50000)) > 200000", True),
    ],
)
def test_a_large_expression_is_run(expression: str, value: bool | int | str) -> None:
    assert expr.evaluate(expression, VALUES) == value


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('os')", "eval('1')", "exec('1')", "open('/etc/passwd')", "getattr(item, 'x')", "globals()",
        "item.__class__", "item.__class__.__mro__", "item['__class__']", "''.__class__", "[].__class__",
        "{}['__class__'] == nil ? nil.x : 1", "inputs.__class__.__init__", "toJson.__globals__", "asInt.run",
        "sprig.trim.run", "sprig['trim'].run", "sprig.trim.takes", "now().__class__", "now().seconds",
        "now()['seconds']", "now().plus(duration('1s'))", "duration('1s').real", "duration('1s').bit_length()",
        "(1).real", "asInt('1').real", "date('2024-01-01').civil", "timezone('UTC').zone", "$env.__class__.x",
        "env('HOME')", "sprig.env('HOME')", "sprig.expandenv('$HOME')", "item.format", "'{0.__class__}'.format(item)",
        "map([1], #.__class__)", "filter(item, .__class__)", "string(toJson).x", "item.upper()", "keys(item)",
    ],
)  # fmt: skip
def test_nothing_of_python_can_be_reached(expression: str) -> None:
    with pytest.raises(expr.NotEvaluated):
        expr.evaluate(expression, {"item": "apple", "inputs.parameters.a": "1"})


def test_a_function_shows_nothing_of_itself() -> None:
    assert expr.evaluate("string(asInt) + string(sprig.trim)", {}) == "funcfunc"


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("condition", "said"),
    [("(" * 5000 + ")" * 5000, "nested deeper than 60"), ("1 == " + "1 + " * 5000 + "1", ""),
     ("2 ** 99999 > 1", ""), ("1 << 99999 == 0", ""), ("1 / 0 & 1 == 1", "finite"), ("\\", "nothing follows")],
)  # fmt: skip
def test_a_hostile_condition_ends(condition: str, said: str) -> None:
    try:
        assert when.holds(condition) in (True, False)
    except when.NotEvaluated as error:
        assert said in str(error)
