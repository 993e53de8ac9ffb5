"""Numbers as texts, as Go writes them."""

import math
from decimal import Decimal


def float_text(number: float, low: int = -4, high: int = 6) -> str:
    """The shortest decimal text of a float; with an exponent below 10^low and from 10^high on."""
    if not math.isfinite(number):
        return {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}[str(number)]
    negative, figures, power = Decimal(repr(number)).as_tuple()
    sign = "-" if negative else ""
    digits = "".join(map(str, figures)).rstrip("0")
    if not digits:
        return f"{sign}0"
    exponent = int(power) + len(figures) - 1
    if exponent < low or exponent >= high:
        point = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{point}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    if exponent + 1 >= len(digits):
        return f"{sign}{digits}{'0' * (exponent + 1 - len(digits))}"
    return f"{sign}{digits[: exponent + 1]}.{digits[exponent + 1 :]}"


def any_string(number: float) -> str:
    """A number as Argo's AnyString has it: read as a float, and written without an exponent."""
    return float_text(float(number), -400, 400)


def in_json(number: float) -> str:
    """A number as Go's encoding/json writes it."""
    if isinstance(number, int):
        return str(number)
    text = float_text(number, -6, 21)
    return text.replace("e-0", "e-").replace("e+0", "e+")
