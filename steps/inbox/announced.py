"""What a notification announces. It comes from outside and only says where to look: the named keys are looked at, and
anything that is not an object of the project's inbox is skipped.

Argo Events hands over the `notification` of MinIO's event, a list of S3 event records, as base64 of JSON
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html). Keys are raw in some
deliveries and URL-encoded in others, so both readings of a key are looked at.
"""

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from steps.contract.command import log
from steps.errors import BadInput

_MOST = 10_000  # records in one notification


@dataclass(frozen=True)
class Announced:
    """An announced object: the keys it may have, the likelier one first; its etag and version."""

    keys: tuple[str, ...]
    etag: str
    version_id: str


def read(records: str, bucket: str, prefix: str) -> list[Announced]:
    """The objects that `records` announces below `prefix` in `bucket`; none for an empty text.

    Raises:
        BadInput: it is not base64 of a JSON list of records.
    """
    if not records.strip():
        return []
    try:
        found = json.loads(base64.b64decode(records.encode("ascii"), validate=True))
    except (ValueError, binascii.Error, RecursionError):
        found = None
    if isinstance(found, dict):
        found = found.get("Records", [found])
    if not isinstance(found, list):
        raise BadInput(
            f"--records {records!r:.60} is not base64 of a JSON list of S3 event records; "
            "leave it empty to search the whole inbox"
        )
    if len(found) > _MOST:
        log.warning("the notification has %d records; only the first %d are looked at, the listing has the rest",
                    len(found), _MOST)  # fmt: skip
    return list(_own(found[:_MOST], bucket, prefix))


def _own(records: list[Any], bucket: str, prefix: str) -> Iterator[Announced]:
    for record in records:
        try:
            place, thing = record["s3"]["bucket"]["name"], record["s3"]["object"]
            raw, etag, version = thing["key"], thing.get("eTag") or "", thing.get("versionId") or ""
        except (KeyError, TypeError, AttributeError):
            log.warning("skipped: %.80r is not an S3 event record", record)
            continue
        if place != bucket or not all(isinstance(text, str) for text in (raw, etag, version)):
            log.warning("skipped: an event of bucket %.80r, wanted %s", place, bucket)
            continue
        keys = tuple(dict.fromkeys(key for key in (raw, unquote_plus(raw)) if _is_own(key, prefix)))
        if keys:
            yield Announced(keys, etag, "" if version == "null" else version)
        else:
            log.warning("skipped: %.80r is not below %s", raw, prefix)


def _is_own(key: str, prefix: str) -> bool:
    """Whether the key is below the prefix in either reading, and can be stored."""
    parts = key.removeprefix(prefix).split("/")
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        return False
    within = key.startswith(prefix) and not {"", ".", ".."}.intersection(parts)
    return within and size <= 1024 and "\0" not in key
