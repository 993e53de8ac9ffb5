"""Writing points in time by a layout that shows `2006-01-02 15:04:05`. https://pkg.go.dev/time#Layout"""

import re
from typing import Final, NamedTuple

from pipeline.engine.language.expr.gotime.civil import DAYS, MONTHS

RFC3339: Final = "2006-01-02T15:04:05Z07:00"
CHUNK: Final = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|002|0[1-6]|15|1|2006|2|__2|_2(?!006)|3|4|5|PM|pm"
    r"|-070000|-07:00:00|-0700|-07:00|-07|Z070000|Z07:00:00|Z0700|Z07:00|Z07|[.,](?:0+|9+)(?![0-9])"
)


class Shown(NamedTuple):
    """A point in time as its zone's clock and calendar show it. `civil`: year, month, day, hour, minute and second.
    `weekday`: 0 is Sunday. `offset`: seconds east of UTC."""

    civil: tuple[int, int, int, int, int, int]
    nanos: int
    weekday: int
    yearday: int
    zone: str
    offset: int


def written(time: Shown, layout: str) -> str:
    """A point in time as the layout shows it."""
    year, month, day, hour, minute, second = time.civil

    def chunk(match: re.Match[str]) -> str:  # noqa: PLR0911 - one for each kind of chunk
        name = match[0]
        if name in _WRITTEN:
            value, form = _WRITTEN[name]
            return format(
                (year, month, day, hour, minute, second, hour % 12 or 12, year % 100, time.yearday)[value], form
            )
        match name:
            case "January" | "Jan":
                return MONTHS[month - 1][: 3 if name == "Jan" else None]
            case "Monday" | "Mon":
                return DAYS[time.weekday][: 3 if name == "Mon" else None]
            case "2006":
                return f"{year:04d}" if year >= 0 else f"-{-year:04d}"
            case "PM" | "pm":
                half = "PM" if hour >= 12 else "AM"
                return half if name == "PM" else half.lower()
            case "MST":
                return time.zone or _offset(time.offset, "-0700")
        if name[0] == "Z":
            return "Z" if time.offset == 0 else _offset(time.offset, f"-{name[1:]}")
        if name[0] == "-":
            return _offset(time.offset, name)
        digits = f"{time.nanos:09d}"[: len(name) - 1].ljust(len(name) - 1, "0")
        if name[1] == "0":
            return name[0] + digits
        digits = digits.rstrip("0")
        return name[0] + digits if digits else ""

    return CHUNK.sub(chunk, layout)


# A chunk's place in (year, month, day, hour, minute, second, hour of 12, year of 100, day of the year), and its form.
_WRITTEN: Final = {
    "01": (1, "02d"), "1": (1, "d"), "02": (2, "02d"), "2": (2, "d"), "_2": (2, "2d"), "15": (3, "02d"),
    "04": (4, "02d"), "4": (4, "d"), "05": (5, "02d"), "5": (5, "d"), "03": (6, "02d"), "3": (6, "d"),
    "06": (7, "02d"), "002": (8, "03d"), "__2": (8, "3d"),
}  # fmt: skip


def _offset(offset: int, form: str) -> str:
    sign = "-" if offset < 0 else "+"
    hours, rest = divmod(abs(offset), 3600)
    colon = ":" if ":" in form else ""
    text = f"{sign}{hours:02d}"
    digits = len(form.replace(":", "")) - 1
    if digits >= 4:
        text += f"{colon}{rest // 60:02d}"
    return text + f"{colon}{rest % 60:02d}" if digits == 6 else text
