"""Where a location's day is stored: in an archive in OpenAQ's layout, and in the lake once fetched.

https://docs.openaq.org/aws/about describes the archive: one gzipped CSV for a location and a local day, which holds
the hours that end from 01:00 of that day to 00:00 of the next.
"""

import hashlib
import re
from datetime import date, timedelta

LARGEST = 10 * 1024 * 1024  # bytes of one file, compressed or not; a real one has some 2 KB
_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")


def location_prefix(location: int) -> str:
    """What the paths of all of a location's files begin with."""
    return f"records/csv.gz/locationid={location}/"


def month_prefix(location: int, day: date) -> str:
    """What the paths of a location's files of that day's month begin with."""
    return f"{location_prefix(location)}year={day:%Y}/month={day:%m}/"


def path(location: int, day: date) -> str:
    """The path of a location's day."""
    return f"{month_prefix(location, day)}location-{location}-{day:%Y%m%d}.csv.gz"


def days(first: date, last: date) -> list[date]:
    """The days from `first` to `last`, both included."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def plain(etag: str) -> str:
    """The etag as a name that can be part of a key: itself if it is plain, else its digest.

    An etag is whatever a server says; `../` in one must not lead out of the prefix it is stored under.
    """
    bare = etag.strip().removeprefix("W/").strip('"')
    return bare if _PLAIN.fullmatch(bare) else "x" + hashlib.sha256(bare.encode()).hexdigest()[:32]


def content_etag(body: bytes) -> str:
    """The name of a version without an etag: a digest of its content."""
    return "sha256-" + hashlib.sha256(body).hexdigest()[:32]


def stored_etag(body: bytes) -> str:
    """The etag that S3 gives an object with that content, put whole and without a key of KMS: its MD5."""
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def raw_key(project: str, location: int, day: date, etag: str) -> str:
    """Where the lake keeps that version of a location's day, unchanged."""
    return f"{project}/raw/location={location}/day={day:%Y-%m-%d}/{etag}.csv.gz"


def quarantine_key(project: str, location: int, day: date, etag: str) -> str:
    """Where the lake keeps it once it is refused."""
    return f"{project}/quarantine/location={location}/day={day:%Y-%m-%d}/{etag}.csv.gz"


def reason_key(project: str, location: int, day: date, etag: str) -> str:
    """Where the lake says why."""
    return quarantine_key(project, location, day, etag).removesuffix(".csv.gz") + ".reason.json"
