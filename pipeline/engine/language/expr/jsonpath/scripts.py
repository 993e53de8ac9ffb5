"""What stands in `[?(…)]` and `[(…)]` of a JSONPath. It is split at its operators, the weakest first, wherever they
stand outside of quotes and brackets; everything else is a number, a text or a path that begins with `$` or `@`."""

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.jsonpath.rules import NAMED, RULES, Given, Operation, boolean, number
from pipeline.engine.language.expr.values.writing import from_json

_OPERATORS: Final = (
    "||", "&&", "==", "!=", "<=", ">=", "<", ">", "=~", "!", "+", "-", "**", "*", "/", "%", "not in", "in", "@", "$",
)  # fmt: skip
_OPENING: Final = {"(": "(", ")": "(", "[": "[", "]": "[", "'": "'", '"': '"'}

Read = Callable[[str], Any]


class Script(NamedTuple):
    """A script that has been read; `operation` is None for a plain value."""

    text: str
    operation: Operation | None

    def evaluate(self, given: Given) -> Any:
        """Its value.

        Raises:
            NotEvaluated: it has none.
        """
        if self.operation is not None:
            return self.operation(given)
        if self.text in NAMED:
            return given.named(self.text)
        for reader in (number, boolean):
            try:
                return reader(given, self.text)
            except NotEvaluated:
                continue
        return self.text


def compiled(text: str, read: Read) -> Script:
    """A script, and with `read` the paths in it.

    Raises:
        NotEvaluated: one of its paths is not a path.
    """
    return Script(text, _compiled(text, _OPERATORS, read))


def included(value: Any) -> bool:
    """Whether a filter keeps an entry for which it is `value`."""
    if isinstance(value, str):
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
        return (value[1:-1] if quoted else value) != ""
    return bool(value)


def _compiled(text: str, operators: tuple[str, ...], read: Read) -> Operation | None:
    """The operation of a text that may have these operators; None if it has none of them."""
    text = text.strip()
    if text.startswith("(") and text.endswith(")"):
        text, operators = text[1:-1].strip(), _OPERATORS
    ends = list(_ends_outside(text))
    for rank, operator in enumerate(operators):
        end = next((end for end in ends if text.endswith(operator, 0, end)), None)
        if end is None:
            continue
        before, after = text[: end - len(operator)].strip(), text[end:].strip()
        operation = _operation(operator, text, (before, after), operators[rank:], read)
        if operation is not None:
            return operation
    return None


def _ends_outside(text: str) -> Iterator[int]:
    """Where a letter outside of quotes and brackets ends. Within one of them the others mean nothing."""
    depth = dict.fromkeys(_OPENING.values(), 0)
    for place, letter in enumerate(text):
        opening = _OPENING.get(letter)
        if opening is not None and all(depth[other] <= 0 for other in depth if other != opening):
            closes = depth[opening] == 1 if letter in "'\"" else letter != opening
            depth[opening] += -1 if closes else 1
        if max(depth.values()) <= 0:
            yield place + 1


def _operation(
    operator: str, text: str, sides: tuple[str, str], operators: tuple[str, ...], read: Read
) -> Operation | None:
    """What an operator between two sides does; None if it lacks one that it needs."""
    before, after = sides
    is_path = operator in ("$", "@")
    if not is_path and (not after or (not before and operator != "!")):
        return None
    right, left = _argument(after, operators, read), _argument(before, operators, read)
    if (is_path or operator == "!") and before:
        return None
    if is_path:
        return _selector(text, read)
    if operator == "!":
        return lambda given: not boolean(given, right)
    rule = RULES[operator]
    return lambda given: rule(given, left, right)


def _argument(text: str, operators: tuple[str, ...], read: Read) -> Any:
    operation = _compiled(text, operators, read)
    if operation is not None or not text:
        return operation
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
