"""Go's points in time, durations and layouts (`2006-01-02`). https://pkg.go.dev/time

A zone called Local is UTC, as it is in the controller's container.
"""

import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipeline.engine.expressions.errors import NotEvaluated
from pipeline.engine.expressions.types import BOOL, DURATION, FLOAT, INT, STRING, TIME, Type

SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
_MONTHS: Final = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
                  "November", "December")  # fmt: skip
_DAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
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


class Month(int):
    """1 is January."""

    go_type = "time.Month"

    def __str__(self) -> str:
        return _MONTHS[self - 1]


class Weekday(int):
    """0 is Sunday."""

    go_type = "time.Weekday"

    def __str__(self) -> str:
        return _DAYS[self]


class Location:
    """A time zone: of a name that the system knows, or a fixed number of seconds east."""

    go_type = "*time.Location"

    def __init__(self, name: str, offset: int | None = None, zone: ZoneInfo | None = None) -> None:
        self.name, self.offset, self.zone = name, offset, zone

    def __str__(self) -> str:
        return self.name

    def json(self) -> str:
        return "{}"

    def at(self, seconds: int) -> tuple[str, int]:
        """Its abbreviation and the seconds east of UTC, at seconds since 1970."""
        if self.zone is None:
            return self.name, self.offset or 0
        moment = _EPOCH + timedelta(seconds=min(max(seconds, _EARLIEST), _LATEST))
        local = moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(self.zone)
        return local.tzname() or "", int((local.utcoffset() or timedelta()).total_seconds())


_EPOCH: Final = datetime(1970, 1, 1)
_EARLIEST: Final = -62_000_000_000
_LATEST: Final = 250_000_000_000
UTC: Final = Location("UTC", 0)
_SPAN: Final = 10**13  # seconds: further away than any year that Go writes


@lru_cache(maxsize=64)
def location(name: str) -> Location:
    """A time zone by its name.

    Raises:
        NotEvaluated: there is none.
    """
    if name in ("", "UTC", "Local"):
        return UTC
    try:
        return Location(name, zone=ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise NotEvaluated(f"unknown time zone {name}") from None


def _days(year: int, month: int, day: int) -> int:
    """Days since 1970 in the proleptic Gregorian calendar."""
    year -= month <= 2
    era, rest = divmod(year, 400)
    return era * 146097 + rest * 365 + rest // 4 - rest // 100 + (153 * ((month + 9) % 12) + 2) // 5 + day - 1 - 719468


def _civil(days: int) -> tuple[int, int, int]:
    era, rest = divmod(days + 719468, 146097)
    year = (rest - rest // 1460 + rest // 36524 - rest // 146096) // 365
    rest -= 365 * year + year // 4 - year // 100
    month = (5 * rest + 2) // 153
    day = rest - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return year + era * 400 + (month <= 2), month, day


class Time:
    """A point in time (seconds since 1970 and nanoseconds), seen in a zone."""

    go_type = "time.Time"
    __slots__ = ("nanos", "seconds", "zone")

    def __init__(self, seconds: int, nanos: int = 0, zone: Location = UTC) -> None:
        more, self.nanos = divmod(nanos, SECOND)
        self.seconds = seconds + more
        self.zone = zone
        if not -_SPAN < self.seconds < _SPAN:
            raise NotEvaluated("a point in time is out of range")

    @property
    def total(self) -> int:
        """Nanoseconds since 1970."""
        return self.seconds * SECOND + self.nanos

    @property
    def civil(self) -> tuple[int, int, int, int, int, int]:
        """Year, month, day, hour, minute and second in its zone."""
        days, rest = divmod(self.seconds + self.zone.at(self.seconds)[1], 86400)
        return *_civil(days), rest // 3600, rest // 60 % 60, rest % 60

    @property
    def weekday(self) -> int:
        return ((self.seconds + self.zone.at(self.seconds)[1]) // 86400 + 4) % 7

    @property
    def yearday(self) -> int:
        year, month, day, *_ = self.civil
        return _days(year, month, day) - _days(year, 1, 1) + 1

    def plus(self, nanos: int) -> "Time":
        return Time(self.seconds, self.nanos + nanos, self.zone)

    def seen_in(self, zone: Location) -> "Time":
        return Time(self.seconds, self.nanos, zone)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Time) and self.total == other.total

    def __hash__(self) -> int:
        return hash(self.total)

    def __str__(self) -> str:
        from pipeline.engine.expressions.layouts import written

        return written(self, "2006-01-02 15:04:05.999999999 -0700 MST")

    def json(self) -> str:
        from pipeline.engine.expressions.layouts import written

        if not 0 <= self.civil[0] <= 9999:
            raise NotEvaluated("json: error calling MarshalJSON for type time.Time: year outside of range [0,9999]")
        return f'"{written(self, "2006-01-02T15:04:05.999999999Z07:00")}"'


def moment(year: int, month: int, day: int, seconds: int, nanos: int, zone: Location) -> Time:
    """The point in time that a clock in `zone` shows so; `seconds` since its midnight."""
    local = _days(year + (month - 1) // 12, (month - 1) % 12 + 1, 1) * 86400 + (day - 1) * 86400 + seconds
    found = local - zone.at(local)[1]
    return Time(local - zone.at(found)[1], nanos, zone)


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


# What Go's values offer; the type that comes out.
METHODS: Final[dict[str, dict[str, Type]]] = {
    "time": {
        **{name: INT for name in ("Year", "Day", "Hour", "Minute", "Second", "Nanosecond", "YearDay")},
        "Month": Type("month", "time.Month"), "Weekday": Type("weekday", "time.Weekday"),
        **{name: Type("int", "int64") for name in ("Unix", "UnixMilli", "UnixMicro", "UnixNano")},
        "Format": STRING, "String": STRING, "Add": TIME, "AddDate": TIME, "UTC": TIME, "Local": TIME, "In": TIME,
        "Truncate": TIME, "Round": TIME, "Sub": DURATION, "After": BOOL, "Before": BOOL, "Equal": BOOL,
        "IsZero": BOOL, "Compare": INT,
    },
    "duration": {
        "Hours": FLOAT, "Minutes": FLOAT, "Seconds": FLOAT, "String": STRING, "Abs": DURATION, "Round": DURATION,
        "Truncate": DURATION, **{name: Type("int", "int64") for name in ("Milliseconds", "Microseconds", "Nanoseconds")},
    },
}  # fmt: skip


def kind_of(value: Any) -> str:
    """`time` or `duration` where a value has methods; empty otherwise."""
    return "time" if isinstance(value, Time) else "duration" if isinstance(value, Duration) else ""
