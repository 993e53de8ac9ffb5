"""A challenger that the router has withdrawn is off trial at the monitor's next look."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from steps.backends import challengers, promotions
from steps.monitoring.beside import Ending
from steps.release import service

pytestmark = pytest.mark.usefixtures("database_environment")


@contextmanager
def router(state: Any) -> Iterator[str]:
    """A server whose `/router` says that."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(state).encode())

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/v1.0/predictions"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("challenger", "found"),
    [
        (
            {"version": "3", "alarm": {"words": "it failed", "at": "2026-01-01T00:00:00Z"}},
            Ending("withdraw", 7, "service alarm: it failed"),
        ),
        ({"version": "2", "alarm": {"words": "it failed", "at": "2026-01-01T00:00:00Z"}}, None),
        ({"version": "3", "alarm": None}, None),
        (None, None),
    ],
)
def test_what_the_router_withdrew_is_withdrawn(
    challenger: Any, found: Ending | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = SimpleNamespace(model=SimpleNamespace(version=3, decision=7))
    monkeypatch.setattr(challengers, "on_trial", lambda *_: trial)
    with router({"challenger": challenger}) as url:
        monkeypatch.setattr(promotions, "champion", lambda *_: SimpleNamespace(url=url))
        assert service.ending("openaq") == found


def test_without_a_trial_nobody_is_asked() -> None:
    assert service.ending("openaq") is None
