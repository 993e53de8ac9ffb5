"""Listening to a bucket, as MinIO's and JuiceFS's stores allow: a response that never ends, with a line for each
notification (https://github.com/minio/minio/blob/master/docs/bucket/notifications/README.md).

The store keeps nothing for a client that is not connected. So the bucket is listed once after each connection, and not
before it: the listing has what was written in between. Keys are raw here, and both stores send a blank twice a second.
minio-py reconnects without telling its caller, which is why this is our own.
"""

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from pipeline.errors import PipelineError
from pipeline.events.models import EventSource
from pipeline.stack.object_store import connect

if TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse

_FIRST_PAUSE: Final = 0.1  # seconds before reconnecting; doubled each time
_LONGEST_PAUSE: Final = 5.0
_SILENCE: Final = 10.0  # seconds; a store that is alive sends a blank sooner


@dataclass(frozen=True)
class Notification:
    """What the store announced; without `records`: objects were there before anyone listened. `trouble`: not an
    announcement, but why nothing can be heard; empty once it can be again."""

    source: EventSource
    records: Sequence[dict[str, Any]] = ()
    trouble: str | None = None


class BucketListener:
    """Listens to buckets in threads, and keeps notifications until they are drained. `settings`: returns the variables
    of a Secret, and may block until its store is up."""

    def __init__(self, settings: Callable[[str], Mapping[str, str]]) -> None:
        self._settings = settings
        self._notifications: SimpleQueue[Notification] = SimpleQueue()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._closed: dict[EventSource, threading.Event] = {}

    def listen(self, sources: Sequence[EventSource]) -> None:
        """Listen to these from now on, and to no others."""
        for gone in self._closed.keys() - set(sources):
            self._closed.pop(gone).set()
        for source in sources:
            if source not in self._closed:
                closed = self._closed[source] = threading.Event()
                name = f"listen-{source.name}"
                threading.Thread(target=self._listen, args=(source, closed), name=name, daemon=True).start()

    def drain(self) -> list[Notification]:
        """The notifications since the last call, in order."""
        found = []
        with suppress(Empty):
            while True:
                found.append(self._notifications.get_nowait())
        return found

    def descriptor(self) -> int:
        """Readable when there is a notification, until `clear`."""
        return self._wake

    def clear(self) -> None:
        """See `descriptor`. To be called before `drain`, so that nothing goes unnoticed."""
        with suppress(BlockingIOError):
            os.eventfd_read(self._wake)

    def _add(self, notification: Notification) -> None:
        self._notifications.put(notification)
        os.eventfd_write(self._wake, 1)

    def _listen(self, source: EventSource, closed: threading.Event) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - only to listen
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        pause = _FIRST_PAUSE
        while not closed.is_set():
            try:
                settings = self._settings(source.access_key.name)
                with closing(_connected(source, settings)) as response:
                    if _holds_any(source, settings):
                        self._add(Notification(source))
                    self._add(Notification(source, trouble=""))
                    pause = _FIRST_PAUSE
                    for records in _announced(response):
                        if closed.is_set():
                            return
                        self._add(Notification(source, records))
                trouble = "the store ended the connection"
            except (PipelineError, BotoCoreError, ClientError, HTTPError, OSError, ValueError) as problem:
                trouble = str(problem)
            self._add(Notification(source, trouble=trouble))
            closed.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


def _connected(source: EventSource, settings: Mapping[str, str]) -> "BaseHTTPResponse":
    """The response that never ends, once the store has begun it.

    Raises:
        PipelineError: the store refuses.
    """
    import urllib3  # noqa: PLC0415 - only to listen
    from botocore.auth import S3SigV4Auth  # noqa: PLC0415
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415
    from botocore.credentials import Credentials  # noqa: PLC0415

    for key in (source.access_key, source.secret_key):
        if key.key not in settings:
            raise PipelineError(f"the Secret {key.name} has no key {key.key}; it has {', '.join(settings) or 'none'}")
    query = [("prefix", source.prefix), ("suffix", source.suffix), *(("events", event) for event in source.events)]
    request = AWSRequest("GET", f"{settings['AWS_ENDPOINT_URL_S3']}/{source.bucket}?{urlencode(query)}")
    secret = Credentials(settings[source.access_key.key], settings[source.secret_key.key])
    S3SigV4Auth(secret, "s3", settings["AWS_DEFAULT_REGION"]).add_auth(request)
    pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=5, read=_SILENCE))
    response = pool.request("GET", str(request.url), headers=dict(request.headers), preload_content=False)
    if response.status != 200:
        with closing(response):
            raise PipelineError(
                f"the store does not let {source.name} listen: {response.status} {response.data!r:.200}"
            )
    return response


def _holds_any(source: EventSource, settings: Mapping[str, str]) -> bool:
    """Whether there is any object below the prefix."""
    found = connect(settings).list_objects_v2(Bucket=source.bucket, Prefix=source.prefix, MaxKeys=1)
    return bool(found.get("Contents"))


def _announced(response: "BaseHTTPResponse") -> Iterator[list[dict[str, Any]]]:
    """The records of each notification, until the connection ends."""
    rest = b""
    for piece in response.stream(2**16):
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if line.strip():
                records = json.loads(line).get("Records")
                if records:
                    yield records
