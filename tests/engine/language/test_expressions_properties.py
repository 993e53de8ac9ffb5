"""Whatever the text: an expression, a condition, a tag has a value or says why it has none; nothing else is raised."""

import string

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.engine.language import expr, variables, when
from pipeline.engine.language.expr.builtins.functions import BUILTINS
from pipeline.engine.language.expr.predicates import PREDICATES
from pipeline.engine.language.expr.sprig.functions import SPRIG
from pipeline.engine.language.lookup import ABSENT

VALUES = {
    "inputs.parameters.a": "1", "inputs.parameters.text": "héllo, wörld",
    "inputs.parameters.json": '{"x": [1, {"y": 2}]}',
    "item": "apple", "retries": "2", "tasks.skipped.outputs.result": ABSENT, "inputs.parameters.empty": "",
}  # fmt: skip
FUNCTIONS = [*BUILTINS, "asInt", "asFloat", "toJson", "jsonpath", *(f"sprig.{name}" for name in SPRIG)]
OPERATORS = ["+", "-", "*", "/", "%", "**", "==", "!=", "<", ">", "<=", ">=", "&&", "||", "in", "not in", "contains",
             "startsWith", "endsWith", "matches", "??", "..", "|", "and", "or"]  # fmt: skip
WORDS = [
    "0", "1", "-2", "1.5", "1e300", "9223372036854775807", "'a'", "''", "'2024-02-03'", "'1h'", "'(a*)*'", "true",
    "nil", "[]", "{}", "[1, 'a', nil]", "{a: {b: 1}}", "1..3", "#", ".a", "#index", "#acc", "item", "$env", "sprig",
    "asInt",
    "inputs.parameters.a", "inputs.parameters.text", "inputs.parameters.json", "inputs.parameters", "nosuch",
    "tasks.skipped.outputs.result", "now()", "duration('1h')", "date('2024-02-03')", "timezone('UTC')",
    "'$.x[?(@.y>1)]'",
]  # fmt: skip


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(OPERATORS), inner),
        st.builds("{}({})".format, st.sampled_from(FUNCTIONS), st.lists(inner, max_size=4).map(", ".join)),
        st.builds("{}({}, {})".format, st.sampled_from(list(PREDICATES)), inner, inner),
        st.builds("({})[{}]".format, inner, inner),
        st.builds("({})[{}:{}]".format, inner, inner, inner),
        st.builds("({})?.{}".format, inner, st.sampled_from(["a", "b", "Year()", "Format('2006')"])),
        st.builds("({}).{}".format, inner, st.sampled_from(["a", "Hours()", "Add(duration('1h'))", "__class__"])),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
        st.builds("(let v = {}; [v, {}])".format, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("{{a: {}, 'b': {}}}".format, inner, inner),
        st.builds("{}({})".format, st.sampled_from(["!", "-", "not ", "+"]), inner),
    )


EXPRESSIONS = st.recursive(st.sampled_from(WORDS), grown, max_leaves=6)
LETTERS = st.sampled_from("'\"`()[]{}#.,:;?|&=<>!+-*/%^~\\ \n\t$_0123456789abnilxtrue�é\x00")
TEXTS = st.one_of(st.text(LETTERS, max_size=40), st.text(max_size=40), st.text(string.printable, max_size=60))


def run(text: str) -> None:
    try:
        expr.check(text)
        assert all(isinstance(path, str) for path in (*expr.paths(text), *expr.guarded_paths(text)))
    except expr.NotEvaluated as error:
        assert str(error)
    try:
        value = expr.evaluate(text, VALUES)
        assert isinstance(expr.text_of(value), str)
    except expr.NotEvaluated as error:
        assert str(error)


@settings(max_examples=800, deadline=None)
@given(EXPRESSIONS)
def test_an_expression_has_a_value_or_says_why_not(text: str) -> None:
    run(text)


@settings(max_examples=500, deadline=None)
@given(TEXTS)
def test_any_text_is_an_expression_or_says_why_not(text: str) -> None:
    run(text)


@settings(max_examples=500, deadline=None)
@given(st.one_of(TEXTS, st.lists(st.sampled_from([*"()!,-+*/%<>?:~&|^", "==", "=~", "&&", "||", "in", "a", "'b'", "1",
                                                  "0x1", "true", "'2024-01-01'", "[c d]", "a.b", "**", "<<", "??"]),
                                 max_size=12).map(" ".join)))  # fmt: skip
def test_any_text_is_a_condition_or_says_why_not(text: str) -> None:
    try:
        assert when.holds(text) in (True, False)
    except when.NotEvaluated as error:
        assert str(error)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.one_of(TEXTS, st.just("{{"), st.just("}}"), st.just("{{="), EXPRESSIONS), max_size=6).map("".join),
       st.booleans())  # fmt: skip
def test_any_text_is_filled_in_or_says_why_not(text: str, strict: bool) -> None:
    try:
        assert isinstance(variables.replace_text(text, VALUES.get, (lambda _: True) if strict else None), str)
    except variables.Unresolved as error:
        assert str(error)
