"""sprig's arithmetic on 64-bit whole numbers, and on anything that can be read as one; what cannot counts as zero."""

import decimal
import math
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any, Final

from pipeline.engine.language.expr.context import Context
from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.values import operators
from pipeline.engine.language.expr.values.texts import parse_float
from pipeline.engine.language.expr.values.values import Int64, Numbers, is_number, whole, wrapped
from pipeline.engine.language.expr.values.writing import plain

Entry = tuple[str, Callable[..., Any]]
_DECIMAL: Final = re.compile(r"([-+]?[0-9]*)(\.[0-9]*)?")
_LITERAL: Final = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)(?<!_)")


def to_int64(value: Any) -> int:
    """A whole number, if the value can be read as one; otherwise zero. A text may be hexadecimal or octal (`010`)."""
    if isinstance(value, str):
        return _parsed(value)
    if isinstance(value, float):
        return whole(value)
    return int(value) if isinstance(value, int) else 0


def _parsed(text: str) -> int:
    match = _DECIMAL.fullmatch(text) if "." in text else None
    if match is not None:
        text = match[1] + "0" if match[1] in ("", "-", "+") else match[1]
    text = re.sub(r"(?<=[0-9a-fA-FxXoObB])_(?=[0-9a-fA-F])", "", text)
    if len(text) > 70 or _LITERAL.fullmatch(text) is None:
        return 0
    digits = text.lstrip("+-").lower()
    octal = len(digits) > 1 and digits[0] == "0" and digits[1] not in "xbo"
    number = int(digits, 8) if octal else int(digits, 0)
    return _in_64_bits(-number if text[0] == "-" else number)


def _in_64_bits(number: int) -> int:
    return number if -(2**63) <= number < 2**63 else 0


def to_float64(value: Any) -> float:
    """A float, if the value can be read as one; otherwise zero."""
    if isinstance(value, str):
        try:
            return parse_float(value, "")
        except NotEvaluated:
            return 0.0
    return float(value) if isinstance(value, int | float) else 0.0


def _sum(_run: Context, *values: Any) -> Int64:
    return Int64(wrapped(sum(map(to_int64, values))))


def _product(_run: Context, *values: Any) -> Int64:
    found = 1
    for value in values:
        found = wrapped(found * to_int64(value))
    return Int64(found)


def _quotient(_run: Context, one: Any, other: Any) -> Int64:
    above, below = to_int64(one), to_int64(other)
    if below == 0:
        raise NotEvaluated("runtime error: integer divide by zero")
    found = abs(above) // abs(below)
    return Int64(wrapped(found if (above < 0) == (below < 0) else -found))


def _rest(_run: Context, one: Any, other: Any) -> Int64:
    return Int64(operators.modulo(to_int64(one), to_int64(other)))


def _decimals(operation: Callable[[Decimal, Decimal], Decimal]) -> Callable[..., float]:
    def run(_run: Context, first: Any, *values: Any) -> float:
        with localcontext(decimal.Context(prec=700)):
            found = _decimal(first)
            for value in values:
                found = operation(found, _decimal(value))
            return float(found) or 0.0

    return run


def _decimal(value: Any) -> Decimal:
    number = to_float64(value)
    if not math.isfinite(number):
        raise NotEvaluated(f"Cannot create a Decimal from {plain(number)}")
    return Decimal(repr(number))


def _divided(one: Decimal, other: Decimal) -> Decimal:
    if other == 0:
        raise NotEvaluated("decimal division by 0")
    return (one / other).quantize(Decimal(1).scaleb(-16), rounding=ROUND_HALF_UP)


def _extreme(choose: Callable[[list[int]], int]) -> Callable[..., Int64]:
    return lambda _run, *values: Int64(choose([to_int64(value) for value in values]))


def _extreme_float(choose: Callable[[list[float]], float]) -> Callable[..., float]:
    def run(_run: Context, *values: Any) -> float:
        found = [to_float64(value) for value in values]
        return math.nan if any(map(math.isnan, found)) else choose(found)

    return run


def _range(run: Context, start: int, stop: int, step: int) -> Numbers:
    if (stop < start and step >= 0) or (stop >= start and step <= 0):
        return Numbers()
    found = range(start, stop, step)
    run.budget.grow(len(found) if found else 0)
    return Numbers(found)


def _seq(run: Context, *numbers: int) -> str:
    if not 1 <= len(numbers) <= 3:
        return ""
    start, end = (1, numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[-1])
    increment = -1 if end < start else 1
    step = numbers[1] if len(numbers) == 3 else increment
    if len(numbers) == 3 and end < start and step > 0:
        return ""
    return " ".join(map(str, _range(run, start, end + increment, step)))


def _round(_run: Context, value: Any, places: int, *on: float) -> float:
    power = operators.power(10, places)
    digit = power * to_float64(value)
    if not math.isfinite(digit):
        return math.nan if math.isnan(digit) or math.isinf(power) else digit / power
    fraction = math.modf(digit)[0]
    found = float(math.ceil(digit) if fraction >= (on[0] if on else 0.5) else math.floor(digit))
    return operators.divide(math.copysign(found, digit) if found == 0 else found, power)


def _floored(rule: Callable[[float], int]) -> Callable[[Context, Any], float]:
    def run(_run: Context, value: Any) -> float:
        number = to_float64(value)
        return math.copysign(float(rule(number)), number) if math.isfinite(number) else number

    return run


def _octal(run: Context, value: Any) -> Int64:
    text = plain(value, run.budget.put)
    if len(text) > 30 or re.fullmatch(r"[+-]?[0-7]+", text) is None:
        return Int64(0)
    return Int64(_in_64_bits(int(text, 8)))


def _atoi(_run: Context, text: str) -> int:
    if len(text) > 40 or re.fullmatch(r"[+-]?[0-9]+", text, re.ASCII) is None:
        return 0
    return min(max(int(text), -(2**63)), 2**63 - 1)


def is_zero(value: Any) -> bool:
    """Whether a value counts as empty in sprig."""
    if value is None or value is False:
        return True
    if isinstance(value, str | list | dict) and not hasattr(value, "takes"):
        return len(value) == 0
    if is_number(value) or (isinstance(value, int) and value is not True):
        return bool(value == 0)
    return False


NUMBERS: Final[dict[str, Entry]] = {
    "int": ("a", lambda _run, value: to_int64(value)), "int64": ("a", lambda _run, value: Int64(to_int64(value))),
    "float64": ("a", lambda _run, value: to_float64(value)), "atoi": ("s", _atoi), "toDecimal": ("a", _octal),
    "add": ("a*", _sum), "add1": ("a", lambda run, value: _sum(run, value, 1)),
    "sub": ("aa", lambda _run, one, other: Int64(wrapped(to_int64(one) - to_int64(other)))), "div": ("aa", _quotient),
    "mod": ("aa", _rest), "mul": ("aa*", _product), "max": ("aa*", _extreme(max)), "biggest": ("aa*", _extreme(max)),
    "min": ("aa*", _extreme(min)), "maxf": ("aa*", _extreme_float(max)), "minf": ("aa*", _extreme_float(min)),
    "addf": ("a*", lambda run, *values: _decimals(lambda one, other: one + other)(run, 0.0, *values)),
    "add1f": ("a", lambda run, value: _decimals(lambda one, other: one + other)(run, value, 1)),
    "subf": ("aa*", _decimals(lambda one, other: one - other)), "divf": ("aa*", _decimals(_divided)),
    "mulf": ("aa*", _decimals(lambda one, other: one * other)), "ceil": ("a", _floored(math.ceil)),
    "floor": ("a", _floored(math.floor)), "round": ("aif*", _round), "untilStep": ("iii", _range),
    "until": ("i", lambda run, count: _range(run, 0, count, -1 if count < 0 else 1)), "seq": ("i*", _seq),
}  # fmt: skip
