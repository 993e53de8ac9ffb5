"""Go's durations: nanoseconds, written `1h30m0s`. https://pkg.go.dev/time#Duration"""

import re
from typing import Final

from pipeline.engine.language.expr.errors import NotEvaluated

SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
_UNITS: Final = {"ns": 1, "us": 1000, "µs": 1000, "μs": 1000, "ms": 1_000_000, "s": SECOND, "m": MINUTE, "h": HOUR}


class Duration(int):
    """Nanoseconds."""

    go_type = "time.Duration"

    def __str__(self) -> str:
        left = abs(int(self))
        sign = "-" if self < 0 else ""
        if left == 0:
            return "0s"
        if left < SECOND:
            unit, size = next(each for each in (("ms", 1_000_000), ("µs", 1000), ("ns", 1)) if left >= each[1])
            return f"{sign}{_fraction(left, size)}{unit}"
        hours, left = divmod(left, HOUR)
        minutes, left = divmod(left, MINUTE)
        seconds = f"{_fraction(left, SECOND)}s"
        if hours:
            return f"{sign}{hours}h{minutes}m{seconds}"
        return f"{sign}{minutes}m{seconds}" if minutes else f"{sign}{seconds}"


def _fraction(value: int, unit: int) -> str:
    whole, rest = divmod(value, unit)
    digits = f"{rest:0{len(str(unit)) - 1}d}".rstrip("0") if rest else ""
    return f"{whole}.{digits}" if digits else str(whole)


_DURATION: Final = re.compile(r"([0-9]*)(?:\.([0-9]*))?([a-zµμ]+)")


def duration(text: str) -> Duration:
    """`1h30m` as nanoseconds.

    Raises:
        NotEvaluated: it is not a duration.
    """
    unsigned = text[1:] if text[:1] in ("-", "+") else text
    if unsigned == "0":
        return Duration(0)
    position, total = 0, 0
    while position < len(unsigned):
        match = _DURATION.match(unsigned, position)
        if match is None or not (match[1] or match[2]):
            raise _invalid(text)
        total += _nanoseconds(match, text)
        position = match.end()
    if not unsigned or total > 2**63 - (text[:1] != "-"):
        raise _invalid(text)
    return Duration(-total if text[:1] == "-" else total)


def _nanoseconds(match: re.Match[str], text: str) -> int:
    unit = _UNITS.get(match[3])
    if unit is None:
        raise NotEvaluated(f'time: unknown unit "{match[3][:20]}" in duration "{text[:60]}"')
    if len(match[1]) > 19:
        raise _invalid(text)
    digits = (match[2] or "")[:18]
    return int(match[1] or 0) * unit + int(int(digits or 0) * (unit / 10 ** len(digits)))


def _invalid(text: str) -> NotEvaluated:
    return NotEvaluated(f'time: invalid duration "{text[:60]}"')
