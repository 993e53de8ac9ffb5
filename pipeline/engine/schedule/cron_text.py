"""Reading a schedule's text, and a time zone's name: what the controller (robfig/cron v3) takes, and nothing else."""

import math
import re
from datetime import UTC, tzinfo
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from pipeline.engine.language import durations
from pipeline.engine.schedule.cron import Every, Schedule, Times

_LONGEST: Final = (2**63 - 1) / 1e9  # seconds of Go's longest duration


class BadSchedule(Exception):
    """A text that is no schedule, or a name that is no time zone; says what was wanted."""


class _Bounds(NamedTuple):
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()  # of the values from `low` on


_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MINUTE: Final = _Bounds("minute", 0, 59)
_HOUR: Final = _Bounds("hour", 0, 23)
_DAY_OF_MONTH: Final = _Bounds("day of the month", 1, 31)
_MONTH: Final = _Bounds("month", 1, 12, _MONTHS)
_WEEKDAY: Final = _Bounds("day of the week", 0, 6, _WEEKDAYS)

_NAMED: Final = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip


def parse(text: str, timezone: str = "") -> Schedule:
    """A schedule: five fields, `@daily` and the like, or `@every 1h30m`; before it `CRON_TZ=<zone>` where it has a zone
    of its own. `timezone`: the CronWorkflow's; empty for this machine's.

    Raises:
        BadSchedule: it is none, or names an unknown zone.
    """
    zone = zone_of(timezone) if timezone else None
    if text.startswith(("TZ=", "CRON_TZ=")):
        if timezone:
            raise BadSchedule("has a zone of its own beside timezone; wanted one of the two")
        name, space, text = text.partition("=")[2].partition(" ")
        if not space:
            raise BadSchedule("ends after its zone; wanted five fields, such as CRON_TZ=Europe/Vienna 0 1 * * *")
        zone, text = zone_of(name), text.strip()
    if text.startswith("@every "):
        return Every(_period(text.removeprefix("@every ")), zone)
    if text.startswith("@") and text not in _NAMED:
        raise BadSchedule(f"wanted five fields, @every and a duration, or one of {', '.join(_NAMED)}")
    fields = _NAMED.get(text, text).split()
    if len(fields) != 5:
        raise BadSchedule(f"has {len(fields)} fields; wanted five, or one of {', '.join(_NAMED)}, @every")
    (minutes, _), (hours, _), (days, any_day), (months, _), (weekdays, any_weekday) = (
        _field(field, bounds)
        for field, bounds in zip(fields, (_MINUTE, _HOUR, _DAY_OF_MONTH, _MONTH, _WEEKDAY), strict=True)
    )
    return Times(minutes, hours, days, months, weekdays, any_day or any_weekday, zone)


def zone_of(name: str) -> tzinfo | None:
    """The zone of that name; None for `Local`, this machine's.

    Raises:
        BadSchedule: there is none; names the likeliest.
    """
    if name in ("", "UTC"):
        return UTC
    if name == "Local":
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        from difflib import get_close_matches  # noqa: PLC0415 - needed for this message alone
        from zoneinfo import available_timezones  # noqa: PLC0415

        like = get_close_matches(name, sorted(available_timezones()), 1, 0.5) or ["Europe/Vienna"]
        raise BadSchedule(f"names the time zone {name}, unknown here; wanted one such as {like[0]}") from None


def _period(text: str) -> int:
    """Whole seconds, at least one, of a duration in Go's form."""
    unsigned = text[1:] if text[:1] in ("+", "-") else text
    found = None if unsigned.isdecimal() and unsigned != "0" else durations.seconds(unsigned)
    if found is None or found > _LONGEST:
        raise BadSchedule("wanted a duration after @every, such as 90s or 1h30m")
    return max(1, math.floor(round(found, 6))) if unsigned == text or text[0] == "+" else 1


def _field(text: str, bounds: _Bounds) -> tuple[frozenset[int], bool]:
    """The values that a field allows, and whether it is as good as `*`."""
    found: set[int] = set()
    free = False
    for part in filter(None, text.split(",")):
        values, star = _part(part, bounds)
        found.update(values)
        free = free or star
    return frozenset(found), free


def _part(text: str, bounds: _Bounds) -> tuple[range, bool]:
    span, *steps = text.split("/")
    first, *rest = span.split("-")
    if len(steps) > 1 or (len(rest) > 1 and first not in ("*", "?")):
        raise BadSchedule(f"has {text} as {bounds.name}; wanted one range and one step at most, such as 10-20/5")
    star = first in ("*", "?")
    low = bounds.low if star else _value(first, text, bounds)
    high = bounds.high if star else _value(rest[0], text, bounds) if rest else low
    step = _number(steps[0], text, bounds) if steps else 1
    if steps and not rest:
        high = bounds.high
    if not bounds.low <= low <= high <= bounds.high or step == 0:
        raise BadSchedule(f"has {text} as {bounds.name}; wanted values from {bounds.low} to {bounds.high}, upwards")
    return range(low, high + 1, step), star and step == 1


def _value(text: str, part: str, bounds: _Bounds) -> int:
    if text.lower() in bounds.names:
        return bounds.low + bounds.names.index(text.lower())
    return _number(text, part, bounds)


def _number(text: str, part: str, bounds: _Bounds) -> int:
    if not re.fullmatch(r"\+?[0-9]+", text) or int(text) >= 2**63:
        names = f", or {bounds.names[0]} to {bounds.names[-1]}" if bounds.names else ""
        raise BadSchedule(f"has {part} as {bounds.name}; wanted numbers from {bounds.low} to {bounds.high}{names}")
    return int(text)
