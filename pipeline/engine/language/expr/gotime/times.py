"""Go's points in time and time zones. https://pkg.go.dev/time

The zone Local is UTC, as in the controller's container.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.gotime.civil import DAYS, MONTHS, civil, days
from pipeline.engine.language.expr.gotime.durations import SECOND
from pipeline.engine.language.expr.gotime.layouts import Shown, written


class Month(int):
    """1 is January."""

    go_type = "time.Month"

    def __str__(self) -> str:
        return MONTHS[self - 1]


class Weekday(int):
    """0 is Sunday."""

    go_type = "time.Weekday"

    def __str__(self) -> str:
        return DAYS[self]


class Location:
    """A time zone: one that the system knows by name, or a fixed number of seconds east."""

    go_type = "*time.Location"

    def __init__(self, name: str, offset: int | None = None, zone: ZoneInfo | None = None) -> None:
        self.name, self.offset, self.zone = name, offset, zone

    def __str__(self) -> str:
        return self.name

    def json(self) -> str:
        return "{}"

    def at(self, seconds: int) -> tuple[str, int]:
        """Its abbreviation and its seconds east of UTC at a time (seconds since 1970)."""
        if self.zone is None:
            return self.name, self.offset or 0
        moment = _EPOCH + timedelta(seconds=min(max(seconds, _EARLIEST), _LATEST))
        local = moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(self.zone)
        return local.tzname() or "", int((local.utcoffset() or timedelta()).total_seconds())


_EPOCH: Final = datetime(1970, 1, 1)
_EARLIEST: Final = -62_000_000_000
_LATEST: Final = 250_000_000_000
UTC: Final = Location("UTC", 0)
_SPAN: Final = 10**13  # seconds: beyond any year that Go writes


@lru_cache(maxsize=64)
def location(name: str) -> Location:
    """The time zone of that name.

    Raises:
        NotEvaluated: there is none.
    """
    if name in ("", "UTC", "Local"):
        return UTC
    try:
        return Location(name, zone=ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise NotEvaluated(f"unknown time zone {name}") from None


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
        number, rest = divmod(self.seconds + self.zone.at(self.seconds)[1], 86400)
        return *civil(number), rest // 3600, rest // 60 % 60, rest % 60

    @property
    def weekday(self) -> int:
        return ((self.seconds + self.zone.at(self.seconds)[1]) // 86400 + 4) % 7

    @property
    def yearday(self) -> int:
        year, month, day, *_ = self.civil
        return days(year, month, day) - days(year, 1, 1) + 1

    def plus(self, nanos: int) -> "Time":
        return Time(self.seconds, self.nanos + nanos, self.zone)

    def seen_in(self, zone: Location) -> "Time":
        return Time(self.seconds, self.nanos, zone)

    def format(self, layout: str) -> str:
        """As the layout shows it."""
        zone, offset = self.zone.at(self.seconds)
        return written(Shown(*self.civil, self.nanos, self.weekday, self.yearday, zone, offset), layout)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Time) and self.total == other.total

    def __hash__(self) -> int:
        return hash(self.total)

    def __str__(self) -> str:
        return self.format("2006-01-02 15:04:05.999999999 -0700 MST")

    def json(self) -> str:
        """Its JSON.

        Raises:
            NotEvaluated: its year does not have four digits.
        """
        if not 0 <= self.civil[0] <= 9999:
            raise NotEvaluated("json: error calling MarshalJSON for type time.Time: year outside of range [0,9999]")
        return f'"{self.format("2006-01-02T15:04:05.999999999Z07:00")}"'


def moment(date: tuple[int, int, int], seconds: int, nanos: int, zone: Location) -> Time:
    """The point in time that a clock in `zone` shows like this; `seconds` since its midnight. Months and days may
    overflow: 31 February is 2 or 3 March."""
    year, month, day = date
    local = days(year + (month - 1) // 12, (month - 1) % 12 + 1, 1) * 86400 + (day - 1) * 86400 + seconds
    found = local - zone.at(local)[1]
    return Time(local - zone.at(found)[1], nanos, zone)
