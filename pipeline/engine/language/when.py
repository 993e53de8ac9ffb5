"""`when`: whether a task runs. The dialect is govaluate's, as the controller uses it: bare words are texts, numbers are
floats, a quoted date is its seconds since 1970. Its variables have been filled in before.
https://argo-workflows.readthedocs.io/en/latest/walk-through/conditionals/

Every operator is left-associative, a sign belongs to the one value after it, and what follows a complete condition
without an operator is ignored.
"""

from typing import Any, Final, NamedTuple

from pipeline.engine.language.grammar import NotParsed
from pipeline.engine.language.when_operators import OPERATORS, PREFIXES, Mistake, Pattern, shown
from pipeline.engine.language.when_tokens import Token, tokens

MAX_DEPTH: Final = 60


class NotEvaluated(Exception):
    """A `when` that is an error on a cluster; in the controller's words."""


def holds(when: str) -> bool:
    """Whether the task runs; true without a condition.

    Raises:
        NotEvaluated: it is not a condition, or its value is not a boolean.
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
    except (Mistake, ArithmeticError) as error:
        raise NotEvaluated(f"Failed to evaluate 'when' expresion '{when}': {error}") from None
    if not isinstance(value, bool):
        raise NotEvaluated(f"Expected boolean evaluation for '{when}'. Got {shown(value)}")
    return value


class _Node(NamedTuple):
    """`kind`: literal, nil, accessor, unary, binary; `value`: the literal's, or the operator."""

    kind: str
    value: Any
    parts: "tuple[_Node, ...]" = ()


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
            self.position += 1  # the bracket; or, as in govaluate, whatever follows a condition without an operator
            return inner
        if token.kind == "PATTERN":
            return _Node("literal", _pattern(token.value))
        return _Node("accessor" if token.kind == "ACCESSOR" else "literal", token.value)


def _pattern(text: str) -> Pattern:
    from pipeline.engine.language.expr.errors import NotEvaluated as NoPattern  # noqa: PLC0415 - only a pattern needs them
    from pipeline.engine.language.expr.values.regexes import compiled  # noqa: PLC0415

    try:
        compiled(text)
    except NoPattern as error:
        raise NotParsed(str(error)) from None
    return Pattern(text)


def _value(node: _Node) -> Any:
    if node.kind == "literal":
        return node.value
    if node.kind == "nil":
        return None
    if node.kind == "unary":
        return PREFIXES[node.value](_value(node.parts[0]))
    if node.kind == "accessor":
        raise Mistake(f"No parameter '{node.value.partition('.')[0]}' found.")
    return _binary(node)


def _binary(node: _Node) -> Any:
    todo = []  # so that a chain of operators is no deep recursion
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
            raise Mistake(f"Value '{shown(left)}' cannot be used with the ternary operator '?', it is not a bool")
        return _value(node) if left else None
    right = _value(node)
    return OPERATORS[symbol](left, right)


_SETTLED: Final = {"&&": False, "||": True}
