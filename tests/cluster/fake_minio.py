"""A fake: stands in for a MinIO server where `buckets.py` sets one up. It keeps what it is told and answers in MinIO's
shapes; the embedded store has no users, policies, versions or lifecycles.

https://github.com/minio/madmin-go names the calls of the admin API; a user's secret is encrypted with the root's key.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

from minio.crypto import decrypt
from urllib3 import HTTPResponse

LISTED = b'<?xml version="1.0"?><ListAllMyBucketsResult><Buckets></Buckets></ListAllMyBucketsResult>'


@dataclass
class FakeMinio:
    """What it was told. `busy`: how many calls it first answers with 503."""

    password: str
    busy: int = 0
    address: str = ""
    buckets: list[str] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    policies: dict[str, Any] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: bytes) -> tuple[int, bytes]:
        if self.busy:
            self.busy -= 1
            return 503, b"<Error><Code>ServerNotInitialized</Code></Error>"
        if path.startswith("/minio/admin/"):
            return 200, self.administer(path.rpartition("/")[2], query, body)
        bucket = path.strip("/")
        if not bucket:
            return 200, LISTED
        if method == "HEAD":
            return (200 if bucket in self.buckets else 404), b""
        if query:
            self.settings[f"{bucket} {' '.join(query)}"] = body.decode()
        else:
            self.buckets.append(bucket)
        return 200, b""

    def administer(self, call: str, query: dict[str, list[str]], body: bytes) -> bytes:
        first = {name: values[0] for name, values in query.items()}
        match call:
            case "add-canned-policy":
                self.policies[first["name"]] = json.loads(body)
            case "add-user":
                sent = HTTPResponse(BytesIO(body), preload_content=False)
                self.users[first["accessKey"]] = json.loads(decrypt(sent, self.password))["secretKey"]
            case "set-user-or-group-policy":
                self.given[first["userOrGroup"]] = first["policyName"]
            case _:
                raise AssertionError(f"the fake MinIO does not know {call}")
        return b""


@contextmanager
def serving(fake: FakeMinio) -> Iterator[FakeMinio]:
    """The fake on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_any(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            code, said = fake.answer(self.command, parts.path, parse_qs(parts.query, keep_blank_values=True), body)
            self.send_response(code)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(said)

        do_GET = do_HEAD = do_PUT = do_POST = do_any

        def log_message(self, *_: object) -> None:
            """Nothing: the tests say what was asked."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        fake.address = f"127.0.0.1:{server.server_port}"
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()
