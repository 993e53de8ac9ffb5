"""`when`: whether a task runs. The dialect is govaluate's, as the controller uses it: bare words are texts, numbers are
floats, and what it compares has been filled in before.
https://argo-workflows.readthedocs.io/en/latest/walk-through/conditionals/
"""

import operator
import re
from collections.abc import Callable
from typing import Any, Final

from pipeline.engine.grammar import Language, Node, NotParsed


class NotEvaluated(Exception):
    """A `when` that the controller would make an error of, in its words."""


_LANGUAGE: Final = Language(
    tokens=re.compile(
        r"""(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"""
        r"""|'(?P<text>(?:[^'\\]|\\.)*)'|"(?P<text2>(?:[^"\\]|\\.)*)\""""
        r"""|(?P<operator>\bin\b|==|!=|<=|>=|=~|!~|&&|\|\||\?\?|\*\*|[-+*/%<>!?:,()])"""
        r"""|(?P<name>[A-Za-z_][\w.]*)"""
    ),
    binary={
        "??": 1, "||": 2, "&&": 3, "==": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "=~": 4, "!~": 4, "in": 4,
        "+": 5, "-": 5, "*": 6, "/": 6, "%": 6, "**": 7,
    },
    unary=frozenset(("!", "-")),
    brackets=("(", ")"),
)  # fmt: skip

_COMPARE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_COUNT: Final[dict[str, Callable[[float, float], float]]] = {
    "-": operator.sub, "*": operator.mul, "/": operator.truediv, "%": operator.mod, "**": operator.pow,
}  # fmt: skip


def holds(when: str) -> bool:
    """Whether the task runs; true where there is no condition.

    Raises:
        NotEvaluated: it is no condition, or its value is not a boolean.
    """
    if when == "":
        return True
    try:
        tree = _LANGUAGE.parse(when)
    except NotParsed as error:
        raise NotEvaluated(
            f"Invalid 'when' expression '{when}': {error} (hint: try wrapping the affected expression in quotes (\"))"
        ) from None
    try:
        value = _value(tree)
    except (TypeError, ValueError, ArithmeticError, re.error) as error:
        raise NotEvaluated(f"Failed to evaluate 'when' expression '{when}': {error}") from None
    if not isinstance(value, bool):
        raise NotEvaluated(f"Expected boolean evaluation for '{when}'. Got {value}")
    return value


def _value(node: Node) -> Any:  # noqa: PLR0911 - one for each kind of node
    match node.kind:
        case "number":
            return float(node.value)
        case "text":
            return re.sub(r"\\(.)", r"\1", node.value)
        case "name":
            return {"true": True, "false": False}.get(node.value, node.value)
        case "list":
            return [_value(part) for part in node.parts]
        case "choice":
            return _value(node.parts[1] if _boolean(node.parts[0]) else node.parts[2])
        case "unary":
            return not _boolean(node.parts[0]) if node.value == "!" else -_number(node.parts[0])
        case "binary":
            return _binary(node.value, node.parts)
    raise TypeError(f"there is no function {node.value}")


def _boolean(node: Node) -> bool:
    value = _value(node)
    if not isinstance(value, bool):
        raise TypeError(f"'{value}' is not a boolean")
    return value


def _number(node: Node) -> float:
    value = _value(node)
    if not isinstance(value, float):
        raise TypeError(f"'{value}' is not a number; put a text in quotes")
    return value


def _binary(symbol: str, parts: tuple[Node, ...]) -> Any:  # noqa: PLR0911 - one for each kind of operator
    if symbol == "&&":
        return all(_boolean(part) for part in parts)
    if symbol == "||":
        return any(_boolean(part) for part in parts)
    one, other = parts
    if symbol in _COUNT:
        return _COUNT[symbol](_number(one), _number(other))
    left, right = _value(one), _value(other)
    if symbol in ("==", "!="):
        return (type(left) is type(right) and left == right) == (symbol == "==")
    if symbol in _COMPARE:
        if type(left) is not type(right) or not isinstance(left, float | str):
            raise TypeError(f"'{left}' and '{right}' have no order")
        return _COMPARE[symbol](left, right)
    if symbol in ("=~", "!~"):
        return (re.search(str(right), str(left)) is not None) == (symbol == "=~")
    if symbol == "in":
        return any(type(left) is type(entry) and left == entry for entry in (right if isinstance(right, list) else []))
    if symbol == "+":
        return left + right if isinstance(left, float) and isinstance(right, float) else f"{left}{right}"
    return left  # `??`: nothing is nil here
