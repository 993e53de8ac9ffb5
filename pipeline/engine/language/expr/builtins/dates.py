"""`now`, `date`, `duration`, `timezone`."""

from collections.abc import Callable
from typing import Any, Final

from pipeline.engine.language.expr.context import Context
from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.gotime.dates import read
from pipeline.engine.language.expr.gotime.durations import Duration, duration
from pipeline.engine.language.expr.gotime.layouts import RFC3339
from pipeline.engine.language.expr.gotime.times import UTC, Location, Time, location
from pipeline.engine.language.expr.values.conversions import text

_LAYOUTS: Final = (
    "2006-01-02", "15:04:05", "2006-01-02 15:04:05", RFC3339, "02 Jan 06 15:04 MST",
    "Monday, 02-Jan-06 15:04:05 MST", "Mon, 02 Jan 2006 15:04:05 MST",
)  # fmt: skip


def present(run: Context) -> Time:
    """The present time, by the clock that the run was given."""
    seconds = run.now()
    return Time(int(seconds // 1), round(seconds % 1 * 1_000_000) * 1000)


def _now(run: Context, zone: Any = UTC) -> Time:
    if not isinstance(zone, Location):
        raise NotEvaluated("invalid number of arguments (expected 0, got 1)")
    return present(run).seen_in(zone)


def _date(_run: Context, *arguments: Any) -> Time:
    zone = UTC
    given = list(arguments)
    if given and isinstance(given[0], Location):
        zone = given.pop(0)
    given = [text(value) for value in given]
    if len(given) > 1:
        return read(given[1], given[0], location(given[2]) if len(given) > 2 else zone)
    if given:
        for layout in _LAYOUTS:
            try:
                return read(layout, given[0], zone)
            except NotEvaluated:
                continue
    raise NotEvaluated(f"invalid date {given[0][:60] if given else ''}")


def _duration(_run: Context, value: Any) -> Duration:
    return duration(text(value))


def _timezone(_run: Context, value: Any) -> Location:
    return location(text(value))


DATES: Final[dict[str, Callable[..., Any]]] = {
    "now": _now, "date": _date, "duration": _duration, "timezone": _timezone,
}  # fmt: skip
