"""What the lake knows of a dataset: where it is, what it holds, and the raw files it is made of.

Contract. A dataset's folder is named by its fingerprint and written once; `dataset.json` comes last, and a folder
without it is work interrupted by a crash. `files.json.gz` lists the raw files of a series as the catalog had them when
the dataset was fixed, so the list stays true whatever is patched later. A table has no such list: it is the history at
a sequence number, and the ledger names the upload of every row.
"""

import gzip
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from steps.backends.caching import canonical
from steps.backends.objects import Bucket


@dataclass(frozen=True)
class RawFile:
    """One file of a source: a location's day. `path`: in the source; `key`: of the same bytes in the lake."""

    location: int
    day: str  # YYYY-MM-DD, local
    etag: str
    path: str
    key: str


def folder(project: str, fingerprint: str) -> str:
    """The folder of everything that belongs to a dataset."""
    return f"{project}/datasets/{fingerprint}"


def about(bucket: Bucket, project: str, fingerprint: str) -> dict[str, Any] | None:
    """The summary of a dataset (dataset.json), or None if it is missing or incomplete."""
    body = bucket.get(f"{folder(project, fingerprint)}/dataset.json")
    found: dict[str, Any] | None = json.loads(body) if body else None
    return found


def put_files(bucket: Bucket, project: str, fingerprint: str, files: Iterable[RawFile]) -> None:
    """Store the list of the raw files, by location and day."""
    listed = [asdict(file) for file in sorted(files, key=lambda one: (one.location, one.day))]
    body = gzip.compress(canonical(listed).encode(), mtime=0)
    bucket.put(f"{folder(project, fingerprint)}/files.json.gz", body)


def files(bucket: Bucket, project: str, fingerprint: str) -> list[RawFile] | None:
    """The raw files, by location and day; None if the dataset or its list is missing."""
    body = bucket.get(f"{folder(project, fingerprint)}/files.json.gz")
    return None if body is None else [RawFile(**one) for one in json.loads(gzip.decompress(body))]
