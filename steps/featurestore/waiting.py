"""What answers at the place of Feast's server until there is something to serve: well, and with nothing to give.

A deployment would otherwise wait for a server that waits for the first run of a workflow which is deployed after it.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@contextmanager
def answering(host: str, port: int, why: str) -> Iterator[None]:
    """Answer 200 to `GET /health` and 503 with `why` to all else, meanwhile."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200 if self.path == "/health" else 503)

        def do_POST(self) -> None:
            self._answer(503)

        def _answer(self, code: int) -> None:
            body = json.dumps({"detail": why}).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """A probe asks every few seconds."""

    with ThreadingHTTPServer((host, port), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
