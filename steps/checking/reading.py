"""A raw file becomes rows, or a sentence that says why it cannot be read. Nothing that is in it can do harm: it is
unpacked up to a limit, decoded strictly, and split by the rules of CSV.
"""

import csv
import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from steps.archive.layout import LARGEST

COLUMNS = ("location_id", "sensors_id", "datetime", "parameter", "units", "value")
_GZIP = b"\x1f\x8b"
_MEGABYTE = 1024 * 1024
_MOST_MEMBERS = 100
_MOST_LINES = 200_000  # ten parameters every minute are 14,400


@dataclass(frozen=True)
class RawFile:
    """A location's day as it came: `body` is what the lake has under `raw_key`."""

    location: int
    day: date
    etag: str
    raw_key: str
    body: bytes


class Row(NamedTuple):
    """One line of a file, as text."""

    location: str
    sensor: str
    datetime: str
    parameter: str
    units: str
    value: str


@dataclass(frozen=True)
class Reading:
    """What a file holds, and the `name` it gives its location and that location's coordinates (latitude and longitude
    in degrees, None if not given). If it cannot be read: no rows, and `unreadable` says why; if columns are missing: no
    rows, and their names."""

    rows: list[Row]
    name: str = ""
    place: tuple[float, float] | None = None
    unreadable: str | None = None
    missing: tuple[str, ...] = ()


class _UnreadableError(Exception):
    """Why, in words."""


def read(body: bytes) -> Reading:
    """The rows of a gzipped CSV."""
    try:
        table = _table(_text(_unpacked(body)))
    except _UnreadableError as error:
        return Reading([], unreadable=str(error))
    header = [name.strip() for name in table[0]]
    missing = tuple(name for name in COLUMNS if header.count(name) != 1)
    if missing:
        return Reading([], missing=missing)
    wrong = next((number for number, row in enumerate(table, start=1) if len(row) != len(header)), None)
    if wrong is not None:
        return Reading(
            [], unreadable=f"line {wrong} has {len(table[wrong - 1])} fields where the header has {len(header)}"
        )
    if len(table) == 1:
        return Reading([], unreadable="it has a header and no rows")
    pick = _picker([header.index(name) for name in COLUMNS])
    first = dict(zip(header, table[1], strict=True))
    return Reading([pick(row) for row in table[1:]], first.get("location", ""), _place(first))


@lru_cache(maxsize=100_000)
def stamp(text: str) -> tuple[int, int] | None:
    """The hour's end that an ISO 8601 time with an offset names: minutes since 1970 UTC, and the offset in minutes.
    None if it is not one."""
    try:
        found = datetime.fromisoformat(text)
        offset = found.utcoffset()
        if offset is None:
            return None
        minutes = (found.replace(tzinfo=None) - offset - _EPOCH) // timedelta(minutes=1)
    except (ValueError, OverflowError):
        return None
    return minutes, offset // timedelta(minutes=1)


_EPOCH = datetime(1970, 1, 1)


def _place(row: dict[str, str]) -> tuple[float, float] | None:
    try:
        latitude, longitude = float(row["lat"]), float(row["lon"])
    except (KeyError, ValueError):
        return None
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def _picker(places: list[int]) -> Callable[[list[str]], Row]:
    first, second, third, fourth, fifth, sixth = places

    def pick(row: list[str]) -> Row:
        return Row(row[first], row[second], row[third], row[fourth], row[fifth], row[sixth])

    return pick


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
