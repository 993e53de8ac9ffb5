"""The part of expr-lang that retry expressions use: `asInt(lastRetry.exitCode) not in [2, 3] && lastRetry.status ==
"Failed"`. Values keep their types: an exit code is a text until `asInt` makes it a number, and comparing the two is an
error, as in the controller. https://expr-lang.org/docs/language-definition
"""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from pipeline.engine.grammar import Language, Node, NotParsed


class NotEvaluated(Exception):
    """The expression has no value; the message says why."""


_LANGUAGE: Final = Language(
    tokens=re.compile(
        r"""(?P<number>\d+(?:\.\d+)?)"""
        r"""|'(?P<text>(?:[^'\\]|\\.)*)'|"(?P<text2>(?:[^"\\]|\\.)*)\""""
        r"""|(?P<operator>\bnot\s+in\b|\b(?:in|and|or|not|contains|startsWith|endsWith|matches)\b"""
        r"""|==|!=|<=|>=|&&|\|\||[-+*/%<>!?:,()\[\]])"""
        r"""|(?P<name>[A-Za-z_]\w*(?:\.\w+)*)"""
    ),
    binary={
        "||": 1, "or": 1, "&&": 2, "and": 2, "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "in": 4,
        "not in": 4, "contains": 4, "startsWith": 4, "endsWith": 4, "matches": 4, "+": 5, "-": 5, "*": 6, "/": 6,
        "%": 6,
    },
    unary=frozenset(("!", "not", "-")),
    brackets=("[", "]"),
)  # fmt: skip

_FUNCTIONS: Final[dict[str, Callable[[Any], Any]]] = {
    "asInt": int, "int": int, "asFloat": float, "float": float, "string": str,
    "lower": str.lower, "upper": str.upper, "trim": str.strip, "len": len,
}  # fmt: skip
_COMPARE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "-": operator.sub, "*": operator.mul, "/": operator.truediv, "%": operator.mod,
}  # fmt: skip
_TEXTS: Final[dict[str, Callable[[str, str], bool]]] = {
    "contains": operator.contains,
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "matches": lambda text, pattern: re.search(pattern, text) is not None,
}


def check(expression: str, names: frozenset[str]) -> None:
    """Make sure that `expression` can be evaluated where `names` have values.

    Raises:
        NotEvaluated: it cannot be parsed, or uses another name or function.
    """
    try:
        tree = _LANGUAGE.parse(expression)
    except NotParsed as error:
        raise NotEvaluated(str(error)) from None
    todo = [tree]
    while todo:
        node = todo.pop()
        todo.extend(node.parts)
        if node.kind == "name" and node.value not in names | {"true", "false", "nil"}:
            raise NotEvaluated(f"{node.value} is not known here; known: {', '.join(sorted(names))}")
        if node.kind == "call" and (node.value not in _FUNCTIONS or len(node.parts) != 1):
            raise NotEvaluated(
                f"the function {node.value} with {len(node.parts)} arguments is not run by this engine; it runs "
                f"{', '.join(sorted(_FUNCTIONS))}, each of one"
            )


def holds(expression: str, values: Mapping[str, str]) -> bool:
    """The boolean that `expression` is.

    Raises:
        NotEvaluated: it cannot be parsed, compares unlike types, or is not a boolean.
    """
    try:
        value = _value(_LANGUAGE.parse(expression), values)
    except NotParsed as error:
        raise NotEvaluated(f"'{expression}': {error}") from None
    except (TypeError, ValueError, ArithmeticError, re.error) as error:
        raise NotEvaluated(f"unable to evaluate expression '{expression}': {error}") from None
    if not isinstance(value, bool):
        raise NotEvaluated(f"'{expression}' is {value!r}; wanted true or false")
    return value


def _value(node: Node, values: Mapping[str, str]) -> Any:  # noqa: PLR0911 - one for each kind of node
    match node.kind:
        case "number":
            return float(node.value) if "." in node.value else int(node.value)
        case "text":
            return re.sub(r"\\(.)", r"\1", node.value)
        case "name":
            return _named(node.value, values)
        case "list":
            return [_value(part, values) for part in node.parts]
        case "choice":
            return _value(node.parts[1] if _boolean(node.parts[0], values) else node.parts[2], values)
        case "call":
            return _call(node, values)
        case "unary":
            if node.value != "-":
                return not _boolean(node.parts[0], values)
            return -_value(node.parts[0], values)
        case _:
            return _binary(node.value, node.parts, values)


def _named(name: str, values: Mapping[str, str]) -> Any:
    if name in ("true", "false", "nil"):
        return {"true": True, "false": False}.get(name)
    if name not in values:
        raise ValueError(f"{name} is not known here; known: {', '.join(sorted(values))}")
    return values[name]


def _call(node: Node, values: Mapping[str, str]) -> Any:
    function = _FUNCTIONS.get(node.value)
    if function is None or len(node.parts) != 1:
        raise ValueError(f"the function {node.value} is not run by this engine")
    return function(_value(node.parts[0], values))


def _boolean(node: Node, values: Mapping[str, str]) -> bool:
    value = _value(node, values)
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is not a boolean")
    return value


def _binary(symbol: str, parts: tuple[Node, ...], values: Mapping[str, str]) -> Any:
    if symbol in ("&&", "and"):
        return all(_boolean(part, values) for part in parts)
    if symbol in ("||", "or"):
        return any(_boolean(part, values) for part in parts)
    left, right = (_value(part, values) for part in parts)
    if symbol in ("in", "not in"):
        if not isinstance(right, list):
            raise TypeError(f"{right!r} is not a list")
        return any(_equal(left, entry) for entry in right) == (symbol == "in")
    if symbol in _TEXTS:
        if not (isinstance(left, str) and isinstance(right, str)):
            raise TypeError(f"{symbol} wants two texts, got {left!r} and {right!r}")
        return _TEXTS[symbol](left, right)
    if symbol in ("==", "!="):
        if _kind(left) != _kind(right) and left is not None and right is not None:
            raise TypeError(f"{left!r} and {right!r} are of unlike types")
        return _equal(left, right) == (symbol == "==")
    if _kind(left) != _kind(right) or _kind(left) == "boolean":
        raise TypeError(f"{left!r} {symbol} {right!r} is of unlike types")
    return left + right if symbol == "+" else _COMPARE[symbol](left, right)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else type(value).__name__


def _equal(one: Any, other: Any) -> bool:
    return _kind(one) == _kind(other) and one == other
