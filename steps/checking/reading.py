"""A raw file becomes rows, or a sentence that says why it cannot be read. Nothing that is in it can do harm: it is
unpacked up to a limit, decoded strictly, and split by the rules of CSV.
"""

import csv
import io
import zlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from steps.archive.layout import LARGEST

COLUMNS = ("location_id", "sensors_id", "datetime", "parameter", "units", "value")
_GZIP = b"\x1f\x8b"
_MEGABYTE = 1024 * 1024
_MOST_MEMBERS = 100
_STILL = 0.01  # degrees, a kilometre: a location whose coordinates vary more within a day is mobile
_MOST_LINES = 200_000  # ten parameters every minute are 14,400


@dataclass(frozen=True)
class RawFile:
    """A location's day as it came: `body` is what the lake has under `raw_key`."""

    location: int
    day: date
    etag: str
    raw_key: str
    body: bytes


@dataclass(frozen=True)
class Reading:
    """What a file holds: `columns`, the texts below each of `COLUMNS`; the `name` it gives its location; and that
    location's coordinates (latitude and longitude in degrees, None if it gives none, or several that are more than a
    kilometre apart). If it cannot be read: no texts, and `unreadable` says why; if columns are missing: no texts, and
    their names."""

    columns: tuple[tuple[str, ...], ...] = ((),) * len(COLUMNS)
    name: str = ""
    place: tuple[float, float] | None = None
    unreadable: str | None = None
    missing: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.columns[0])

    def column(self, name: str) -> tuple[str, ...]:
        """The texts of one of `COLUMNS`."""
        return self.columns[COLUMNS.index(name)]


class _UnreadableError(Exception):
    """Why, in words."""


def read(body: bytes) -> Reading:
    """The columns of a gzipped CSV."""
    try:
        table = _table(_text(_unpacked(body)))
    except _UnreadableError as error:
        return Reading(unreadable=str(error))
    header = [name.strip() for name in table[0]]
    missing = tuple(name for name in COLUMNS if header.count(name) != 1)
    if missing:
        return Reading(missing=missing)
    if set(map(len, table)) != {len(header)}:
        wrong = next(number for number, row in enumerate(table) if len(row) != len(header))
        return Reading(unreadable=f"line {wrong + 1} has {len(table[wrong])} fields where the header has {len(header)}")
    if len(table) == 1:
        return Reading(unreadable="it has a header and no rows")
    texts = dict(zip(header, zip(*table[1:], strict=True), strict=True))
    names = texts.get("location", ("",))
    return Reading(tuple(texts[name] for name in COLUMNS), names[0], _place(texts.get("lat", ()), texts.get("lon", ())))


@lru_cache(maxsize=100_000)
def stamp(text: str) -> tuple[int, int] | None:
    """The moment that an ISO 8601 time with an offset names: seconds since 1970 UTC, and the offset in minutes. None if
    it is not one."""
    try:
        found = datetime.fromisoformat(text)
        offset = found.utcoffset()
        if offset is None:
            return None
        seconds = (found.replace(tzinfo=None) - offset - _EPOCH) // timedelta(seconds=1)
    except (ValueError, OverflowError):
        return None
    return seconds, offset // timedelta(minutes=1)


_EPOCH = datetime(1970, 1, 1)


def _place(latitudes: tuple[str, ...], longitudes: tuple[str, ...]) -> tuple[float, float] | None:
    """The one place that these are, if they are one."""
    try:
        found = [(float(one), float(other)) for one, other in set(zip(latitudes, longitudes, strict=True))]
    except ValueError:
        return None
    if not found or any(not (abs(one) <= 90 and abs(other) <= 180) for one, other in found):
        return None
    spread = [max(numbers) - min(numbers) for numbers in zip(*found, strict=True)]
    return min(found) if max(spread) <= _STILL else None


def _unpacked(body: bytes) -> bytes:
    """The content of a gzip file of one or more members (RFC 1952)."""
    if len(body) > LARGEST:
        raise _UnreadableError(f"the file is larger than {LARGEST // _MEGABYTE} MB")
    if not body:
        raise _UnreadableError("the file is empty")
    if not body.startswith(_GZIP):
        raise _UnreadableError(f"it is not a gzip file; it begins with {body[:12]!r}")
    pieces: list[bytes] = []
    left = LARGEST
    while body.strip(b"\0"):
        if len(pieces) == _MOST_MEMBERS:
            raise _UnreadableError(f"the gzip file has more than {_MOST_MEMBERS} members")
        member = zlib.decompressobj(wbits=31)
        try:
            piece = member.decompress(body, left + 1)
        except zlib.error as error:
            raise _UnreadableError(f"the gzip file is damaged ({str(error).rpartition(': ')[2]})") from error
        if len(piece) > left:
            raise _UnreadableError(f"unpacked it is larger than {LARGEST // _MEGABYTE} MB")
        if not member.eof:
            raise _UnreadableError("the gzip file is cut off")
        pieces.append(piece)
        left -= len(piece)
        body = member.unused_data
    return b"".join(pieces)


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _UnreadableError(f"it is not UTF-8 text (byte {error.start})") from error


def _table(text: str) -> list[list[str]]:
    if text.count("\n") + text.count("\r") > 2 * _MOST_LINES:
        raise _UnreadableError(f"it has more than {_MOST_LINES:,} lines")
    try:
        table = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error as error:
        raise _UnreadableError(f"it is not CSV ({error})") from error
    if not table:
        raise _UnreadableError("the file is empty")
    return table
