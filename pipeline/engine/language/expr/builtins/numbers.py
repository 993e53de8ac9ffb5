"""expr-lang's functions for numbers and bits."""

import math
from collections.abc import Callable, Iterator
from typing import Any, Final

from pipeline.engine.language.expr.context import Context
from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.values import operators, texts
from pipeline.engine.language.expr.values.values import go_type, is_number, whole, wrapped


def as_int(_run: Context, value: Any) -> int:
    """`int` and Argo's `asInt`: a number truncated to a whole one, or a text that is one."""
    if isinstance(value, str):
        return texts.atoi(value, f"invalid operation: int({value[:60]})")
    if is_number(value):
        return whole(value) if isinstance(value, float) else int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    raise NotEvaluated(f"invalid operation: int({go_type(value)})")


def as_float(_run: Context, value: Any) -> float:
    """`float` and Argo's `asFloat`."""
    if isinstance(value, str):
        return texts.parse_float(value, f"invalid operation: float({value[:60]})")
    return operators.to_float(value)


def _abs(_run: Context, value: Any) -> Any:
    if not is_number(value):
        raise NotEvaluated(f"invalid argument for abs (type {go_type(value)})")
    return value if value >= 0 else operators.negate(value)


def _rounding(name: str, rule: Callable[[float], float]) -> Callable[[Context, Any], float]:
    def run(_run: Context, value: Any) -> float:
        if not is_number(value):
            raise NotEvaluated(f"invalid argument for {name} (type {go_type(value)})")
        number = float(value)
        return rule(number) if math.isfinite(number) and isinstance(value, float) else number

    return run


def rounded(number: float) -> float:
    """To the nearest whole number, half away from zero."""
    if abs(number) >= 2**52:
        return number
    cut = float(math.trunc(number))
    result = cut + math.copysign(1, number) if abs(number - cut) >= 0.5 else cut
    return math.copysign(result, number)


def _leaves(name: str, run: Context, values: tuple[Any, ...] | list[Any], depth: int = 0) -> Iterator[Any]:
    """The numbers of nested lists."""
    if depth > 100:
        raise NotEvaluated("recursion depth exceeded")
    for value in values:
        run.budget.step()
        if isinstance(value, list):
            yield from _leaves(name, run, value, depth + 1)
        elif is_number(value) or (name not in ("max", "min") and hasattr(value, "go_type") and isinstance(value, int)):
            yield value
        else:
            raise NotEvaluated(f"invalid argument for {name} (type {go_type(value)})")


def _extreme(name: str) -> Callable[..., Any]:
    def run(run: Context, *values: Any) -> Any:
        if len(values) == 1 and not isinstance(values[0], list):
            return values[0]
        found: Any = None
        for value in _leaves(name, run, values):
            one, other = (found, value) if name == "max" else (value, found)
            if found is None or operators.less(one, other):
                found = value
        return found

    return run


def _mean(run: Context, *values: Any) -> float:
    found = [float(value) for value in _leaves("mean", run, values)]
    return sum(found) / len(found) if found else 0.0


def _median(run: Context, *values: Any) -> float:
    found = sorted(float(value) for value in _leaves("median", run, values))
    if not found:
        return 0.0
    middle = len(found) // 2
    return found[middle] if len(found) % 2 else (found[middle - 1] + found[middle]) / 2


def _bits(name: str, rule: Callable[[int, int], int]) -> Callable[[Context, Any, Any], int]:
    def run(_run: Context, one: Any, other: Any) -> int:
        for value in (one, other):
            if not is_number(value) or isinstance(value, float):
                raise NotEvaluated(f"cannot use {go_type(value)} as argument (type int) to call {name}")
        if "sh" in name and other < 0:
            raise NotEvaluated(f"invalid operation: negative shift count {other} (type int)")
        return wrapped(rule(int(one), int(other)))

    return run


def _bit_not(_run: Context, value: Any) -> int:
    if not is_number(value) or isinstance(value, float):
        raise NotEvaluated(f"cannot use {go_type(value)} as argument (type int) to call bitnot")
    return ~int(value)


NUMBERS: Final[dict[str, Callable[..., Any]]] = {
    "abs": _abs, "int": as_int, "float": as_float,
    "ceil": _rounding("ceil", lambda number: math.copysign(math.ceil(number), number)),
    "floor": _rounding("floor", lambda number: math.copysign(math.floor(number), number)),
    "round": _rounding("round", rounded), "max": _extreme("max"), "min": _extreme("min"), "mean": _mean,
    "median": _median, "bitand": _bits("bitand", lambda one, other: one & other),
    "bitor": _bits("bitor", lambda one, other: one | other), "bitxor": _bits("bitxor", lambda one, other: one ^ other),
    "bitnand": _bits("bitnand", lambda one, other: one & ~other), "bitnot": _bit_not,
    "bitshl": _bits("bitshl", lambda one, other: one << other if other < 64 else 0),
    "bitshr": _bits("bitshr", lambda one, other: one >> min(other, 63)),
    "bitushr": _bits("bitushr", lambda one, other: (one % 2**64) >> other if other < 64 else 0),
}  # fmt: skip
