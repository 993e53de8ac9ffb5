"""What stands in `[?(…)]` and `[(…)]` of a JSONPath. It is read by its operators, the weakest first, wherever they
stand outside of quotes and brackets; everything else is a number, a text or a path that begins with `$` or `@`."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from pipeline.engine.language.expr.budget import Budget
from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.values import operators
from pipeline.engine.language.expr.values.regexes import matches
from pipeline.engine.language.expr.values.texts import atoi, parse_float
from pipeline.engine.language.expr.values.writing import from_json, plain

_OPERATORS: Final = (
    "||", "&&", "==", "!=", "<=", ">=", "<", ">", "=~", "!", "+", "-", "**", "*", "/", "%", "not in", "in", "@", "$",
)  # fmt: skip
_TRUE: Final = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_FALSE: Final = frozenset(("0", "f", "F", "FALSE", "false", "False"))


class Given(NamedTuple):
    """What a script works on; `follow` walks along a path from here."""

    root: Any
    current: Any
    budget: Budget
    follow: "Callable[[Given, Any], Any]"

    def named(self, text: str) -> Any:
        return {"$": self.root, "@": self.current}.get(text)


_NAMED: Final = frozenset(("$", "@", "nil", "null"))
Operation = Callable[[Given], Any]
Read = Callable[[str], Any]


class Script(NamedTuple):
    """A script that has been read; `operation` is None where it is a plain value."""

    text: str
    operation: Operation | None

    def evaluate(self, given: Given) -> Any:
        """Its value.

        Raises:
            NotEvaluated: it has none.
        """
        if self.operation is not None:
            return self.operation(given)
        if self.text in _NAMED:
            return given.named(self.text)
        for reader in (_number, _boolean):
            try:
                return reader(given, self.text)
            except NotEvaluated:
                continue
        return self.text


def compiled(text: str, read: Read) -> Script:
    """A script, and with `read` the paths in it.

    Raises:
        NotEvaluated: a path in it is none.
    """
    return Script(text, _built(text, _OPERATORS, read))


def included(value: Any) -> bool:
    """Whether a filter keeps an entry for which it is `value`."""
    if isinstance(value, str):
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
        return (value[1:-1] if quoted else value) != ""
    return bool(value)


def _find(text: str, operator: str) -> int:
    """The first place of an operator outside of quotes and brackets; -1 where there is none."""
    single = double = False
    squares = rounds = 0
    for place, letter in enumerate(text):
        if letter in "()" and not (single or double or squares > 0):
            rounds += 1 if letter == "(" else -1
        elif letter in "[]" and not (single or double or rounds > 0):
            squares += 1 if letter == "[" else -1
        elif letter == "'" and not (double or squares > 0 or rounds > 0):
            single = not single
        elif letter == '"' and not (single or squares > 0 or rounds > 0):
            double = not double
        start = place + 1 - len(operator)
        outside = not (single or double or squares > 0 or rounds > 0)
        if outside and start >= 0 and text[start : place + 1] == operator:
            return start
    return -1


def _built(text: str, left: tuple[str, ...], read: Read) -> Operation | None:
    """The operation of a text whose operators are among `left`; None where it has none."""
    text = text.strip()
    if not text:
        return None
    if text.startswith("(") and text.endswith(")"):
        text, left = text[1:-1].strip(), _OPERATORS
    for number, operator in enumerate(left):
        place = _find(text, operator)
        if place < 0:
            continue
        after, before = text[place + len(operator) :].strip(), text[:place].strip()
        path = operator in ("$", "@")
        if (not after and not path) or (not before and not path and operator != "!"):
            continue
        right, first = _argument(after, left[number:], read), _argument(before, left[number:], read)
        if (path or operator == "!") and first is not None:
            continue
        if path:
            return _selector(text, read)
        if operator == "!":
            return lambda given: not _boolean(given, right)
        rule = _RULES[operator]
        return lambda given: rule(given, first, right)
    return None


def _argument(text: str, left: tuple[str, ...], read: Read) -> Any:
    operation = _built(text, left, read)
    if operation is not None:
        return operation
    if not text:
        return None
    if (text[0], text[-1]) in (("[", "]"), ("{", "}")):
        try:
            return from_json(text)
        except NotEvaluated:
            return text
    return text


def _selector(text: str, read: Read) -> Operation:
    """A path within a script; a text that it leads to is quoted."""
    tokens = read(text)

    def run(given: Given) -> Any:
        value = given.follow(given, tokens)
        if isinstance(value, str):
            return value if len(value) > 1 and value[0] == value[-1] == "'" else f"'{value}'"
        return value

    return run


def _value(given: Given, argument: Any) -> Any:
    """An argument's value, as far as it is an operation or `$`, `@`, `nil`."""
    value = argument(given) if callable(argument) else argument
    return given.named(value) if isinstance(value, str) and value in _NAMED else value


def _number(given: Given, argument: Any) -> float:
    if argument is None:
        raise NotEvaluated("invalid argument. is nil")
    return parse_float(plain(_value(given, argument), given.budget.put), "invalid argument. expected number")


def _integer(given: Given, argument: Any) -> int:
    if argument is None:
        raise NotEvaluated("invalid argument. is nil")
    return atoi(plain(_value(given, argument), given.budget.put), "invalid argument. expected integer")


def _boolean(given: Given, argument: Any) -> bool:
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
    if isinstance(value, str) and value in _NAMED:
        value = given.named(value)
        if isinstance(value, str):
            return _single(value, always=True)
    elif isinstance(value, str):
        return _single(value, always=False)
    return plain(value, given.budget.put)


def _single(text: str, *, always: bool) -> str:
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
        first = _number(given, one)
    except NotEvaluated:
        return _text(given, one) == _text(given, other)
    try:
        return first == _number(given, other)
    except NotEvaluated:
        return _text(given, one) == _text(given, other)


def _in(given: Given, one: Any, other: Any) -> bool:
    item: Any = one
    for reader in (_number, _text, _boolean):
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
    return lambda given, one, other: operators.compare(symbol, _number(given, one), _number(given, other))


def _both(given: Given, one: Any, other: Any) -> bool:
    first, second = _boolean(given, one), _boolean(given, other)
    return first and second


def _either(given: Given, one: Any, other: Any) -> bool:
    first, second = _boolean(given, one), _boolean(given, other)
    return first or second


_RULES: Final[dict[str, Callable[[Given, Any, Any], Any]]] = {
    "||": _either, "&&": _both, "==": _equal, "!=": lambda given, one, other: not _equal(given, one, other),
    "<": _compare("<"), "<=": _compare("<="), ">": _compare(">"), ">=": _compare(">="),
    "=~": lambda given, one, other: matches(_bare(_text(given, one)), _bare(_text(given, other))),
    "+": lambda given, one, other: _number(given, one) + _number(given, other),
    "-": lambda given, one, other: _number(given, one) - _number(given, other),
    "*": lambda given, one, other: _number(given, one) * _number(given, other),
    "**": lambda given, one, other: operators.power(_number(given, one), _number(given, other)),
    "/": lambda given, one, other: operators.divide(_number(given, one), _number(given, other)),
    "%": lambda given, one, other: operators.modulo(_integer(given, one), _integer(given, other)),
    "in": _in, "not in": lambda given, one, other: not _in(given, one, other),
}  # fmt: skip
