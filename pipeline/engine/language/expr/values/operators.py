"""What `==`, `<`, `+` and the others do with values, as expr-lang's helpers do."""

import math
from collections.abc import Callable
from typing import Any, Final

from pipeline.engine.language.expr.budget import Budget
from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.gotime.durations import Duration
from pipeline.engine.language.expr.gotime.times import Time
from pipeline.engine.language.expr.values.values import (
    AnyMap,
    Byte,
    Function,
    NilList,
    TextMap,
    go_type,
    is_number,
    whole,
    wrapped,
)


def is_nil(value: object) -> bool:
    """Whether `??` takes the other side."""
    return value is None or isinstance(value, NilList)


def equal(one: Any, other: Any, budget: Budget) -> bool:
    """`==`: numbers by value, lists by entries, everything else only with its own type."""
    budget.step()
    if is_number(one) and is_number(other):
        if isinstance(one, float) or isinstance(other, float):
            return float(one) == float(other)
        return int(one) == int(other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(equal(a, b, budget) for a, b in zip(one, other, strict=True))
    if is_nil(one) or is_nil(other):
        return is_nil(one) and is_nil(other)
    return deep_equal(one, other, budget)


def deep_equal(one: Any, other: Any, budget: Budget) -> bool:
    """Equal in type and value, as sprig compares and as maps are compared."""
    budget.step()
    if type(one) is not type(other) or isinstance(one, Function):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(deep_equal(a, b, budget) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(deep_equal(value, other[key], budget) for key, value in one.items())
    return bool(one == other)


def less(one: Any, other: Any) -> bool:
    """`<`."""
    if is_number(one) and is_number(other):
        if isinstance(one, float) or isinstance(other, float):
            return float(one) < float(other)
        return bool(one < other)
    if isinstance(one, str) and isinstance(other, str):
        return one < other if one.isascii() and other.isascii() else _bytes(one) < _bytes(other)
    if isinstance(one, Time) and isinstance(other, Time):
        return one.total < other.total
    if isinstance(one, Duration) and isinstance(other, Duration):
        return int(one) < int(other)
    raise _mismatch("<", one, other)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _mismatch(symbol: str, one: Any, other: Any) -> NotEvaluated:
    return NotEvaluated(f"invalid operation: {go_type(one)} {symbol} {go_type(other)}")


def compare(symbol: str, one: Any, other: Any) -> bool:
    """`<`, `<=`, `>`, `>=`."""
    unordered = any(isinstance(value, float) and math.isnan(value) for value in (one, other))
    if not _ordered(one, other):
        raise _mismatch(symbol, one, other)
    if symbol in ("<", ">"):
        return less(one, other) if symbol == "<" else less(other, one)
    return not (less(other, one) if symbol == "<=" else less(one, other)) and not unordered


def _ordered(one: Any, other: Any) -> bool:
    return (is_number(one) and is_number(other)) or (
        type(one) is type(other) and isinstance(one, str | Time | Duration)
    )


def add(one: Any, other: Any, budget: Budget) -> Any:
    """`+`."""
    if is_number(one) and is_number(other):
        return _count(one, other, lambda a, b: a + b)
    if isinstance(one, str) and isinstance(other, str):
        budget.write(len(one) + len(other))
        return one + other
    if isinstance(one, Duration) and isinstance(other, Duration):
        return Duration(wrapped(int(one) + int(other)))
    if isinstance(one, Time) and isinstance(other, Duration):
        return one.plus(int(other))
    if isinstance(one, Duration) and isinstance(other, Time):
        return other.plus(int(one))
    raise _mismatch("+", one, other)


def subtract(one: Any, other: Any) -> Any:
    """`-`."""
    if is_number(one) and is_number(other):
        return _count(one, other, lambda a, b: a - b)
    if isinstance(one, Time) and isinstance(other, Time):
        return Duration(min(max(one.total - other.total, -(2**63)), 2**63 - 1))
    if isinstance(one, Time) and isinstance(other, Duration):
        return one.plus(-int(other))
    if isinstance(one, Duration) and isinstance(other, Duration):
        return Duration(wrapped(int(one) - int(other)))
    raise _mismatch("-", one, other)


def multiply(one: Any, other: Any) -> Any:
    """`*`."""
    if is_number(one) and is_number(other):
        return _count(one, other, lambda a, b: a * b)
    durations = isinstance(one, Duration) or isinstance(other, Duration)
    if durations and all(is_number(value) or isinstance(value, Duration) for value in (one, other)):
        if isinstance(one, float) or isinstance(other, float):
            return float(one) * float(other)
        return Duration(wrapped(int(one) * int(other)))
    raise _mismatch("*", one, other)


def _count(one: Any, other: Any, operation: Callable[[Any, Any], Any]) -> int | float:
    if isinstance(one, float) or isinstance(other, float):
        return float(operation(float(one), float(other)))
    return wrapped(int(operation(int(one), int(other))))


def divide(one: Any, other: Any) -> float:
    """`/`: always a float, infinite after division by zero."""
    if not (is_number(one) and is_number(other)):
        raise _mismatch("/", one, other)
    above, below = float(one), float(other)
    if below == 0:
        if above == 0 or math.isnan(above):
            return math.nan
        return math.copysign(math.inf, above) * math.copysign(1, below)
    return above / below


def modulo(one: Any, other: Any) -> int:
    """`%` of whole numbers; the sign is the first operand's."""
    if not (is_number(one) and is_number(other)) or isinstance(one, float) or isinstance(other, float):
        raise _mismatch("%", one, other)
    if other == 0:
        raise NotEvaluated("runtime error: integer divide by zero")
    rest = abs(int(one)) % abs(int(other))
    return -rest if one < 0 else rest


def power(one: Any, other: Any) -> float:
    """`**`."""
    base, exponent = to_float(one), to_float(other)
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf
    except ValueError:
        if base == 0:
            return -math.inf if math.copysign(1, base) < 0 and exponent % 2 == 1 else math.inf
        return math.nan


def to_int(value: Any) -> int:
    """A number as an index."""
    if not is_number(value):
        raise NotEvaluated(f"invalid operation: int({go_type(value)})")
    return whole(value) if isinstance(value, float) else int(value)


def to_float(value: Any) -> float:
    """A number as a float."""
    if not is_number(value):
        raise NotEvaluated(f"invalid operation: float({go_type(value)})")
    return float(value)


def negate(value: Any) -> Any:
    """`-x`."""
    if isinstance(value, float):
        return -value
    if not is_number(value):
        raise NotEvaluated(f"invalid operation: - {go_type(value)}")
    return Byte(-int(value) % 256) if isinstance(value, Byte) else wrapped(-int(value))


def contained(needle: Any, held: Any, budget: Budget) -> bool:
    """`in`."""
    if held is None:
        return False
    if isinstance(held, list):
        return any(equal(entry, needle, budget) for entry in held)
    if isinstance(held, dict):
        return map_key(needle, held) in held
    raise NotEvaluated(f'operator "in" not defined on {go_type(held)}')


def map_key(key: Any, held: dict[Any, Any]) -> Any:
    """A key in the form in which this kind of map holds it.

    Raises:
        NotEvaluated: it cannot be a key of it.
    """
    if isinstance(held, AnyMap):
        if isinstance(key, list | dict):
            raise NotEvaluated(f"runtime error: hash of unhashable type {go_type(key)}")
        return any_key(key)
    if key is None:
        return ""
    if not isinstance(key, str):
        raise NotEvaluated(f"reflect.Value.MapIndex: value of type {go_type(key)} is not assignable to type string")
    return key


def any_key(key: Any) -> Any:
    """In a map of anything, 1, true and 1.0 are different keys."""
    return key if isinstance(key, str | type(None)) else (type(key), key)


def fetch(held: Any, key: Any) -> Any:
    """`a[b]`, `a.b`.

    Raises:
        NotEvaluated: it holds no entries, or a list has no such entry.
    """
    if isinstance(held, dict):
        found = held.get(map_key(key, held))
        return "" if found is None and isinstance(held, TextMap) else found
    if isinstance(held, list | str):
        index = to_int(key)
        raw = held if isinstance(held, list) else _bytes(held)
        place = index + len(raw) if index < 0 else index
        if not 0 <= place < len(raw):
            raise NotEvaluated(f"index out of range: {place} (array length is {len(raw)})")
        return raw[place] if isinstance(held, list) else Byte(raw[place])
    shown = key if isinstance(key, str | int | float) else go_type(key)
    raise NotEvaluated(f"cannot fetch {shown} from {go_type(held)}")


COMPARISONS: Final = frozenset(("<", "<=", ">", ">="))
