"""Durations as Argo writes them: whole seconds (`10`), or Go's form (`1h30m`, `0.5s`, `200ms`)."""

import re
from typing import Final

_UNITS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")


def seconds(text: str) -> float | None:
    """The seconds of a duration; None if it is not one."""
    if text.isdecimal():
        return float(text)
    total, position = 0.0, 0
    for match in _PART.finditer(text):
        if match.start() != position:
            return None
        total += float(match[1]) * _UNITS[match[2]]
        position = match.end()
    return total if position and position == len(text) else None


def of_go(text: str) -> float | None:
    """The same where Argo wants Go's form, in which a number needs its unit."""
    return None if text.isdecimal() and text != "0" else seconds(text)
