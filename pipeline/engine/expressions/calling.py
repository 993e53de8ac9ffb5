"""Calling a function as Go's reflection does: each argument must be of the very type that it takes, nil becomes that
type's empty value.

A signature is a letter for each argument: s text, i int, n int64, f float64, b boolean, a anything, m map of anything,
t point in time, L list of anything; a last `*` repeats the letter before it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from pipeline.engine.expressions import times
from pipeline.engine.expressions.errors import NotEvaluated
from pipeline.engine.expressions.times import Duration, Time
from pipeline.engine.expressions.values import Function, Int64, NilMap, go_type, wrapped

if TYPE_CHECKING:
    from pipeline.engine.expressions.evaluation import Evaluation

_TAKES: Final[dict[str, tuple[type, str]]] = {
    "s": (str, "string"), "i": (int, "int"), "f": (float, "float64"), "b": (bool, "bool"),
    "m": (dict, "map[string]interface {}"), "t": (Time, "time.Time"), "d": (Duration, "time.Duration"),
    "l": (times.Location, "*time.Location"),
}  # fmt: skip
_EMPTY: Final[dict[str, Callable[[], Any]]] = {
    "s": str, "i": int, "f": float, "b": bool, "m": NilMap, "a": lambda: None, "d": Duration,
    "t": lambda: Time(-62135596800),
}  # fmt: skip


def call(function: Any, arguments: list[Any], run: Evaluation) -> Any:
    """What a function gives.

    Raises:
        NotEvaluated: it is none, or does not take these arguments.
    """
    if function is None:
        raise NotEvaluated("invalid operation: cannot call nil")
    if not isinstance(function, Function):
        raise NotEvaluated(f"invalid operation: cannot call non-function of type {go_type(function)}")
    return function.run(run, *_checked(function, arguments))


def _checked(function: Function, arguments: list[Any]) -> list[Any]:
    takes = function.takes
    if takes.endswith("*"):
        letter = takes[-2]
        takes = takes[:-2] + letter * (len(arguments) - len(takes) + 2)
        if len(arguments) < len(takes):
            raise NotEvaluated(f"reflect: Call with too few input arguments ({function.name})")
    if len(arguments) != len(takes):
        amount = "few" if len(arguments) < len(takes) else "many"
        raise NotEvaluated(f"reflect: Call with too {amount} input arguments ({function.name})")
    return [_argument(function.name, letter, value) for letter, value in zip(takes, arguments, strict=True)]


def _argument(name: str, letter: str, value: Any) -> Any:
    if value is None:
        return _EMPTY[letter]()
    if letter == "a":
        return value
    kind, wanted = _TAKES[letter]
    if type(value) is not kind:
        raise NotEvaluated(f"reflect: Call using {go_type(value)} as type {wanted} ({name})")
    return value


def takes(kind: str, name: str) -> str:
    """The signature of a method of a `time` or a `duration`."""
    return _METHODS[kind][name][0]


def method(value: Any, name: str) -> Function:
    """A method of a point in time or a duration, to be called."""
    letters, rule = _METHODS[times.kind_of(value)][name]
    return Function(name, letters, lambda _run, *arguments: rule(value, *arguments))


def _formatted(time: Time, layout: str) -> str:
    from pipeline.engine.expressions.layouts import written

    return written(time, layout)


def _shifted(time: Time, years: int, months: int, days: int) -> Time:
    year, month, day, hour, minute, second = time.civil
    if max(abs(years), abs(months), abs(days)) > 10**7:
        raise NotEvaluated("a point in time is out of range")
    return times.moment(year + years, month + months, day + days, (hour * 60 + minute) * 60 + second, time.nanos, time.zone)


def _truncated(value: int, unit: int, *, rounded: bool) -> int:
    """Towards nought, or to the nearest, half away from nought."""
    if unit <= 0:
        return value
    rest = abs(value) % unit
    kept = abs(value) - rest + (unit if rounded and rest * 2 >= unit else 0)
    return kept if value >= 0 else -kept


def _since_year_one(time: Time, unit: int, *, rounded: bool) -> Time:
    if unit <= 0:
        return time
    rest = (time.total + 62135596800 * times.SECOND) % unit
    return time.plus(unit - rest if rounded and rest * 2 >= unit else -rest)


_Method = tuple[str, Callable[..., Any]]
_TIME: Final[dict[str, _Method]] = {
    "Year": ("", lambda time: time.civil[0]), "Month": ("", lambda time: times.Month(time.civil[1])),
    "Day": ("", lambda time: time.civil[2]), "Hour": ("", lambda time: time.civil[3]),
    "Minute": ("", lambda time: time.civil[4]), "Second": ("", lambda time: time.civil[5]),
    "Nanosecond": ("", lambda time: time.nanos), "YearDay": ("", lambda time: time.yearday),
    "Weekday": ("", lambda time: times.Weekday(time.weekday)), "Format": ("s", _formatted), "String": ("", str),
    "Unix": ("", lambda time: _int64(time.seconds)), "UnixNano": ("", lambda time: _int64(time.total)),
    "UnixMilli": ("", lambda time: _int64(time.total // 1_000_000)),
    "UnixMicro": ("", lambda time: _int64(time.total // 1000)),
    "Add": ("d", lambda time, other: time.plus(int(other))), "AddDate": ("iii", _shifted),
    "UTC": ("", lambda time: time.seen_in(times.UTC)), "Local": ("", lambda time: time.seen_in(times.UTC)),
    "In": ("l", lambda time, zone: time.seen_in(zone)),
    "Truncate": ("d", lambda time, unit: _since_year_one(time, int(unit), rounded=False)),
    "Round": ("d", lambda time, unit: _since_year_one(time, int(unit), rounded=True)),
    "Sub": ("t", lambda time, other: Duration(min(max(time.total - other.total, -(2**63)), 2**63 - 1))),
    "After": ("t", lambda time, other: time.total > other.total),
    "Before": ("t", lambda time, other: time.total < other.total),
    "Equal": ("t", lambda time, other: time.total == other.total),
    "Compare": ("t", lambda time, other: (time.total > other.total) - (time.total < other.total)),
    "IsZero": ("", lambda time: time.total == -62135596800 * times.SECOND),
}  # fmt: skip
_DURATION: Final[dict[str, _Method]] = {
    "Hours": ("", lambda value: value / times.HOUR), "Minutes": ("", lambda value: value / times.MINUTE),
    "Seconds": ("", lambda value: value / times.SECOND), "String": ("", str),
    "Milliseconds": ("", lambda value: _int64(_truncated(value, 1_000_000, rounded=False) // 1_000_000)),
    "Microseconds": ("", lambda value: _int64(_truncated(value, 1000, rounded=False) // 1000)),
    "Nanoseconds": ("", lambda value: _int64(int(value))), "Abs": ("", lambda value: Duration(abs(int(value)))),
    "Round": ("d", lambda value, unit: Duration(_truncated(int(value), int(unit), rounded=True))),
    "Truncate": ("d", lambda value, unit: Duration(_truncated(int(value), int(unit), rounded=False))),
}  # fmt: skip
_METHODS: Final = {"time": _TIME, "duration": _DURATION}


def _int64(value: int) -> int:
    return Int64(wrapped(value))
