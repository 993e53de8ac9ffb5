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
            unit, size = ("ns", 1) if left < 1000 else ("µs", 1000) if left < 1_000_000 else ("ms", 1_000_000)
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
        NotEvaluated: it is no duration.
    """
    unsigned = text[1:] if text[:1] in ("-", "+") else text
    if unsigned == "0":
        return Duration(0)
    position, total = 0, 0
    while position < len(unsigned):
        match = _DURATION.match(unsigned, position)
        if match is None or not (match[1] or match[2]):
            raise NotEvaluated(f'time: invalid duration "{text[:60]}"')
        if match[3] not in _UNITS:
            raise NotEvaluated(f'time: unknown unit "{match[3][:20]}" in duration "{text[:60]}"')
        unit = _UNITS[match[3]]
        if len(match[1]) > 19:
            raise NotEvaluated(f'time: invalid duration "{text[:60]}"')
        total += int(match[1] or 0) * unit
        digits = (match[2] or "")[:18]
        total += int(int(digits or 0) * (unit / 10 ** len(digits)))
        position = match.end()
    if not unsigned or total > 2**63 - (text[:1] != "-"):
        raise NotEvaluated(f'time: invalid duration "{text[:60]}"')
    return Duration(-total if text[:1] == "-" else total)
