"""A stand-in for the Kubernetes API, as far as the pages ask it."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from pipeline.serve.cluster.tables import make
from tests.serve.serving import Served, until

POD = {
    "metadata": {"name": "mlflow-abc"},
    "status": {
        "phase": "Running", "podIP": "10.0.0.7", "startTime": "2026-11-29T10:00:00Z",
        "conditions": [{"type": "Ready", "status": "True"}],
    },
}  # fmt: skip


class FakeApi:
    """A stand-in for the Kubernetes API. It has `workflows`, `pods` and `logs`; `asked`: what it was asked for."""

    def __init__(self) -> None:
        self.workflows: dict[str, Any] = {}
        self.pods: list[Any] = [POD]
        self.logs: dict[str, str] = {}
        self.asked: list[tuple[str, str]] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = urlsplit(self.path)
                fake.asked.append(("GET", url.path))
                found = fake.answer(url.path, {key: value[-1] for key, value in parse_qs(url.query).items()})
                body = found.encode() if isinstance(found, str) else json.dumps(found).encode()
                self.send_response(404 if found is None else 200)
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                self._changed(fake.make)

            def do_PATCH(self) -> None:
                self._changed(fake.change)

            def _changed(self, change: Callable[[str, Any], Any]) -> None:
                sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                fake.asked.append((self.command, self.path))
                found = change(self.path.rpartition("/")[2], sent)
                self.send_response(404 if found is None else 201)
                self.end_headers()
                self.wfile.write(json.dumps(found).encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, path: str, query: dict[str, str]) -> Any:
        kind, _, name = path.partition("/namespaces/laptop/")[2].partition("/")
        if kind == "workflows" and name:
            return self.workflows.get(name)
        if kind == "workflows":  # a page of one, to be asked for the rest
            names = list(self.workflows)
            at = int(query.get("continue", 0))
            following = {"continue": str(at + 1)} if at + 1 < len(names) else {}
            return {"metadata": following, "items": [self.workflows[each] for each in names[at : at + 1]]}
        if kind == "pods" and name:
            return self.logs.get(name.removesuffix("/log"))
        return {"items": self.pods} if kind == "pods" else None

    def make(self, _kind: str, workflow: dict[str, Any]) -> Any:
        name = f"{workflow['metadata']['generateName']}x1y2z"
        self.workflows[name] = workflow | {
            "metadata": {"name": name, "creationTimestamp": "2026-11-29T10:00:00Z"}, "status": {"phase": "Running"}
        }  # fmt: skip
        return self.workflows[name]

    def change(self, name: str, patch: dict[str, Any]) -> Any:
        if found := self.workflows.get(name):
            found["spec"] |= patch["spec"]
        return found


@contextlib.contextmanager
def pages_of(api: FakeApi, folder: Path, *options: str) -> Iterator[Served]:
    """The pages of a cluster with that API; their database is that of the environment meanwhile."""
    found = Served(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", f"sqlite:///{found.folder / 'warehouse.db'}")
        make()
        where = ("--cluster", "--api", api.address, "--namespace", "laptop", *options)
        found.process = found.spawn("--port", str(found.port), *where)
        until(lambda: answers(found))
        yield found
        found.close()


def answers(served: Served) -> bool:
    try:
        return requests.get(f"{served.address}/runs", timeout=5).ok
    except requests.ConnectionError:
        return False
