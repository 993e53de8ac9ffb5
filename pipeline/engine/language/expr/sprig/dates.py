"""sprig's dates. Like sprig, they take what is not a date for the present."""

from typing import Any, Final

from pipeline.engine.language.expr.builtins.dates import present
from pipeline.engine.language.expr.context import Context
from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.gotime.dates import read
from pipeline.engine.language.expr.gotime.durations import HOUR, MINUTE, SECOND, Duration, duration
from pipeline.engine.language.expr.gotime.times import UTC, Time, location
from pipeline.engine.language.expr.sprig.numbers import Entry
from pipeline.engine.language.expr.values.values import Int64


def _time(run: Context, value: Any) -> Time:
    if isinstance(value, Time):
        return value
    return Time(int(value)) if type(value) in (int, Int64) else present(run)


def _written(run: Context, layout: str, value: Any, zone: str = "Local") -> str:
    try:
        seen = location(zone)
    except NotEvaluated:
        seen = UTC
    return _time(run, value).seen_in(seen).format(layout)


def _modify(_run: Context, text: str, time: Time) -> Time:
    try:
        return time.plus(int(duration(text)))
    except NotEvaluated:
        return time


def _must_modify(_run: Context, text: str, time: Time) -> Time:
    return time.plus(int(duration(text)))


def _read(_run: Context, layout: str, text: str) -> Time:
    try:
        return read(layout, text)
    except NotEvaluated:
        return Time(-62135596800)


def _ago(run: Context, value: Any) -> str:
    passed = present(run).total - _time(run, value).total
    half = SECOND // 2 if passed >= 0 else -(SECOND // 2)
    return str(Duration(int((passed + half) / SECOND) * SECOND))


def _duration(_run: Context, value: Any) -> str:
    number = 0
    if isinstance(value, str):
        try:
            number = int(value) if value.lstrip("+-").isascii() and value.lstrip("+-").isdigit() else 0
        except ValueError:
            number = 0
    elif isinstance(value, Int64):
        number = int(value)
    return str(Duration((number * SECOND + 2**63) % 2**64 - 2**63))


def _rounded(run: Context, value: Any) -> str:
    length = 0
    if isinstance(value, str):
        try:
            length = int(duration(value))
        except NotEvaluated:
            length = 0
    elif isinstance(value, Time):
        length = present(run).total - value.total
    elif isinstance(value, Int64):
        length = int(value)
    length = abs(length)
    day = 24 * HOUR
    units = ((365 * day, "y"), (30 * day, "mo"), (day, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s"))
    return next((f"{length // size}{name}" for size, name in units if length > size), "0s")


DATES: Final[dict[str, Entry]] = {
    "now": ("", present), "date": ("sa", _written), "dateInZone": ("sas", _written), "date_in_zone": ("sas", _written),
    "htmlDate": ("a", lambda run, value: _written(run, "2006-01-02", value)),
    "htmlDateInZone": ("as", lambda run, value, zone: _written(run, "2006-01-02", value, zone)),
    "dateModify": ("st", _modify), "date_modify": ("st", _modify), "mustDateModify": ("st", _must_modify),
    "must_date_modify": ("st", _must_modify), "toDate": ("ss", _read),
    "mustToDate": ("ss", lambda _run, layout, text: read(layout, text)), "ago": ("a", _ago),
    "duration": ("a", _duration), "durationRound": ("a", _rounded),
    "unixEpoch": ("t", lambda _run, time: str(time.seconds)),
}  # fmt: skip
