"""The methods of points in time and durations: what they take, what they return. https://pkg.go.dev/time"""

from collections.abc import Callable
from typing import Any, Final

from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.gotime.durations import HOUR, MINUTE, SECOND, Duration
from pipeline.engine.language.expr.gotime.times import UTC, Month, Time, Weekday, moment
from pipeline.engine.language.expr.syntax.types import BOOL, DURATION, FLOAT, INT, STRING, TIME, Type
from pipeline.engine.language.expr.values.values import Function, Int64, wrapped

INT64: Final = Type("int", "int64")
# The type that each returns.
METHODS: Final[dict[str, dict[str, Type]]] = {
    "time": {
        **dict.fromkeys(("Year", "Day", "Hour", "Minute", "Second", "Nanosecond", "YearDay"), INT),
        "Month": Type("month", "time.Month"), "Weekday": Type("weekday", "time.Weekday"),
        **dict.fromkeys(("Unix", "UnixMilli", "UnixMicro", "UnixNano"), INT64),
        "Format": STRING, "String": STRING, "Add": TIME, "AddDate": TIME, "UTC": TIME, "Local": TIME, "In": TIME,
        "Truncate": TIME, "Round": TIME, "Sub": DURATION, "After": BOOL, "Before": BOOL, "Equal": BOOL,
        "IsZero": BOOL, "Compare": INT,
    },
    "duration": {
        "Hours": FLOAT, "Minutes": FLOAT, "Seconds": FLOAT, "String": STRING, "Abs": DURATION, "Round": DURATION,
        "Truncate": DURATION, **dict.fromkeys(("Milliseconds", "Microseconds", "Nanoseconds"), INT64),
    },
}  # fmt: skip


def kind_of(value: Any) -> str:
    """`time` or `duration` if a value has methods; otherwise empty."""
    if isinstance(value, Time):
        return "time"
    return "duration" if isinstance(value, Duration) else ""


def takes(kind: str, name: str) -> str:
    """The signature of a method of a `time` or a `duration`."""
    return _RULES[kind][name][0]


def method(value: Any, name: str) -> Function:
    """A method of a point in time or a duration, bound to it."""
    letters, rule = _RULES[kind_of(value)][name]
    return Function(name, letters, lambda _run, *arguments: rule(value, *arguments))


def _shifted(time: Time, years: int, months: int, days: int) -> Time:
    year, month, day, hour, minute, second = time.civil
    if max(abs(years), abs(months), abs(days)) > 10**7:
        raise NotEvaluated("a point in time is out of range")
    date = (year + years, month + months, day + days)
    return moment(date, (hour * 60 + minute) * 60 + second, time.nanos, time.zone)


def _truncated(value: int, unit: int, *, rounded: bool) -> int:
    """Towards zero, or to the nearest, half away from zero."""
    if unit <= 0:
        return value
    rest = abs(value) % unit
    kept = abs(value) - rest + (unit if rounded and rest * 2 >= unit else 0)
    return kept if value >= 0 else -kept


def _since_year_one(time: Time, unit: int, *, rounded: bool) -> Time:
    if unit <= 0:
        return time
    rest = (time.total + 62135596800 * SECOND) % unit
    return time.plus(unit - rest if rounded and rest * 2 >= unit else -rest)


_Method = tuple[str, Callable[..., Any]]
_TIME: Final[dict[str, _Method]] = {
    "Year": ("", lambda time: time.civil[0]), "Month": ("", lambda time: Month(time.civil[1])),
    "Day": ("", lambda time: time.civil[2]), "Hour": ("", lambda time: time.civil[3]),
    "Minute": ("", lambda time: time.civil[4]), "Second": ("", lambda time: time.civil[5]),
    "Nanosecond": ("", lambda time: time.nanos), "YearDay": ("", lambda time: time.yearday),
    "Weekday": ("", lambda time: Weekday(time.weekday)), "Format": ("s", Time.format), "String": ("", str),
    "Unix": ("", lambda time: _int64(time.seconds)), "UnixNano": ("", lambda time: _int64(time.total)),
    "UnixMilli": ("", lambda time: _int64(time.total // 1_000_000)),
    "UnixMicro": ("", lambda time: _int64(time.total // 1000)),
    "Add": ("d", lambda time, other: time.plus(int(other))), "AddDate": ("iii", _shifted),
    "UTC": ("", lambda time: time.seen_in(UTC)), "Local": ("", lambda time: time.seen_in(UTC)),
    "In": ("l", lambda time, zone: time.seen_in(zone)),
    "Truncate": ("d", lambda time, unit: _since_year_one(time, int(unit), rounded=False)),
    "Round": ("d", lambda time, unit: _since_year_one(time, int(unit), rounded=True)),
    "Sub": ("t", lambda time, other: Duration(min(max(time.total - other.total, -(2**63)), 2**63 - 1))),
    "After": ("t", lambda time, other: time.total > other.total),
    "Before": ("t", lambda time, other: time.total < other.total),
    "Equal": ("t", lambda time, other: time.total == other.total),
    "Compare": ("t", lambda time, other: (time.total > other.total) - (time.total < other.total)),
    "IsZero": ("", lambda time: time.total == -62135596800 * SECOND),
}  # fmt: skip
_DURATION: Final[dict[str, _Method]] = {
    "Hours": ("", lambda value: value / HOUR), "Minutes": ("", lambda value: value / MINUTE),
    "Seconds": ("", lambda value: value / SECOND), "String": ("", str),
    "Milliseconds": ("", lambda value: _int64(_truncated(value, 1_000_000, rounded=False) // 1_000_000)),
    "Microseconds": ("", lambda value: _int64(_truncated(value, 1000, rounded=False) // 1000)),
    "Nanoseconds": ("", lambda value: _int64(int(value))), "Abs": ("", lambda value: Duration(abs(int(value)))),
    "Round": ("d", lambda value, unit: Duration(_truncated(int(value), int(unit), rounded=True))),
    "Truncate": ("d", lambda value, unit: Duration(_truncated(int(value), int(unit), rounded=False))),
}  # fmt: skip
_RULES: Final = {"time": _TIME, "duration": _DURATION}


def _int64(value: int) -> Int64:
    return Int64(wrapped(value))
