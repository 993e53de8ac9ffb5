"""Real HTTP servers on this machine: one that serves an archive as asked, and ones that fail in a chosen way."""

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


@dataclass
class Answer:
    """What to say. `announced` is the Content-Length to claim; `after`: wait for it before the body is sent."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    announced: int | None = None
    after: threading.Event | None = None


Responder = Callable[[str, str], Answer]  # of a path and its query


@contextmanager
def serving(responder: Responder) -> Iterator[str]:
    """A server that answers with `responder`, GET and HEAD alike; its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            answer = responder(unquote(parts.path), parts.query)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            length = len(answer.body) if answer.announced is None else answer.announced
            self.send_header("Content-Length", str(length))
            self.end_headers()
            if self.command == "HEAD":
                return
            if answer.after:
                self.wfile.flush()
                answer.after.wait()
            self.wfile.write(answer.body)
            if length != len(answer.body):
                self.close_connection = True
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            """Nothing: the tests say what was asked."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Nothing: a client that gives up is what several tests are about."""

    with Server(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def hanging_up() -> Iterator[tuple[str, list[bytes]]]:
    """A server that hangs up on everyone who has said something; its address, and what was said to it."""
    said: list[bytes] = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            said.append(self.request.recv(1000))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", said
        finally:
            server.shutdown()
            thread.join()


def files(objects: dict[str, bytes], *, etags: dict[str, str] | None = None) -> Responder:
    """A web server that has those files and lists nothing. `etags`: what it says of each, where it does."""

    def respond(path: str, _query: str) -> Answer:
        body = objects.get(path.lstrip("/"))
        if body is None:
            return Answer(404, b"<html>not found</html>", {"Content-Type": "text/html"})
        headers = {"Content-Type": "application/gzip"}
        if etags is not None:
            headers["ETag"] = etags.get(path.lstrip("/"), f'"{abs(hash(body)):x}"')
        return Answer(200, body, headers)

    return respond


def bucket(objects: dict[str, bytes], *, page: int = 7, etags: dict[str, str] | None = None) -> Responder:
    """Stands in for S3's bare host (`https://BUCKET.s3.amazonaws.com`), with short pages so that there are several."""
    plain = files(objects, etags=etags or {})

    def respond(path: str, query: str) -> Answer:
        asked = parse_qs(query)
        if "list-type" not in asked:
            return plain(path, query)
        prefix, after = asked["prefix"][0], asked.get("continuation-token", [""])[0]
        keys = sorted(key for key in objects if key.startswith(prefix) and key > after)
        shown = keys[: min(page, int(asked.get("max-keys", ["1000"])[0]))]
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key>"
            f"<ETag>{escape(plain('/' + key, '').headers['ETag'])}</ETag><Size>{len(objects[key])}</Size></Contents>"
            for key in shown
        )
        more = len(keys) > len(shown)
        token = f"<NextContinuationToken>{escape(shown[-1])}</NextContinuationToken>" if more else ""
        text = (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>{contents}{token}</ListBucketResult>"
        )
        return Answer(200, text.encode(), {"Content-Type": "application/xml"})

    return respond
