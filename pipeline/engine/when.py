"""`when`: whether a task runs. The dialect is govaluate's, as the controller uses it: bare words are texts, numbers are
floats, a quoted date is its seconds since 1970, and what it compares has been filled in before.
https://argo-workflows.readthedocs.io/en/latest/walk-through/conditionals/

Every operator is left-associative, a sign belongs to the one value after it, and what follows a complete condition in
brackets without an operator is not looked at.
"""

import math
import operator
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from pipeline.engine.grammar import NotParsed
from pipeline.engine.when_tokens import Token, tokens

MAX_DEPTH: Final = 60


class NotEvaluated(Exception):
    """A `when` that the controller would make an error of, in its words."""


def holds(when: str) -> bool:
    """Whether the task runs; true where there is no condition.

    Raises:
        NotEvaluated: it is no condition, or its value is not a boolean.
    """
    if when == "":
        return True
    try:
        tree = _Parser(tokens(when)).binary(0)
    except NotParsed as error:
        hint = ' (hint: try wrapping the affected expression in quotes ("))' if "Invalid token" in str(error) else ""
        raise NotEvaluated(f"Invalid 'when' expression '{when}': {error}{hint}") from None
    try:
        value = _value(tree)
    except (_Mistake, OverflowError) as error:
        raise NotEvaluated(f"Failed to evaluate 'when' expresion '{when}': {error}") from None
    if not isinstance(value, bool):
        raise NotEvaluated(f"Expected boolean evaluation for '{when}'. Got {_shown(value)}")
    return value


class _Node(NamedTuple):
    """`kind`: literal, nil, accessor, unary, binary; `value`: the literal's, or the operator."""

    kind: str
    value: Any
    parts: "tuple[_Node, ...]" = ()


class _Mistake(Exception):
    """An operator got what it does not take."""


_STRENGTH: Final = {
    ",": 1, "?": 2, ":": 2, "??": 2, "||": 3, "&&": 4, "==": 5, "!=": 5, ">": 5, ">=": 5, "<": 5, "<=": 5, "=~": 5,
    "!~": 5, "in": 5, "&": 6, "|": 6, "^": 6, "<<": 7, ">>": 7, "+": 8, "-": 8, "*": 9, "/": 9, "%": 9, "**": 10,
}  # fmt: skip
_OPERATORS: Final = frozenset(("MODIFIER", "COMPARATOR", "LOGICALOP", "TERNARY", "SEPARATOR"))


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self.tokens = found
        self.position = 0
        self.depth = 0

    def next(self) -> Token | None:
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def binary(self, strength: int) -> _Node:
        left = self.operand()
        while (token := self.next()) is not None and token.kind in _OPERATORS and _STRENGTH[token.value] > strength:
            self.position += 1
            right = self.binary(_STRENGTH[token.value])
            left = _Node("binary", token.value, (left, right))
        return left

    def operand(self) -> _Node:
        token = self.next()
        if token is None or token.kind == "CLAUSE_CLOSE":
            return _Node("nil", None)
        self.position += 1
        if token.kind == "PREFIX":
            return _Node("unary", token.value, (self.operand(),))
        if token.kind == "CLAUSE":
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise NotParsed(f"it is nested deeper than {MAX_DEPTH}")
            inner = self.binary(0)
            self.depth -= 1
            while (skipped := self.next()) is not None and skipped.kind != "CLAUSE_CLOSE":
                self.position += 1
            self.position += 1
            return inner
        if token.kind == "PATTERN":
            return _Node("literal", _pattern(token.value))
        return _Node("accessor" if token.kind == "ACCESSOR" else "literal", token.value)


class _Pattern(NamedTuple):
    """What follows `=~` in quotes, or as a word; it is no text."""

    text: str


def _pattern(text: str) -> _Pattern:
    from pipeline.engine.expressions.regexes import compiled  # noqa: PLC0415 - only a pattern needs it

    try:
        compiled(text)
    except Exception as error:
        raise NotParsed(str(error)) from None
    return _Pattern(text)


def _value(node: _Node) -> Any:
    if node.kind == "literal":
        return node.value
    if node.kind == "nil":
        return None
    if node.kind == "unary":
        return _UNARY[node.value](_value(node.parts[0]))
    if node.kind == "accessor":
        raise _Mistake(f"No parameter '{node.value.partition('.')[0]}' found.")
    return _binary(node)


def _binary(node: _Node) -> Any:
    todo = []  # a chain of operators is no deep recursion
    while node.kind == "binary":
        todo.append(node)
        node = node.parts[0]
    left = _value(node)
    for each in reversed(todo):
        left = _operation(each.value, left, each.parts[1])
    return left


def _operation(symbol: str, left: Any, node: _Node) -> Any:
    if symbol in _SETTLED and left is _SETTLED[symbol]:
        return left
    if symbol in (":", "??"):
        return left if left is not None else _value(node)
    if symbol == "?":
        if not isinstance(left, bool):
            raise _Mistake(f"Value '{_shown(left)}' cannot be used with the ternary operator '?', it is not a bool")
        return _value(node) if left else None
    right = _value(node)
    return _RULES[symbol](left, right)


_SETTLED: Final = {"&&": False, "||": True}


def _shown(value: Any) -> str:
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        from pipeline.engine.expressions.writing import float_text  # noqa: PLC0415 - only then is it needed

        return float_text(value)
    if isinstance(value, list):
        return f"[{' '.join(map(_shown, value))}]"
    return value.text if isinstance(value, _Pattern) else str(value)


def _checked(
    symbol: str, kind: type, what: str, wanted: str, rule: Callable[[Any, Any], Any]
) -> Callable[[Any, Any], Any]:
    """A rule for two values that must both be of a kind."""

    def run(left: Any, right: Any) -> Any:
        for value in (left, right):
            if type(value) is not kind:
                raise _Mistake(
                    f"Value '{_shown(value)}' cannot be used with the {what} '{symbol}', it is not a {wanted}"
                )
        return rule(left, right)

    return run


def _count(symbol: str, rule: Callable[[float, float], float]) -> Callable[[Any, Any], Any]:
    return _checked(symbol, float, "modifier", "number", rule)


def _compare(symbol: str, rule: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
    def run(left: Any, right: Any) -> Any:
        if type(left) is not type(right) or not isinstance(left, float | str):
            raise _Mistake(f"Value '{_shown(left)}' cannot be used with the comparator '{symbol}', it is not a number")
        return rule(left, right)

    return run


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, float) and isinstance(right, float):
        return left + right
    if not isinstance(left, str) and not isinstance(right, str):
        raise _Mistake(f"Value '{_shown(left)}' cannot be used with the modifier '+', it is not a number")
    return f"{_shown(left)}{_shown(right)}"


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_equal, left, right))
    return type(left) is type(right) and bool(left == right)


def _in(left: Any, right: Any) -> bool:
    if not isinstance(right, list):
        raise _Mistake(f"Value '{_shown(right)}' cannot be used with the comparator 'in', it is not a number")
    if isinstance(left, list) and any(isinstance(entry, list) for entry in right):
        raise _Mistake("runtime error: comparing uncomparable type []interface {}")
    return any(_equal(left, entry) for entry in right)


def _found(left: Any, right: Any) -> bool:
    from pipeline.engine.expressions import NotEvaluated as NoPattern  # noqa: PLC0415 - only a pattern needs them
    from pipeline.engine.expressions.regexes import matches  # noqa: PLC0415

    pattern = right.text if isinstance(right, _Pattern) else right
    for value in (left, pattern):
        if not isinstance(value, str):
            raise _Mistake(f"Value '{_shown(value)}' cannot be used with the comparator '=~', it is not a number")
    try:
        return matches(left, pattern)
    except NoPattern as error:
        raise _Mistake(f"Unable to compile regexp pattern '{pattern}': {error}") from None


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
            raise _Mistake(f"'{symbol}' is of finite numbers only")
        return float(rule(int(left), int(right)))

    return _checked(symbol, float, "modifier", "number", run)


def _prefix(symbol: str, kind: type, rule: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def run(value: Any) -> Any:
        if type(value) is not kind:
            raise _Mistake(f"Value '{_shown(value)}' cannot be used with the prefix '{symbol}'")
        return rule(value)

    return run


_UNARY: Final[dict[str, Callable[[Any], Any]]] = {
    "-": _prefix("-", float, operator.neg), "!": _prefix("!", bool, operator.not_),
    "~": _prefix("~", float, lambda value: float(~int(value))),
}  # fmt: skip
_RULES: Final[dict[str, Callable[[Any, Any], Any]]] = {
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
