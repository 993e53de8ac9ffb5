"""The object store: S3's API and nothing beyond it, so that MinIO, AWS and the embedded gateway are one thing.

Contract. A `put` is atomic: a reader sees the old object, the new one, or none, never a part. Keys are kept whole and
never parsed by the store. Conditional writes are not assumed (the embedded gateway ignores `If-None-Match`), so
nothing here decides who wins; that is the database's business. Objects under the lake are written once under a key
that names their content, and a marker written last says that a set of them is whole.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from steps.errors import StepError
from steps.settings import setting

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MISSING = {"NoSuchKey", "404", "NotFound"}
_making_clients = threading.Lock()


@dataclass(frozen=True)
class Stored:
    """One object as a listing shows it. `size` in bytes; `etag` without its quotes."""

    key: str
    etag: str
    size: int


class Bucket:
    """One bucket of the store that the environment names. Safe to share between threads.

    Raises:
        StepError: the store does not answer, or refuses.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._client: S3Client = _client(setting("AWS_ENDPOINT_URL_S3"))

    def put(self, key: str, body: bytes, *, metadata: dict[str, str] | None = None) -> str:
        """Store `body` under `key`, replacing what was there; its etag."""
        answer = self._call("put_object", Key=key, Body=body, Metadata=metadata or {})
        return str(answer["ETag"]).strip('"')

    def get(self, key: str) -> bytes | None:
        """The object's content, or None where there is no such object."""
        answer = self._call("get_object", Key=key)
        if answer is None:
            return None
        try:
            body: bytes = answer["Body"].read()
        except (BotoCoreError, OSError) as error:
            raise StepError(f"reading s3://{self.name}/{key} broke off: {error}") from error
        return body

    def exists(self, key: str) -> bool:
        """Whether there is an object under `key`."""
        return self._call("head_object", Key=key) is not None

    def list(self, prefix: str) -> Iterator[Stored]:
        """All objects whose key begins with `prefix`, in the order of their keys."""
        token: dict[str, str] = {}
        while True:
            page = self._call("list_objects_v2", Prefix=prefix, **token)
            for entry in page.get("Contents", ()):
                yield Stored(entry["Key"], entry["ETag"].strip('"'), entry["Size"])
            if not page.get("IsTruncated"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def delete(self, key: str) -> None:
        """Remove the object; nothing happens where there is none."""
        self._call("delete_object", Key=key)

    def _call(self, operation: str, **arguments: object) -> Any:
        try:
            return getattr(self._client, operation)(Bucket=self.name, **arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return None
            raise StepError(f"the object store refused {operation} in bucket {self.name}: {error}") from error
        except BotoCoreError as error:
            raise StepError(f"the object store did not answer {operation} in bucket {self.name}: {error}") from error


def lake() -> Bucket:
    """The bucket of everything computed: raw, features, datasets, cache."""
    return Bucket(setting("LAKE_BUCKET", "lake"))


def artifacts() -> Bucket:
    """The bucket of models and what MLflow keeps beside them."""
    return Bucket(setting("ARTIFACTS_BUCKET", "artifacts"))


@cache
def _client(endpoint: str) -> "S3Client":
    with _making_clients:
        return boto3.client(
            "s3",
            endpoint_url=endpoint,
            config=Config(
                connect_timeout=5,
                read_timeout=60,
                retries={"max_attempts": 4, "mode": "standard"},
                max_pool_connections=32,
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                s3={"addressing_style": "path"},
            ),
        )
