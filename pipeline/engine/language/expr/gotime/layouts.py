"""Writing points in time by a layout that shows `2006-01-02 15:04:05`. https://pkg.go.dev/time#Layout"""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from pipeline.engine.language.expr.gotime.civil import DAYS, MONTHS

RFC3339: Final = "2006-01-02T15:04:05Z07:00"
CHUNK: Final = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|002|0[1-6]|15|1|2006|2|__2|_2(?!006)|3|4|5|PM|pm"
    r"|-070000|-07:00:00|-0700|-07:00|-07|Z070000|Z07:00:00|Z0700|Z07:00|Z07|[.,](?:0+|9+)(?![0-9])"
)


class Shown(NamedTuple):
    """A point in time as its zone's clock and calendar show it. `weekday`: 0 is Sunday. `offset`: seconds east of
    UTC."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    nanos: int
    weekday: int
    yearday: int
    zone: str
    offset: int


def written(time: Shown, layout: str) -> str:
    """A point in time as the layout shows it."""
    return CHUNK.sub(lambda match: _chunk(time, match[0]), layout)


def _chunk(time: Shown, chunk: str) -> str:
    if chunk in _WRITTEN:
        return _WRITTEN[chunk](time)
    if chunk[0] == "Z":
        return "Z" if time.offset == 0 else _offset(time.offset, f"-{chunk[1:]}")
    if chunk[0] == "-":
        return _offset(time.offset, chunk)
    digits = f"{time.nanos:09d}"[: len(chunk) - 1].ljust(len(chunk) - 1, "0")
    kept = digits if chunk[1] == "0" else digits.rstrip("0")
    return chunk[0] + kept if kept else ""


def _half(time: Shown) -> str:
    return "PM" if time.hour >= 12 else "AM"


_WRITTEN: Final[dict[str, Callable[[Shown], str]]] = {
    "2006": lambda time: f"{time.year:04d}" if time.year >= 0 else f"-{-time.year:04d}",
    "06": lambda time: f"{time.year % 100:02d}",
    "January": lambda time: MONTHS[time.month - 1],
    "Jan": lambda time: MONTHS[time.month - 1][:3],
    "01": lambda time: f"{time.month:02d}",
    "1": lambda time: f"{time.month}",
    "Monday": lambda time: DAYS[time.weekday],
    "Mon": lambda time: DAYS[time.weekday][:3],
    "02": lambda time: f"{time.day:02d}",
    "2": lambda time: f"{time.day}",
    "_2": lambda time: f"{time.day:2d}",
    "002": lambda time: f"{time.yearday:03d}",
    "__2": lambda time: f"{time.yearday:3d}",
    "15": lambda time: f"{time.hour:02d}",
    "03": lambda time: f"{time.hour % 12 or 12:02d}",
    "3": lambda time: f"{time.hour % 12 or 12}",
    "04": lambda time: f"{time.minute:02d}",
    "4": lambda time: f"{time.minute}",
    "05": lambda time: f"{time.second:02d}",
    "5": lambda time: f"{time.second}",
    "PM": _half,
    "pm": lambda time: _half(time).lower(),
    "MST": lambda time: time.zone or _offset(time.offset, "-0700"),
}


def _offset(offset: int, form: str) -> str:
    sign = "-" if offset < 0 else "+"
    hours, rest = divmod(abs(offset), 3600)
    colon = ":" if ":" in form else ""
    text = f"{sign}{hours:02d}"
    digits = len(form.replace(":", "")) - 1
    if digits >= 4:
        text += f"{colon}{rest // 60:02d}"
    return text + f"{colon}{rest % 60:02d}" if digits == 6 else text
