"""An expression from text to value: parsed, checked by what its variables are, run."""

import re
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from pipeline.engine.language.expr.budget import Budget
from pipeline.engine.language.expr.calls import check_calls, check_names
from pipeline.engine.language.expr.checker import check_types
from pipeline.engine.language.expr.environment import environment
from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.evaluation import Evaluation
from pipeline.engine.language.expr.library import LIBRARY
from pipeline.engine.language.expr.syntax import types
from pipeline.engine.language.expr.syntax.parser import parse
from pipeline.engine.language.expr.syntax.types import Type
from pipeline.engine.language.expr.values.values import decoded, encoded
from pipeline.engine.language.expr.values.writing import plain, to_json
from pipeline.engine.language.lookup import Lookup


def check(expression: str) -> None:
    """Make sure that an expression can be run, whatever its variables are.

    Raises:
        NotEvaluated: it cannot.
    """
    try:
        _checked(expression, None)
        check_calls(parse(expression), expression)
    except RecursionError:
        raise NotEvaluated("the expression is nested too deep") from None


@lru_cache(maxsize=1024)
def _checked(expression: str, known: tuple[tuple[str, Type], ...] | None) -> None:
    tree = parse(expression)
    check_names(tree, expression)
    check_types(tree, None if known is None else dict(known), expression)


def evaluate(expression: str, lookup: Lookup | Mapping[str, Any]) -> Any:
    """The value of an expression.

    Raises:
        NotEvaluated: it has none.
    """
    return run(expression, _held(expression, lookup), getattr(lookup, "now", time.time))


def run(expression: str, held: Mapping[str, Any], now: Callable[[], float] = time.time) -> Any:
    """The value of an expression in an environment of maps within maps.

    Raises:
        NotEvaluated: it has none.
    """
    _checked_with(expression, held)
    return _run(expression, held, now)


def _held(expression: str, lookup: Lookup | Mapping[str, Any]) -> dict[str, Any]:
    try:
        return environment(expression, lookup)
    except RecursionError:
        raise NotEvaluated("the expression is nested too deep") from None


def _checked_with(expression: str, held: Mapping[str, Any]) -> None:
    known = tuple((name, _type(value)) for name, value in held.items() if name not in LIBRARY)
    try:
        _checked(expression, known)
    except RecursionError:
        raise NotEvaluated("the expression is nested too deep") from None


def _run(expression: str, held: Mapping[str, Any], now: Callable[[], float]) -> Any:
    try:
        return Evaluation(held, now).value(parse(expression))
    except RecursionError:
        raise NotEvaluated("the expression is nested too deep") from None
    except (ArithmeticError, MemoryError) as error:
        raise NotEvaluated(f"a value is too large: {error}") from None


def holds(expression: str, lookup: Lookup | Mapping[str, Any]) -> bool:
    """The boolean that an expression is.

    Raises:
        NotEvaluated: it has no value, or is no boolean.
    """
    _checked_with(expression, held := _held(expression, lookup))
    try:
        value = _run(expression, held, getattr(lookup, "now", time.time))
    except NotEvaluated as error:
        raise NotEvaluated(f"unable to evaluate expression '{expression}': {error}") from None
    if not isinstance(value, bool):
        raise NotEvaluated(f"unable to cast expression result '{plain(value, Budget().put)}' to bool")
    return value


def text_of(value: Any) -> str:
    """A value as `{{=…}}` renders it.

    Raises:
        NotEvaluated: it has no JSON.
    """
    if isinstance(value, str):
        return value if value.isascii() else _ODD_BYTE.sub("\ufffd", decoded(encoded(value)))
    found = to_json(value, Budget().put)
    return found[1:-1] if len(found) > 1 and found[0] == found[-1] == '"' else found


def _type(value: Any) -> Type:
    return _TYPES.get(type(value), types.UNKNOWN)


def printed(value: Any) -> str:
    """A value as Go's `%v` writes it.

    Raises:
        NotEvaluated: it is nested too deep, or too long.
    """
    return _ODD_BYTE.sub("\ufffd", plain(value, Budget().put))


_ODD_BYTE: Final = re.compile("[\udc80-\udcff]")
_TYPES: Final = {
    str: types.STRING, dict: types.MAP, type(None): types.NIL, bool: types.BOOL, int: types.INT, float: types.FLOAT,
    list: types.array(),
}  # fmt: skip
