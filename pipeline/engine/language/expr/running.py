"""An expression from text to value: parsed, checked against the types of its variables, evaluated."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final

from pipeline.engine.language.expr.budget import Budget
from pipeline.engine.language.expr.calls import check_calls, check_names
from pipeline.engine.language.expr.checker import check_types
from pipeline.engine.language.expr.environment import environment, names
from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.evaluation import Evaluation
from pipeline.engine.language.expr.library import LIBRARY
from pipeline.engine.language.expr.syntax import types
from pipeline.engine.language.expr.syntax.parser import parse
from pipeline.engine.language.expr.syntax.types import Type
from pipeline.engine.language.expr.values.values import decoded, encoded
from pipeline.engine.language.expr.values.writing import plain, to_json
from pipeline.engine.language.lookup import Lookup


def check(expression: str, known: Callable[[str], bool] | None = None) -> None:
    """Make sure that an expression can be run wherever the `known` paths have values (by default: any path).

    Raises:
        NotEvaluated: it does not parse, names something unknown, calls an unknown function, or calls one with
            arguments that it does not take.
    """
    with _bounded_depth():
        _check_types(expression, None)
        check_calls(parse(expression), expression)
    unknown = [path for path in paths(expression) if not known(path)] if known is not None else []
    if unknown:
        raise NotEvaluated(f"{unknown[0]} is not known here")


def paths(expression: str) -> tuple[str, ...]:
    """The variables that an expression needs: `inputs.parameters.a` for `inputs.parameters['a']` too. Those before
    `??` or `?.` are in `guarded_paths` instead.

    Raises:
        NotEvaluated: it does not parse.
    """
    return names(expression).strict


def guarded_paths(expression: str) -> tuple[str, ...]:
    """The variables before `??` or `?.` in an expression: they may be absent.

    Raises:
        NotEvaluated: it does not parse.
    """
    return names(expression).guarded


def evaluate(expression: str, lookup: Lookup | Mapping[str, Any]) -> Any:
    """The value of an expression; None if it is nil. A lookup may also have a method `keys()`, which gives all paths
    that it knows, for maps that are used whole, such as `toJson(workflow.parameters)`; and `now()`, seconds since 1970.

    Raises:
        NotEvaluated: it has no value; in the controller's words if it has any for this.
    """
    return run(expression, _environment(expression, lookup), getattr(lookup, "now", time.time))


def run(expression: str, variables: Mapping[str, Any], now: Callable[[], float] = time.time) -> Any:
    """The value of an expression in an environment of nested maps.

    Raises:
        NotEvaluated: it has no value.
    """
    _check_with(expression, variables)
    return _evaluate(expression, variables, now)


def holds(expression: str, lookup: Lookup | Mapping[str, Any]) -> bool:
    """The value of an expression that must be a boolean.

    Raises:
        NotEvaluated: it has no value, or is not a boolean.
    """
    variables = _environment(expression, lookup)
    _check_with(expression, variables)
    try:
        value = _evaluate(expression, variables, getattr(lookup, "now", time.time))
    except NotEvaluated as error:
        raise NotEvaluated(f"unable to evaluate expression '{expression}': {error}") from None
    if not isinstance(value, bool):
        raise NotEvaluated(f"unable to cast expression result '{plain(value, Budget().put)}' to bool")
    return value


def text_of(value: Any) -> str:
    """A value as `{{=…}}` renders it: a text as it is, anything else as JSON.

    Raises:
        NotEvaluated: it has no JSON.
    """
    if isinstance(value, str):
        return value if value.isascii() else _ODD_BYTE.sub("\ufffd", decoded(encoded(value)))
    found = to_json(value, Budget().put)
    return found[1:-1] if len(found) > 1 and found[0] == found[-1] == '"' else found


def printed(value: Any) -> str:
    """A value as an output parameter with `valueFrom.expression` has it, which is Go's `%v`: `1e+06`, `[a b]`.

    Raises:
        NotEvaluated: it is nested too deep, or too long.
    """
    return _ODD_BYTE.sub("\ufffd", plain(value, Budget().put))


@contextmanager
def _bounded_depth() -> Iterator[None]:
    try:
        yield
    except RecursionError:
        raise NotEvaluated("the expression is nested too deep") from None


@lru_cache(maxsize=1024)
def _check_types(expression: str, known: tuple[tuple[str, Type], ...] | None) -> None:
    tree = parse(expression)
    check_names(tree, expression)
    check_types(tree, None if known is None else dict(known), expression)


def _check_with(expression: str, variables: Mapping[str, Any]) -> None:
    known = tuple(
        (name, _TYPES.get(type(value), types.UNKNOWN)) for name, value in variables.items() if name not in LIBRARY
    )
    with _bounded_depth():
        _check_types(expression, known)


def _environment(expression: str, lookup: Lookup | Mapping[str, Any]) -> dict[str, Any]:
    with _bounded_depth():
        return environment(expression, lookup)


def _evaluate(expression: str, variables: Mapping[str, Any], now: Callable[[], float]) -> Any:
    try:
        with _bounded_depth():
            return Evaluation(variables, now).value(parse(expression))
    except (ArithmeticError, MemoryError) as error:
        raise NotEvaluated(f"a value is too large: {error}") from None


_ODD_BYTE: Final = re.compile("[\udc80-\udcff]")
_TYPES: Final = {
    str: types.STRING, dict: types.MAP, type(None): types.NIL, bool: types.BOOL, int: types.INT, float: types.FLOAT,
    list: types.array(),
}  # fmt: skip
