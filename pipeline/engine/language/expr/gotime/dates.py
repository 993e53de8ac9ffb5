"""Reading points in time by a layout such as `2006-01-02 15:04:05`. https://pkg.go.dev/time#Parse"""

import re
from typing import Any, Final

from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.gotime.civil import DAYS, MONTHS, civil, days
from pipeline.engine.language.expr.gotime.layouts import CHUNK
from pipeline.engine.language.expr.gotime.times import UTC, Location, Time, moment


def _fractional(layout: str) -> bool:
    """Whether the next chunk of a layout is a fraction of a second."""
    chunk = CHUNK.search(layout)
    return chunk is not None and chunk[0][0] in ".,"


class _Reading:
    """One text being read by one layout."""

    def __init__(self, layout: str, text: str) -> None:
        self.layout, self.text, self.rest = layout, text, text
        self.found: dict[str, int] = {}
        self.zone: Location | None = None
        self.offset: int | None = None
        self.abbreviation = ""
        self.half = ""  # AM or PM

    def error(self) -> NotEvaluated:
        return NotEvaluated(f'parsing time "{self.text[:80]}" as "{self.layout}": cannot parse "{self.rest[:40]}"')

    def take(self, pattern: str, name: str, low: int = 0, high: int = 9999) -> None:
        match = re.match(pattern, self.rest, re.ASCII)
        if match is None or not low <= int(match[0]) <= high:
            raise self.error()
        self.found[name] = int(match[0])
        self.rest = self.rest[match.end() :]

    def literal(self, text: str) -> None:
        while text:
            if text[0] == " ":
                if self.rest and self.rest[0] != " ":
                    raise self.error()
                text, self.rest = text.lstrip(" "), self.rest.lstrip(" ")
                continue
            if not self.rest or self.rest[0] != text[0]:
                raise self.error()
            text, self.rest = text[1:], self.rest[1:]

    def chunk(self, name: str, following: str) -> None:
        if name in _NUMBERS:
            self.number(name, following)
        elif name in _NAMES:
            self.name(name)
        elif name in ("PM", "pm"):
            self.half_of_day(upper=name == "PM")
        elif name == "MST":
            self.zone_name()
        elif name[0] in "Z-":
            self.numeric_zone(name)
        else:
            self.fraction(name)

    def number(self, chunk: str, following: str) -> None:
        pattern, key, low, high = _NUMBERS[chunk]
        if chunk in ("_2", "__2"):
            self.rest = self.rest.lstrip(" ")
        self.take(pattern, key, low, high)
        if chunk == "06":
            self.found["year"] += 1900 if self.found["year"] >= 69 else 2000
        if key == "second" and not _fractional(following):
            self.fraction(".9")

    def name(self, chunk: str) -> None:
        key, names, length = _NAMES[chunk]
        for number, name in enumerate(names, 1):
            short = name[:length]
            if self.rest[: len(short)].lower() == short.lower():
                self.found[key] = number
                self.rest = self.rest[len(short) :]
                return
        raise self.error()

    def half_of_day(self, *, upper: bool) -> None:
        if self.rest[:2] not in (("AM", "PM") if upper else ("am", "pm")):
            raise self.error()
        self.half, self.rest = self.rest[:2].upper(), self.rest[2:]

    def fraction(self, chunk: str) -> None:
        """`.000`: so many digits; `.999`: any number of them, or none."""
        required = chunk[1] == "0"
        match = re.match(rf"[.,][0-9]{{{len(chunk) - 1}}}" if required else r"[.,][0-9]+", self.rest, re.ASCII)
        if match is not None:
            self.found["nanos"] = int(match[0][1:10].ljust(9, "0"))
            self.rest = self.rest[match.end() :]
        elif required:
            raise self.error()

    def numeric_zone(self, form: str) -> None:
        if form[0] == "Z" and self.rest.startswith("Z"):
            self.rest, self.zone = self.rest[1:], UTC
            return
        pattern = {5: r"([+-])(\d\d)(\d\d)", 7: r"([+-])(\d\d)(\d\d)(\d\d)", 3: r"([+-])(\d\d)"}
        with_colons = {6: r"([+-])(\d\d):(\d\d)", 9: r"([+-])(\d\d):(\d\d):(\d\d)"}
        match = re.match((with_colons if ":" in form else pattern)[len(form)], self.rest, re.ASCII)
        if match is None:
            raise self.error()
        hours, minutes, seconds = (int(part) for part in (*match.groups()[1:], "0", "0")[:3])
        if hours > 24 or minutes > 60 or seconds > 60:
            raise self.error()
        self.offset = (hours * 60 + minutes) * 60 + seconds
        self.offset = -self.offset if match[1] == "-" else self.offset
        self.rest = self.rest[match.end() :]

    def zone_name(self) -> None:
        if self.rest.startswith("UTC"):
            self.rest, self.zone = self.rest[3:], UTC
            return
        match = re.match(
            r"ChST|MeST|GMT(?:[+-]\d{1,2})?|WITA|[+-]\d\d(?:\d\d)?|[A-Z]{3,5}(?![A-Z])", self.rest, re.ASCII
        )
        name = match[0] if match is not None else ""
        long = len(name) > 3 and name.isalpha() and name.isupper() and name != "WITA"
        if not name or (long and name[-1] != "T"):
            raise self.error()
        self.abbreviation, self.rest = name, self.rest[len(name) :]

    def time(self, zone: Location) -> Time:
        found: dict[str, Any] = {"year": 0, "hour": 0, "minute": 0, "second": 0, "nanos": 0, **self.found}
        hour = found["hour"]
        if self.half == "PM" and hour < 12:
            hour += 12
        elif self.half == "AM" and hour == 12:
            hour = 0
        seconds = (hour * 60 + found["minute"]) * 60 + found["second"]
        return self.placed((found["year"], *self.day(found["year"])), seconds, found["nanos"], zone)

    def day(self, year: int) -> tuple[int, int]:
        """Month and day."""
        month, day = self.found.get("month", 1), self.found.get("day", 1)
        yearday = self.found.get("yearday")
        if yearday is None:
            if not 1 <= day <= days(year + month // 12, month % 12 + 1, 1) - days(year, month, 1):
                raise NotEvaluated(f'parsing time "{self.text[:80]}": day out of range')
            return month, day
        there, *shown = civil(days(year, 1, 1) + yearday - 1)
        if there != year:
            raise NotEvaluated(f'parsing time "{self.text[:80]}": day-of-year out of range')
        if [self.found.get("month", shown[0]), self.found.get("day", shown[1])] != shown:
            raise NotEvaluated(f'parsing time "{self.text[:80]}": day-of-year does not match month or day')
        return shown[0], shown[1]

    def placed(self, date: tuple[int, int, int], seconds: int, nanos: int, zone: Location) -> Time:
        """The point in time, in the zone that the text names. Go knows no offset for a mere abbreviation, and takes the
        clock for UTC's."""
        if self.zone is None and self.offset is not None:
            plain = self.offset == 0 and zone is UTC and self.abbreviation in ("", "UTC")
            return moment(date, seconds, nanos, UTC if plain else Location(self.abbreviation, self.offset))
        if self.zone is None and self.abbreviation:
            hours = re.fullmatch(r"GMT([+-]\d{1,2})", self.abbreviation)
            named = Location(self.abbreviation, int(hours[1]) * 3600 if hours else 0)
            return moment(date, seconds, nanos, UTC).seen_in(named)
        return moment(date, seconds, nanos, self.zone or zone)


_TWO: Final = r"[0-9]{1,2}"
_FIXED: Final = r"[0-9]{2}"
_NUMBERS: Final = {
    "2006": (r"[0-9]{4}", "year", 0, 9999), "06": (_FIXED, "year", 0, 99), "01": (_FIXED, "month", 1, 12),
    "1": (_TWO, "month", 1, 12), "02": (_FIXED, "day", 0, 99), "2": (_TWO, "day", 0, 99), "_2": (_TWO, "day", 0, 99),
    "002": (r"[0-9]{3}", "yearday", 0, 999), "__2": (r"[0-9]{1,3}", "yearday", 0, 999), "15": (_TWO, "hour", 0, 23),
    "03": (_FIXED, "hour", 0, 12), "3": (_TWO, "hour", 0, 12), "04": (_FIXED, "minute", 0, 59),
    "4": (_TWO, "minute", 0, 59), "05": (_FIXED, "second", 0, 59), "5": (_TWO, "second", 0, 59),
}  # fmt: skip
_NAMES: Final = {
    "January": ("month", MONTHS, None), "Jan": ("month", MONTHS, 3),
    "Monday": ("weekday", DAYS, None), "Mon": ("weekday", DAYS, 3),
}  # fmt: skip


def read(layout: str, text: str, zone: Location = UTC) -> Time:
    """The point in time that `text` shows by the layout; in `zone` if it names none itself.

    Raises:
        NotEvaluated: it does not show one.
    """
    if len(layout) > 1000 or len(text) > 1000:
        raise NotEvaluated("a date or its layout has more than 1000 characters")
    reading = _Reading(layout, text)
    position = 0
    for match in CHUNK.finditer(layout):
        reading.literal(layout[position : match.start()])
        reading.chunk(match[0], layout[match.end() :])
        position = match.end()
    reading.literal(layout[position:])
    if reading.rest:
        raise NotEvaluated(f'parsing time "{text[:80]}": extra text: "{reading.rest[:40]}"')
    return reading.time(zone)
