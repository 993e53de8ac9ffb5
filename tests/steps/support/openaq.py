"""A seeded archive in OpenAQ's layout: small, the same each time, and bent where a test wants it bent."""

import gzip
import math
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path

from steps.archive import layout

HEADER = ("location_id", "sensors_id", "location", "datetime", "lat", "lon", "parameter", "units", "value")
UNITS = {"no2": "µg/m³", "wind_speed": "m/s", "wind_direction": "deg", "temperature": "c"}
FIRST = date(2021, 3, 1)

Line = dict[str, str]
Bend = Callable[[list[Line]], list[Line]]


@dataclass
class Seeded:
    """Hourly NO2 and weather of some locations, from `first` on. `missing` days have no file. Locations lie on a
    circle of latitude in the order of their ids, a hundredth of a degree apart."""

    locations: tuple[int, ...] = (101, 102)
    first: date = FIRST
    days: int = 20
    offset: timezone = UTC
    missing: set[tuple[int, date]] = field(default_factory=set)

    @property
    def last(self) -> date:
        return self.first + timedelta(days=self.days - 1)

    def lines(self, location: int, day: date) -> list[Line]:
        """The lines of one location's day, by parameter and hour."""
        chance = random.Random(f"{location} {day}")
        midnight = datetime.combine(day, time(), self.offset)
        found = []
        for number, (parameter, units) in enumerate(UNITS.items(), start=1):
            for hour in range(1, 25):
                value = 20 + 10 * math.sin(hour / 4) + 3 * number + location / 100 + chance.gauss(0, 2)
                line = dict.fromkeys(HEADER, "")
                line |= {
                    "location_id": str(location),
                    "sensors_id": f"{location}{number}",
                    "location": f"station {location}",
                    "datetime": (midnight + timedelta(hours=hour)).isoformat(),
                    "lat": "48.2",
                    "lon": f"{location / 100 % 180:.2f}",
                    "parameter": parameter,
                    "units": units,
                    "value": f"{value:.2f}",
                }
                found.append(line)
        return found

    def body(self, location: int, day: date, bend: Bend | None = None) -> bytes:
        """The file of one location's day, its lines bent by `bend`."""
        lines = self.lines(location, day)
        return packed(bend(lines) if bend else lines)

    def objects(self) -> Iterable[tuple[str, bytes]]:
        """Every file: its path in the archive and its content."""
        for location in self.locations:
            for day in layout.days(self.first, self.last):
                if (location, day) not in self.missing:
                    yield layout.path(location, day), self.body(location, day)

    def write(self, folder: Path) -> Path:
        """The archive as a folder; the folder."""
        for path, body in self.objects():
            put(folder, path, body)
        return folder


def put(folder: Path, path: str, body: bytes) -> None:
    """Place (or replace) one file of an archive."""
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(body)


def packed(lines: list[Line], header: Iterable[str] = HEADER) -> bytes:
    """Lines as a gzipped CSV."""
    names = list(header)
    rows = [",".join(names), *(",".join(line[name] for name in names) for line in lines)]
    return gzip.compress(("\n".join(rows) + "\n").encode(), mtime=0)


def setting(parameter: str | None = None, /, **fields: str) -> Bend:
    """A bend that sets fields in every line, or in those of one parameter."""
    return lambda lines: [line | fields if parameter in (None, line["parameter"]) else line for line in lines]


def without(parameter: str, hours: Iterable[int] = range(24)) -> Bend:
    """A bend that takes out a parameter's lines of those hours (0: the first of the day)."""
    gone = set(hours)

    def bend(lines: list[Line]) -> list[Line]:
        seen = [line for line in lines if line["parameter"] == parameter]
        return [line for line in lines if line["parameter"] != parameter or seen.index(line) not in gone]

    return bend
