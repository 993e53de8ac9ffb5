"""Calling a function as Go's reflection does: each argument must have exactly the type of its parameter; nil becomes
that type's zero value.

A signature has a letter for each argument: s text, i int, f float64, b boolean, a anything, m map of anything, t point
in time, d duration, l time zone; a `*` at the end repeats the letter before it.
"""

from collections.abc import Callable
from typing import Any, Final

from pipeline.engine.language.expr.context import Context
from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.gotime.durations import Duration
from pipeline.engine.language.expr.gotime.times import Location, Time
from pipeline.engine.language.expr.values.values import Function, NilMap, go_type

_TAKES: Final[dict[str, tuple[type, str]]] = {
    "s": (str, "string"), "i": (int, "int"), "f": (float, "float64"), "b": (bool, "bool"),
    "m": (dict, "map[string]interface {}"), "t": (Time, "time.Time"), "d": (Duration, "time.Duration"),
    "l": (Location, "*time.Location"),
}  # fmt: skip
_EMPTY: Final[dict[str, Callable[[], Any]]] = {
    "s": str, "i": int, "f": float, "b": bool, "m": NilMap, "a": lambda: None, "d": Duration,
    "t": lambda: Time(-62135596800),
}  # fmt: skip


def call(function: Any, arguments: list[Any], run: Context) -> Any:
    """What a function returns.

    Raises:
        NotEvaluated: it is not a function, or does not take these arguments.
    """
    if function is None:
        raise NotEvaluated("invalid operation: cannot call nil")
    if not isinstance(function, Function):
        raise NotEvaluated(f"invalid operation: cannot call non-function of type {go_type(function)}")
    return function.run(run, *_checked(function, arguments))


def _checked(function: Function, arguments: list[Any]) -> list[Any]:
    takes = function.takes
    if takes.endswith("*"):
        letter = takes[-2]
        takes = takes[:-2] + letter * (len(arguments) - len(takes) + 2)
        if len(arguments) < len(takes):
            raise NotEvaluated(f"reflect: Call with too few input arguments ({function.name})")
    if len(arguments) != len(takes):
        amount = "few" if len(arguments) < len(takes) else "many"
        raise NotEvaluated(f"reflect: Call with too {amount} input arguments ({function.name})")
    return [_argument(function.name, letter, value) for letter, value in zip(takes, arguments, strict=True)]


def _argument(name: str, letter: str, value: Any) -> Any:
    if value is None:
        return _EMPTY[letter]()
    if letter == "a":
        return value
    kind, wanted = _TAKES[letter]
    if type(value) is not kind:
        raise NotEvaluated(f"reflect: Call using {go_type(value)} as type {wanted} ({name})")
    return value
