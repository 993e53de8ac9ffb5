"""Expressions, conditions and tags beside the answers of Argo's own code (tests/oracle/expressions, which says how they
were made). A value must be the same text, an error one of the same stage: parsed, checked, run, written as JSON."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from pipeline.engine.language import expr, variables, when
from pipeline.engine.language.expr.syntax.parser import parse
from pipeline.engine.language.expr.values.writing import to_json
from pipeline.engine.language.lookup import ABSENT
from tests import ROOT

HERE = ROOT / "tests" / "oracle" / "expressions"
CASES = json.loads((HERE / "cases.json").read_text())
ANSWERS = json.loads((HERE / "answers.json").read_text())


def questions(kind: str) -> list[Any]:
    found = []
    for group, entries in CASES[kind].items():
        answers = ANSWERS[kind][group]
        assert len(answers) == len(entries), f"{group}: the answers are older than the cases"
        for entry, answer in zip(entries, answers, strict=True):
            question = {"text": entry} if isinstance(entry, str) else entry
            assert question["text"] == answer["text"], f"{group}: the answers are older than the cases"
            found.append(pytest.param(question, answer, id=f"{group}: {question['text']}"))
    return found


def environment(question: dict[str, Any]) -> dict[str, Any]:
    """The flat map that the controller would have: its nil is our ABSENT."""
    held = CASES["environments"][question.get("in", "common")]
    return {key: ABSENT if value is None else value for key, value in held.items()}


class Lookup:
    """What the engine's scopes are: called with a path, able to list what they know."""

    def __init__(self, held: dict[str, Any]) -> None:
        self.held = held

    def __call__(self, path: str) -> Any:
        return self.held.get(path)

    def keys(self) -> Iterable[str]:
        return self.held.keys()


def stage(text: str, held: Lookup) -> tuple[str | None, str, str]:
    """What comes of an expression: its value as text, or at which stage it fails."""
    try:
        parse(text)
    except expr.NotEvaluated as error:
        return None, "parse", str(error)
    try:
        value = expr.evaluate(text, held)
    except expr.NotParsed as error:
        return None, "check", str(error)
    except expr.NotEvaluated as error:
        return None, "run", str(error)
    try:
        return (
            expr.text_of(value) if isinstance(value, str) else to_json(value),
            "",
            type(value).__name__,
        )
    except expr.NotEvaluated as error:
        return None, "json", str(error)


def short(text: str) -> str:
    """As the answers are kept."""
    size = len(text.encode("utf-8", "surrogateescape"))
    return f"{size} bytes, {text[:40]}" if size > 1000 else text


@pytest.mark.parametrize(("question", "answer"), questions("expressions"))
def test_an_expression_is_what_the_controller_makes_of_it(question: dict[str, Any], answer: dict[str, Any]) -> None:
    value, kind, said = stage(question["text"], Lookup(environment(question)))
    if "ours" in question:
        assert value == question["ours"]
    elif "differs" in question:
        assert kind in ("check", "run")
    else:
        assert (kind, value if value is None else short(value)) == (answer.get("kind", ""), answer.get("value")), said


@pytest.mark.parametrize(("question", "answer"), questions("whens"))
def test_a_condition_is_what_the_controller_makes_of_it(question: dict[str, Any], answer: dict[str, Any]) -> None:
    try:
        value, said = str(when.holds(question["text"])).lower(), ""
    except when.NotEvaluated as error:
        value, said = None, str(error)
    if question["text"] != "":  # no condition at all is not asked
        assert value == answer.get("value"), said


@pytest.mark.parametrize(("question", "answer"), questions("tags"))
def test_a_tag_is_what_the_controller_makes_of_it(question: dict[str, Any], answer: dict[str, Any]) -> None:
    strict = wanted(question["text"], question["strict"]) if "strict" in question else None
    try:
        value, said = variables.replace_text(question["text"], Lookup(environment(question)), strict), ""
    except variables.Unresolved as error:
        value, said = None, str(error)
    assert value == question.get("ours", answer.get("value")), said


def wanted(text: str, prefixes: tuple[str, ...]) -> Callable[[str], bool]:
    """As the engine asks; a bare `{{tasks}}` is refused before it comes so far."""
    dotted = tuple(f"{prefix}." for prefix in prefixes)
    bare = () if text.startswith("{{=") else prefixes
    return lambda tag: tag in bare or (tag.startswith(dotted) and ".outputs.artifacts." not in tag)
