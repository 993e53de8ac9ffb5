"""The real model server for a test: `seldon-core-microservice` on a free port of 127.0.0.1."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

from tests import ROOT

PREDICTOR = "steps.serving.Predictor"


def command(http: int, metrics: int, predictor: str = PREDICTOR) -> list[str]:
    main = ROOT / "pipeline" / "stack" / "serving" / "model_main.py"
    program = [sys.executable, "-P", str(main), predictor]
    return [*program, "--service-type", "MODEL", "--http-port", str(http), "--metrics-port", str(metrics)]


def environment(uri: str, version: int, digest: str) -> dict[str, str]:
    """What a deployment's container gets; the object store's settings are in the test's environment."""
    model = {"MODEL_URI": uri, "MODEL_VERSION": str(version), "MODEL_DIGEST": digest}
    return {
        **os.environ,
        **model,
        "PROJECT": "openaq",
        "PARAMETER": "no2",
        "GRPC_WORKERS": "0",
        "PYTHONPATH": str(ROOT),
    }


class Address(str):
    """Where a server answers. `metrics`: where it tells what it has counted; `group`: its processes."""

    metrics: str
    group: int


def awaited[T](look: Callable[[], T], wanted: Callable[[T], bool], seconds: float = 10) -> T:
    """What `look` finds as soon as it is `wanted`."""
    deadline = time.monotonic() + seconds
    while not wanted(found := look()):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


@contextmanager
def serving(
    uri: str, version: int, digest: str, log: Path, port: int | None = None, *, predictor: str = PREDICTOR
) -> Iterator[Address]:
    """The server's address, once it answers."""
    free, metrics = _free_ports()
    http = port or free
    with log.open("w") as output:
        server = subprocess.Popen(
            command(http, metrics, predictor),
            env=environment(uri, version, digest),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    address = Address(f"http://127.0.0.1:{http}")
    address.metrics, address.group = f"http://127.0.0.1:{metrics}/metrics", server.pid
    try:
        deadline = time.monotonic() + 60
        while not _answers(address):
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield address
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _answers(address: str) -> bool:
    try:
        return requests.get(f"{address}/health/ping", timeout=2).ok
    except requests.RequestException:
        return False


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        return one.getsockname()[1], two.getsockname()[1]
