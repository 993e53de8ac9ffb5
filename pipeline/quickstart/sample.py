"""The sample: real hours of NO2 at two UK stations, laid out as an OpenAQ archive in a folder.

The data come with the PyPI package `aqeval` (only its data file is read; its code, GPL-3, is never imported): hourly
NO2 at a roadside and a background station that the package does not name, with one series of wind and temperature,
which both are given. Stamps there are UTC and the beginning of an hour, as is openair's convention (`correct.time =
-3600` in its importAURN); OpenAQ's are its end, in local time with an offset. Ids and places are made up.

Missing values have no line, and a day without values has no file. The same input gives the same bytes.
"""

import csv
import gzip
import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from zoneinfo import ZoneInfo

from pipeline import shipped
from pipeline.errors import UserError
from pipeline.projects.openaq import SAMPLE

ATTRIBUTION = "hourly NO2 at two unnamed UK stations, from the data of aqeval 0.7.3"
FIRST_DAY = date(2002, 7, 1)
LAST_DAY = date(2003, 12, 31)
BEGIN = datetime(2002, 7, 1, tzinfo=UTC)
END = datetime(2004, 1, 1, tzinfo=UTC)  # of its last hour

_FILE = "aqeval/data/aq_data.csv.gz"
_ZONE = ZoneInfo("Europe/London")
_HOUR = timedelta(hours=1)
_HEADER = "location_id,sensors_id,location,datetime,lat,lon,parameter,units,value\n"
_WEATHER = (
    (2, "wind_speed", "m/s", "ws"),
    (3, "wind_direction", "deg", "wd"),
    (4, "temperature", "c", "air_temp"),
)
# id, name, its parameters: (sensor number, parameter, units, column of the sample)
_STATIONS = (
    (SAMPLE[0], "unnamed UK roadside station (aqeval sample)", ((1, "no2", "µg/m³", "no2"), *_WEATHER)),
    (SAMPLE[1], "unnamed UK background station (aqeval sample)", ((1, "no2", "µg/m³", "bg.no2"), *_WEATHER)),
)

Hours = Sequence[tuple[datetime, dict[str, str]]]  # each hour's local end and row
Change = Callable[[int, str, datetime, str], str]  # of a value: its location, its parameter, its hour's end, itself


@dataclass(frozen=True)
class Span:
    """The days from `first` to `last` of what the package has (2001 to 2003), each value as `change` makes it."""

    first: date
    last: date
    change: Change


def lay_out(archive: Path) -> int:
    """Make the folder `archive` the sample's, all of it; how many files were lacking.

    Raises:
        UserError: the package with the data is not installed.
    """
    marker = archive / "whole"
    if marker.is_file() and marker.read_text(encoding="utf-8") == _whole(archive):
        return 0
    written = write(archive)
    marker.write_text(_whole(archive), encoding="utf-8")
    return written


def write(archive: Path, span: Span | None = None) -> int:
    """Write into the folder `archive` what differs there from the sample, or from another span; how many files.

    Raises:
        UserError: the package with the data is not installed.
    """
    written = 0
    for key, text in _texts(span or _sample()):
        path, body = archive / key, _packed(text)
        if path.is_file() and path.read_bytes() == body:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".new")
        draft.write_bytes(body)
        draft.replace(path)
        written += 1
    return written


def _whole(archive: Path) -> str:
    """What marks the folder as complete: what the files were made of, and how many there are."""
    made_of = hashlib.sha256(Path(__file__).read_bytes() + _file().read_bytes()).hexdigest()
    return f"{made_of} {sum(1 for _ in archive.glob('records/csv.gz/*/*/*/*.csv.gz'))}\n"


def require() -> None:
    """Nothing, where the sample's data are there.

    Raises:
        UserError: the package with them is not installed.
    """
    _file()


def objects() -> Iterator[tuple[str, bytes]]:
    """Each object of the archive: its key and content."""
    return ((key, _packed(text)) for key, text in _texts(_sample()))


def _sample() -> Span:
    return Span(FIRST_DAY, LAST_DAY, lambda _location, _parameter, _ends, value: value)


def _texts(span: Span) -> Iterator[tuple[str, str]]:
    days = _days(span)
    for location, name, sensors in _STATIONS:
        for day, hours in days.items():
            lines = [
                f"{location},{location}{number},{name},{ends.isoformat()},,,{parameter},{units},"
                f"{span.change(location, parameter, ends, row[column])}\n"
                for number, parameter, units, column in sensors
                for ends, row in hours
                if row[column]
            ]
            if lines:
                folder = f"records/csv.gz/locationid={location}/year={day:%Y}/month={day:%m}"
                yield f"{folder}/location-{location}-{day:%Y%m%d}.csv.gz", _HEADER + "".join(lines)


def _days(span: Span) -> dict[date, Hours]:
    """The hours by local day; an hour that ends at midnight belongs to the day before."""
    days: dict[date, list[tuple[datetime, dict[str, str]]]] = {}
    for row in csv.DictReader(io.StringIO(_source())):
        begins = datetime.fromisoformat(row["date"]).replace(tzinfo=UTC)
        day = begins.astimezone(_ZONE).date()
        if span.first <= day <= span.last:
            days.setdefault(day, []).append(((begins + _HOUR).astimezone(_ZONE), row))
    return dict(days)


def _source() -> str:
    return gzip.decompress(_file().read_bytes()).decode()


def _file() -> Path:
    try:
        found = next(file for file in files("aqeval") or () if str(file) == _FILE)
    except (PackageNotFoundError, StopIteration):
        install = "make setup" if shipped.CHECKOUT else "pip install --no-deps aqeval==0.7.3"
        raise UserError(f"the sample's data are not installed; run: {install}, or name a --source of yours") from None
    return Path(str(found.locate()))


def _packed(text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0)
