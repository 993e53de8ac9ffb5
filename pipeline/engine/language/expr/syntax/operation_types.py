"""The type of an operation, from the types of its two sides."""

from typing import Final

from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.syntax import types
from pipeline.engine.language.expr.syntax.types import ANY, BOOL, DURATION, FLOAT, INT, MAP, STRING, TIME, UNKNOWN, Type


def type_of_operation(symbol: str, left: Type, right: Type) -> Type:
    """The type of `left symbol right`.

    Raises:
        NotEvaluated: the operator does not take these.
    """
    found = _operation(symbol, left, right)
    if found is None:
        raise NotEvaluated(f"invalid operation: {symbol} (mismatched types {left} and {right})")
    return found


def _operation(symbol: str, left: Type, right: Type) -> Type | None:
    if symbol == "in":
        return _membership(left, right)
    if symbol == "??":
        if "nil" in (left.kind, right.kind):
            return right if left.kind == "nil" else left
        return left if types.assignable(right, left) else UNKNOWN
    if symbol in ("==", "!="):
        return BOOL if types.comparable(left, right) else None
    if symbol in _WANTS:
        kinds, result = _WANTS[symbol]
        return result if types.fit(left, right, *kinds) else None
    return _sum(symbol, left, right)


def _membership(left: Type, right: Type) -> Type | None:
    if right.kind == "map":
        if right is MAP and left.kind not in ("unknown", "string"):
            raise NotEvaluated(f"cannot use {left} as type string in map key")
        return BOOL
    if right.kind == "array":
        entry = right.entry or ANY
        if not types.comparable(left, entry):
            raise NotEvaluated(f"cannot use {left} as type {entry} in array")
        return BOOL
    return BOOL if right.kind == "unknown" or (left.kind == "unknown" and right.kind == "string") else None


_ORDERED: Final = ("int", "float", "string", "time", "duration")
# The kinds that both sides must be of, and the result.
_WANTS: Final[dict[str, tuple[tuple[str, ...], Type]]] = {
    "&&": (("bool",), BOOL), "||": (("bool",), BOOL),
    "<": (_ORDERED, BOOL), ">": (_ORDERED, BOOL), "<=": (_ORDERED, BOOL), ">=": (_ORDERED, BOOL),
    "/": (("int", "float"), FLOAT), "**": (("int", "float"), FLOAT), "%": (("int",), INT),
    "matches": (("string",), BOOL), "contains": (("string",), BOOL), "startsWith": (("string",), BOOL),
    "endsWith": (("string",), BOOL), "..": (("int",), types.array(INT)),
}  # fmt: skip
# For times and durations; `+`, `-` and `*` of anything else are as for numbers.
_OF_TIMES: Final = {
    ("+", "time", "duration"): TIME, ("-", "time", "duration"): TIME, ("-", "time", "time"): DURATION,
    ("+", "duration", "time"): TIME, ("+", "duration", "duration"): DURATION,
    ("-", "duration", "duration"): DURATION, ("*", "duration", "duration"): DURATION,
    ("*", "duration", "int"): DURATION, ("*", "duration", "float"): DURATION,
    ("*", "int", "duration"): DURATION, ("*", "float", "duration"): DURATION, ("+", "string", "string"): STRING,
}  # fmt: skip
_SUMMED: Final = {
    "+": _ORDERED, "-": ("int", "float", "time", "duration"), "*": ("int", "float", "duration"),
}  # fmt: skip


def _sum(symbol: str, left: Type, right: Type) -> Type | None:
    """The type of `+`, `-` or `*`."""
    if left.number and right.number:
        return FLOAT if "float" in (left.kind, right.kind) else INT
    if "unknown" in (left.kind, right.kind):
        return UNKNOWN if types.fit(left, right, *_SUMMED[symbol]) else None
    return _OF_TIMES.get((symbol, left.kind, right.kind))
