"""What the operators of a `when` do with floats, texts, booleans and lists; errors are in govaluate's words."""

import math
import operator
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from pipeline.engine.language.numbers import float_text


class Mistake(Exception):
    """An operator got what it does not take."""


class Pattern(NamedTuple):
    """What follows `=~`, in quotes or as a word; not a text."""

    text: str


def shown(value: Any) -> str:
    """A value as it appears in messages and when it is added to a text."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, list):
        return f"[{' '.join(map(shown, value))}]"
    return value.text if isinstance(value, Pattern) else str(value)


def _checked(
    symbol: str, kind: type, what: str, wanted: str, rule: Callable[[Any, Any], Any]
) -> Callable[[Any, Any], Any]:
    """A rule for two values that must both be of one kind."""

    def run(left: Any, right: Any) -> Any:
        for value in (left, right):
            if type(value) is not kind:
                raise Mistake(f"Value '{shown(value)}' cannot be used with the {what} '{symbol}', it is not a {wanted}")
        return rule(left, right)

    return run


def _count(symbol: str, rule: Callable[[float, float], float]) -> Callable[[Any, Any], Any]:
    return _checked(symbol, float, "modifier", "number", rule)


def _compare(symbol: str, rule: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
    def run(left: Any, right: Any) -> Any:
        if type(left) is not type(right) or not isinstance(left, float | str):
            raise Mistake(f"Value '{shown(left)}' cannot be used with the comparator '{symbol}', it is not a number")
        return rule(left, right)

    return run


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, float) and isinstance(right, float):
        return left + right
    if not isinstance(left, str) and not isinstance(right, str):
        raise Mistake(f"Value '{shown(left)}' cannot be used with the modifier '+', it is not a number")
    return f"{shown(left)}{shown(right)}"


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_equal, left, right))
    return type(left) is type(right) and bool(left == right)


def _in(left: Any, right: Any) -> bool:
    if not isinstance(right, list):
        raise Mistake(f"Value '{shown(right)}' cannot be used with the comparator 'in', it is not a number")
    if isinstance(left, list) and any(isinstance(entry, list) for entry in right):
        raise Mistake("runtime error: comparing uncomparable type []interface {}")
    return any(_equal(left, entry) for entry in right)


def _found(left: Any, right: Any) -> bool:
    from pipeline.engine.language.expr import NotEvaluated as NoPattern  # noqa: PLC0415 - only a pattern needs them
    from pipeline.engine.language.expr.values.regexes import matches  # noqa: PLC0415

    pattern = right.text if isinstance(right, Pattern) else right
    for value in (left, pattern):
        if not isinstance(value, str):
            raise Mistake(f"Value '{shown(value)}' cannot be used with the comparator '=~', it is not a number")
    try:
        return matches(left, pattern)
    except NoPattern as error:
        raise Mistake(f"Unable to compile regexp pattern '{pattern}': {error}") from None


def _divide(left: float, right: float) -> float:
    if right:
        return left / right
    return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left) * math.copysign(1, right)


def _power(left: float, right: float) -> float:
    try:
        return math.pow(left, right)
    except (OverflowError, ValueError):
        return math.inf if left >= 0 or right % 2 != 1 else -math.inf


def _bits(symbol: str, rule: Callable[[int, int], int]) -> Callable[[Any, Any], Any]:
    def run(left: float, right: float) -> float:
        if not (math.isfinite(left) and math.isfinite(right)):
            raise Mistake(f"'{symbol}' is of finite numbers only")
        return float(rule(int(left), int(right)))

    return _checked(symbol, float, "modifier", "number", run)


def _prefix(symbol: str, kind: type, rule: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def run(value: Any) -> Any:
        if type(value) is not kind:
            raise Mistake(f"Value '{shown(value)}' cannot be used with the prefix '{symbol}'")
        return rule(value)

    return run


PREFIXES: Final[dict[str, Callable[[Any], Any]]] = {
    "-": _prefix("-", float, operator.neg), "!": _prefix("!", bool, operator.not_),
    "~": _prefix("~", float, lambda value: float(~int(value))),
}  # fmt: skip
OPERATORS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "&&": _checked("&&", bool, "logical operator", "bool", lambda left, right: left and right),
    "||": _checked("||", bool, "logical operator", "bool", lambda left, right: left or right),
    ",": lambda left, right: [*left, right] if isinstance(left, list) else [left, right],
    "==": _equal, "!=": lambda left, right: not _equal(left, right), "in": _in, "=~": _found,
    "!~": lambda left, right: not _found(left, right), "+": _add,
    "<": _compare("<", operator.lt), "<=": _compare("<=", operator.le), ">": _compare(">", operator.gt),
    ">=": _compare(">=", operator.ge), "-": _count("-", operator.sub), "*": _count("*", operator.mul),
    "/": _count("/", _divide), "**": _count("**", _power),
    "%": _count("%", lambda left, right: math.fmod(left, right) if right and math.isfinite(left) else math.nan),
    "&": _bits("&", operator.and_), "|": _bits("|", operator.or_), "^": _bits("^", operator.xor),
    "<<": _bits("<<", lambda left, right: (left << right) % 2**64 if 0 <= right < 64 else 0),
    ">>": _bits(">>", lambda left, right: left % 2**64 >> right if 0 <= right < 64 else 0),
}  # fmt: skip
