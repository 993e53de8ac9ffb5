"""The API as an archive: hourly means of a span, laid out as the archive's files of days.

The API has neither files nor versions. So each location is requested once, and each of its sensors once per 41 days
(984 hours, less than a page). The answers are cut into days, each written as the archive would write it and named by
its content; a day that the API changes later is a new version. For L locations with S sensors in all that is L + S
calls, for a span of 30 days as for one of 10, and none could be saved. A run keeps the answers, so that if it is cut
off it requests only the rest.

Hourly means rather than the measurements themselves: a sensor that reports every minute would take sixty times the
calls for the same hours. Units are kept as sent and checked with everything else. An hour without a value has no line.
"""

import csv
import gzip
import io
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from steps.archive import layout
from steps.archive.base import Archive, Found
from steps.backends import caching
from steps.backends.objects import Bucket
from steps.backends.openaq import Hour, Location, OpenAQ, Sensor
from steps.contract import reach
from steps.contract.command import log
from steps.errors import StepError

_SPAN = timedelta(hours=984)
_HEADER = ("location_id", "sensors_id", "location", "datetime", "lat", "lon", "parameter", "units", "value")
_LICENCES = "licences"  # in the lake, beside the data they apply to: those the API named last
_INSTANT = timedelta(microseconds=1)

Hours = list[tuple[str, float]]  # ends of hours (ISO 8601, local) and values


class Api(Archive):
    """`parameters`: the names of those to request, in lower case. `memory` and `run`: where, and for which run, to keep
    the answers."""

    def __init__(self, api: OpenAQ, parameters: Collection[str], memory: Bucket, run: str) -> None:
        self._api, self._parameters, self._memory, self._run = api, parameters, memory, run

    def survey(self, locations: Sequence[int], first: date, last: date) -> list[Found]:
        """One location after the other: the API never gets two requests at once."""
        found = []
        for number, location in enumerate(locations, start=1):
            found += self.find(location, first, last)
            log.info("%d of %d locations asked for", number, len(locations))
        return found

    def find(self, location: int, first: date, last: date) -> list[Found]:
        station = self._location(location)
        zone = _zone(station)
        after = datetime.combine(first, time(), zone).astimezone(UTC)
        until = datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC)
        days: defaultdict[date, list[tuple[datetime, Sensor, float]]] = defaultdict(list)
        for sensor in sorted(station.sensors, key=lambda one: one.id):
            if self._wanted(sensor):
                for end, value in self._values(sensor, after, until):
                    stamp = datetime.fromisoformat(end).astimezone(zone)
                    days[(stamp - _INSTANT).date()].append((stamp, sensor, value))
        return [_file(station, day, days[day]) for day in sorted(days) if first <= day <= last]

    def holds(self, location: int) -> bool:
        return bool(self._location(location).sensors)

    def read(self, found: Found, limit: int) -> bytes | None:
        """The content that came with `found`; a version that another process planned can no longer be had."""
        return found.body[: limit + 1] if found.body is not None else None

    def _location(self, number: int) -> Location:
        key = caching.key("api-location", code=reach.digest(__name__), location=number, run=self._run)
        stored = caching.recall(self._memory, key)
        if stored is not None:
            return Location.model_validate(stored)
        found = self._api.location(number)
        whole = found.model_dump(mode="json")
        self._memory.put(f"{_LICENCES}/location={number}.json", caching.canonical(whole["licenses"] or []).encode())
        caching.remember(self._memory, key, whole)
        log.info("location %d: %s, %s", number, found.name or "without a name", _terms(found))
        if rest := sorted({f"{one.parameter.name!r:.40}" for one in found.sensors if not self._wanted(one)}):
            log.info("location %d: not asked for, as not declared: %s", number, ", ".join(rest))
        return found

    def _wanted(self, sensor: Sensor) -> bool:
        return sensor.parameter.name.strip().casefold() in self._parameters

    def _values(self, sensor: Sensor, after: datetime, until: datetime) -> Hours:
        found: Hours = []
        while after < until:
            end = min(after + _SPAN, until)
            span = {"after": after.isoformat(), "until": end.isoformat()}
            key = caching.key("api-hours", code=reach.digest(__name__), sensor=sensor.id, **span, run=self._run)
            remembered = caching.recall(self._memory, key)
            if remembered is None:
                remembered = [_line(one) for one in self._api.hours(sensor.id, after, end) if one.value is not None]
                caching.remember(self._memory, key, remembered)
            found += remembered
            after = end
        return found


def _line(hour: Hour) -> tuple[str, float | None]:
    return hour.period.datetimeTo.utc.isoformat(), hour.value


def _file(station: Location, day: date, rows: list[tuple[datetime, Sensor, float]]) -> Found:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEADER)
    place = station.coordinates
    for stamp, sensor, value in sorted(rows, key=lambda row: (row[0], row[1].id)):
        measured = (sensor.parameter.name, sensor.parameter.units, repr(value))
        writer.writerow(
            (station.id, sensor.id, station.name, stamp.isoformat(), place.latitude, place.longitude, *measured)
        )
    body = gzip.compress(text.getvalue().encode(), mtime=0)
    return Found(station.id, day, layout.path(station.id, day), layout.content_etag(body), len(body), body)


def _zone(station: Location) -> ZoneInfo:
    try:
        return ZoneInfo(station.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise StepError(f"the API says location {station.id} is in time zone {station.timezone!r:.60}") from None


def _terms(station: Location) -> str:
    """Whose data these are and under which licence, as far as the API says."""
    said = [
        f"{one.name}{f' ({one.attribution.name})' if one.attribution and one.attribution.name else ''}"
        for one in station.licenses or []
    ]
    return "; ".join(dict.fromkeys(said)) or "no licence given"
