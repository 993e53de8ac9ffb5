"""What the operators of a JSONPath's scripts do: arguments become numbers, texts or booleans as far as they can."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from pipeline.engine.language.expr.budget import Budget
from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.values import operators
from pipeline.engine.language.expr.values.regexes import matches
from pipeline.engine.language.expr.values.texts import atoi, parse_float
from pipeline.engine.language.expr.values.writing import from_json, plain

_TRUE: Final = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_FALSE: Final = frozenset(("0", "f", "F", "FALSE", "false", "False"))
NAMED: Final = frozenset(("$", "@", "nil", "null"))


class Given(NamedTuple):
    """What a script works on; `follow` walks along a path from here."""

    root: Any
    current: Any
    budget: Budget
    follow: "Callable[[Given, Any], Any]"

    def named(self, text: str) -> Any:
        """The value of one of `NAMED`."""
        return {"$": self.root, "@": self.current}.get(text)


Operation = Callable[[Given], Any]


def _value(given: Given, argument: Any) -> Any:
    """An argument's value, if it is an operation or one of `NAMED`."""
    value = argument(given) if callable(argument) else argument
    return given.named(value) if isinstance(value, str) and value in NAMED else value


def number(given: Given, argument: Any) -> float:
    """An argument as a number.

    Raises:
        NotEvaluated: it is not one.
    """
    if argument is None:
        raise NotEvaluated("invalid argument. is nil")
    return parse_float(plain(_value(given, argument), given.budget.put), "invalid argument. expected number")


def _integer(given: Given, argument: Any) -> int:
    if argument is None:
        raise NotEvaluated("invalid argument. is nil")
    return atoi(plain(_value(given, argument), given.budget.put), "invalid argument. expected integer")


def boolean(given: Given, argument: Any) -> bool:
    """An argument as a boolean.

    Raises:
        NotEvaluated: it is not one.
    """
    value = _value(given, argument)
    if value is None:
        return False
    text = plain(value, given.budget.put)
    if text not in _TRUE and text not in _FALSE:
        raise NotEvaluated("invalid argument. expected boolean")
    return text in _TRUE


def _text(given: Given, argument: Any) -> str:
    if argument is None:
        raise NotEvaluated("invalid argument. is nil")
    value = argument(given) if callable(argument) else argument
    if isinstance(value, str) and value in NAMED:
        value = given.named(value)
        if isinstance(value, str):
            return _single_quoted(value, always=True)
    elif isinstance(value, str):
        return _single_quoted(value, always=False)
    return plain(value, given.budget.put)


def _single_quoted(text: str, *, always: bool) -> str:
    """A text in single quotes; unless `always`, only one that has quotes."""
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text
    if len(text) > 1 and text[0] == text[-1] == '"':
        return f"'{text[1:-1]}'"
    return f"'{text}'" if always else text


def _bare(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == "'" else text


def _equal(given: Given, one: Any, other: Any) -> bool:
    try:
        first, second = number(given, one), number(given, other)
    except NotEvaluated:
        return _text(given, one) == _text(given, other)
    return first == second


def _in(given: Given, one: Any, other: Any) -> bool:
    item: Any = one
    for reader in (number, _text, boolean):
        try:
            item = reader(given, one)
            break
        except NotEvaluated:
            continue
    return any(type(entry) is type(item) and entry == item for entry in _elements(given, other))


def _elements(given: Given, argument: Any) -> list[Any]:
    if argument is None:
        raise NotEvaluated("invalid argument. is nil")
    value = _value(given, argument)
    if isinstance(value, str) and (value[:1], value[-1:]) in (("[", "]"), ("{", "}")):
        value = from_json(value)
    if isinstance(value, dict):
        return list(value.values())
    if not isinstance(value, list):
        raise NotEvaluated("invalid argument. expected array, map, or slice")
    return value


def _compare(symbol: str) -> Callable[[Given, Any, Any], bool]:
    return lambda given, one, other: operators.compare(symbol, number(given, one), number(given, other))


def _both(given: Given, one: Any, other: Any) -> bool:
    first, second = boolean(given, one), boolean(given, other)
    return first and second


def _either(given: Given, one: Any, other: Any) -> bool:
    first, second = boolean(given, one), boolean(given, other)
    return first or second


RULES: Final[dict[str, Callable[[Given, Any, Any], Any]]] = {
    "||": _either, "&&": _both, "==": _equal, "!=": lambda given, one, other: not _equal(given, one, other),
    "<": _compare("<"), "<=": _compare("<="), ">": _compare(">"), ">=": _compare(">="),
    "=~": lambda given, one, other: matches(_bare(_text(given, one)), _bare(_text(given, other))),
    "+": lambda given, one, other: number(given, one) + number(given, other),
    "-": lambda given, one, other: number(given, one) - number(given, other),
    "*": lambda given, one, other: number(given, one) * number(given, other),
    "**": lambda given, one, other: operators.power(number(given, one), number(given, other)),
    "/": lambda given, one, other: operators.divide(number(given, one), number(given, other)),
    "%": lambda given, one, other: operators.modulo(_integer(given, one), _integer(given, other)),
    "in": _in, "not in": lambda given, one, other: not _in(given, one, other),
}  # fmt: skip
