"""The object store: S3's API and nothing beyond it, so that MinIO, AWS and the embedded gateway are interchangeable.

Contract. A `put` is atomic: a reader sees the old object, the new one, or none, never a part. Keys are kept whole and
never parsed by the store. Conditional writes are not assumed (the embedded gateway ignores `If-None-Match`), so
nothing here decides who wins; that is the database's business. Objects under the lake are written once under a key
that names their content, and a marker written last says that a set of them is whole.
"""

import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from steps.errors import StepError
from steps.settings import setting

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MISSING = {"NoSuchKey", "404", "NotFound", "NoSuchVersion", "PreconditionFailed", "412"}
_UNKNOWN = {"NotImplemented", "MethodNotAllowed", "XNotImplemented"}
_LARGEST_COPY = 256 * 2**20  # bytes that are copied by one request
_LONG_AGO = timedelta(hours=6)  # with the longest workflow (12 hours) less than the day that `retention` waits at least
_CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_making_clients = threading.Lock()


@dataclass(frozen=True)
class Stored:
    """One object as a listing or `look` shows it. `size` in bytes; `etag` without its quotes; `modified` in UTC;
    `version_id` is empty if the bucket keeps no versions."""

    key: str
    etag: str
    size: int
    modified: datetime
    version_id: str = ""

    @property
    def forgotten(self) -> bool:
        """Whether it was written so long ago that no workflow which wrote it can be under way."""
        return datetime.now(UTC) - self.modified > _LONG_AGO


class Bucket:
    """One bucket of the store that the environment names. Safe to share between threads.

    Raises:
        StepError: the store does not answer, or refuses.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._client: S3Client = _client(setting("AWS_ENDPOINT_URL_S3"), os.environ.get("AWS_ACCESS_KEY_ID", ""))

    def put(self, key: str, body: bytes, *, metadata: dict[str, str] | None = None) -> str:
        """Store `body` under `key`, replacing any object there; returns its etag."""
        answer = self._call("put_object", Key=key, Body=body, Metadata=metadata or {})
        return str(answer["ETag"]).strip('"')

    def get(self, key: str, *, etag: str = "", version_id: str = "") -> bytes | None:
        """The object's content, or None if there is no such object or, with `etag`, it is now a different one."""
        answer = self._call("get_object", Key=key, **_only(IfMatch=etag, VersionId=version_id))
        return None if answer is None else self._body(key, answer)

    def use(self, key: str) -> bytes | None:
        """What `get` gives, for work that goes on from what another run made: written again where it is `forgotten`,
        so that `retention` leaves it while the work lasts."""
        answer = self._call("get_object", Key=key)
        if answer is None:
            return None
        body = self._body(key, answer)
        if Stored(key, "", len(body), _whole(answer["LastModified"])).forgotten:
            self.put(key, body, metadata=answer.get("Metadata"))
        return body

    def exists(self, key: str) -> bool:
        """Whether there is an object under `key`."""
        return self.look(key) is not None

    def look(self, key: str, *, version_id: str = "") -> Stored | None:
        """The object as it is now, or None if there is none."""
        answer = self._call("head_object", Key=key, **_only(VersionId=version_id))
        if answer is None:
            return None
        version = answer.get("VersionId") or ""
        return Stored(key, answer["ETag"].strip('"'), answer["ContentLength"], _whole(answer["LastModified"]), version)

    def copy(self, source: Stored, key: str, *, metadata: dict[str, str] | None = None) -> bool:
        """Copy an object to another key, inside the store; False if the object has changed.

        It may have any size; `metadata` replaces its own.
        """
        origin = {"Bucket": self.name, "Key": source.key, **_only(VersionId=source.version_id)}
        more: dict[str, Any] = {"CopySourceIfMatch": source.etag}
        if metadata is not None:
            more |= {"Metadata": metadata, "MetadataDirective": "REPLACE"}
        if source.size < _LARGEST_COPY:
            return self._call("copy_object", CopySource=origin, Key=key, **more) is not None
        try:
            self._client.copy(origin, self.name, key, ExtraArgs=more)  # type: ignore[arg-type]
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return False
            raise StepError(f"the object store refused a copy in bucket {self.name}: {error}") from error
        except BotoCoreError as error:
            raise StepError(f"the object store did not answer a copy in bucket {self.name}: {error}") from error
        return True

    def list(self, prefix: str, *, after: str = "") -> Iterator[Stored]:
        """All objects whose key begins with `prefix`, in the order of their keys; only those that come after a key, if
        one is given."""
        token: dict[str, str] = _only(StartAfter=after)
        while True:
            page = self._call("list_objects_v2", Prefix=prefix, **token)
            for entry in page.get("Contents", ()):
                yield _stored(entry)
            if not page.get("IsTruncated"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def versions(self, prefix: str) -> Iterator[Stored]:
        """All versions of all objects whose key begins with `prefix`; in a bucket without versions, the objects."""
        if not self._keeps_versions():
            yield from self.list(prefix)
            return
        token: dict[str, str] = {}
        while True:
            page = self._call("list_object_versions", Prefix=prefix, **token)
            for entry in page.get("Versions", ()):
                yield _stored(entry)
            if not page.get("IsTruncated"):
                return
            token = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}

    def delete(self, key: str, *, version_id: str = "") -> None:
        """Remove the object, or one version of it, if it exists."""
        self._call("delete_object", Key=key, **_only(VersionId=version_id))

    def _body(self, key: str, answer: Mapping[str, Any]) -> bytes:
        try:
            body: bytes = answer["Body"].read()
        except (BotoCoreError, OSError) as error:
            raise StepError(f"reading s3://{self.name}/{key} broke off: {error}") from error
        return body

    def _keeps_versions(self) -> bool:
        try:
            answer = self._client.get_bucket_versioning(Bucket=self.name)
        except ClientError as error:
            if error.response["Error"]["Code"] in _UNKNOWN:
                return False
            raise StepError(f"the object store refused a look at bucket {self.name}: {error}") from error
        except BotoCoreError as error:
            raise StepError(f"the object store did not answer for bucket {self.name}: {error}") from error
        return answer.get("Status") in {"Enabled", "Suspended"}

    def _call(self, operation: str, **arguments: object) -> Any:
        try:
            return getattr(self._client, operation)(Bucket=self.name, **arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return None
            raise StepError(f"the object store refused {operation} in bucket {self.name}: {error}") from error
        except BotoCoreError as error:
            raise StepError(f"the object store did not answer {operation} in bucket {self.name}: {error}") from error


def _only(**given: str) -> dict[str, str]:
    return {name: value for name, value in given.items() if value}


def _stored(entry: Mapping[str, Any]) -> Stored:
    version = entry.get("VersionId") or ""
    return Stored(entry["Key"], entry["ETag"].strip('"'), entry["Size"], _whole(entry["LastModified"]), version)


def _whole(time: datetime) -> datetime:
    """In whole seconds, as from `head_object`; listings are more exact on some stores."""
    return time.astimezone(UTC).replace(microsecond=0)


def inbox() -> Bucket:
    """The bucket into which files are dropped."""
    return Bucket(setting("INBOX_BUCKET", "inbox"))


def lake() -> Bucket:
    """The bucket of everything computed: raw, features, datasets, cache."""
    return Bucket(setting("LAKE_BUCKET", "lake"))


def artifacts() -> Bucket:
    """The bucket of models and what MLflow keeps beside them."""
    return Bucket(setting("ARTIFACTS_BUCKET", "artifacts"))


@cache
def _client(endpoint: str, user: str) -> "S3Client":
    """One for each server and user. Of boto3's own session, which would keep the first user for all, but reads its
    description of S3 once, 0.1 s, and before a fork."""
    named = {name.lower(): os.environ.get(name, "") for name in _CREDENTIALS} if user else {}
    given: dict[str, Any] = _only(**named)
    with _making_clients:
        return boto3.client(
            "s3",
            **given,
            endpoint_url=endpoint,
            config=Config(
                connect_timeout=5,
                read_timeout=60,
                retries={"max_attempts": 4, "mode": "standard"},
                max_pool_connections=32,
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                s3={"addressing_style": "path"},
                user_agent="learning-pipelines",  # botocore writes its own anew for each request
            ),
        )


os.register_at_fork(after_in_child=_client.cache_clear)  # two processes on one connection would mix up their answers
