"""The real router in front of two real model servers, and what a test does to them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests import ROOT

PREDICTIONS = "/api/v1.0/predictions"
ROW = {"data": {"ndarray": [[1.0]]}}
_VERSIONS = {"default": "1", "challenger": "2"}
MODELS = ROOT / "tests" / "stack" / "root"


@dataclass
class Process:
    """A program on a port, in a group of its own."""

    port: int
    popen: "subprocess.Popen[bytes]"

    def send(self, number: signal.Signals) -> None:
        """Send a signal to all of it."""
        with suppress(ProcessLookupError):
            os.killpg(self.popen.pid, number)


@dataclass
class World:
    """What runs: model servers by their predictors' names, and the router that follows `folder`/deployment.json."""

    folder: Path
    options: tuple[str, ...]
    servers: dict[str, Process]
    router: Process
    held: ExitStack
    session: requests.Session = field(default_factory=requests.Session)

    def start_again(self, name: str) -> None:
        """A model server on its port, or the router for an empty name, after it was killed."""
        if name:
            found = self.servers[name]
            found.popen.wait()
            self.servers[name] = self.held.enter_context(model(self.folder, name, _VERSIONS[name], found.port))
            _await(self.servers[name], "/health/ping")
        else:
            self.router.popen.wait()
            again = running_router(self.folder, *self.options, port=self.router.port)
            self.router = self.held.enter_context(again)
            _await(self.router, "/router/ready")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.router.port}"

    def ask(self, body: object = None, **headers: str) -> requests.Response:
        """One prediction."""
        return self.session.post(self.url + PREDICTIONS, json=body or ROW, headers=headers, timeout=30)

    def asked(self, number: int, pause: float = 0) -> list[float]:
        """Who answered each of so many: the versions. Raises if one was not answered with 200."""
        found = []
        for _ in range(number):
            answer = self.ask()
            assert answer.status_code == 200, answer.text
            found.append(answer.json()["data"]["ndarray"][0][0])
            time.sleep(pause)
        return found

    def mood(self, name: str, words: str) -> None:
        """How a model server behaves from now on: fine or broken."""
        (self.folder / name).write_text(words)

    def try_out(self, *, trial: str, **how: object) -> None:
        """Declare a challenger that was never seen before, and wait until it is on trial. `how`: shadow or traffic."""
        share = how.get("traffic", 0)
        default = predictor("default", "1") | ({"traffic": 100 - int(str(share))} if share else {})
        self.declare([default, predictor("challenger", trial) | how])
        wanted = {"version": trial, "state": "on trial"}.items()
        self.until(lambda state: state["challenger"] and wanted <= state["challenger"].items())

    def declare(self, predictors: list[dict[str, Any]], *, without: str = "") -> None:
        """Write the object that the router follows. `without`: a predictor that has no place yet."""
        places = {
            f"tried-{name}": {"httpEndpoint": f"127.0.0.1:{server.port}"}
            for name, server in self.servers.items()
            if name != without
        }
        manifest = {
            "metadata": {"name": "tried"},
            "spec": {"predictors": predictors},
            "status": {"serviceStatus": places},
        }
        draft = self.folder / "draft"
        draft.write_text(json.dumps(manifest))
        draft.replace(self.folder / "deployment.json")

    def state(self) -> dict[str, Any]:
        """What `GET /router` says."""
        found: dict[str, Any] = self.session.get(f"{self.url}/router", timeout=5).json()
        return found

    def metrics(self) -> str:
        return self.session.get(f"{self.url}/router/metrics", timeout=5).text

    def until(self, right: Any, seconds: float = 20) -> dict[str, Any]:
        """The state, once it is right."""
        deadline = time.monotonic() + seconds
        while not right(state := self.state()):
            assert time.monotonic() < deadline, state
            time.sleep(0.02)
        return state


def predictor(name: str, version: str) -> dict[str, Any]:
    """As in a SeldonDeployment."""
    container = {"name": "model", "env": [{"name": "MODEL_VERSION", "value": version}]}
    return {"name": name, "componentSpecs": [{"spec": {"containers": [container]}}]}


@contextmanager
def world(folder: Path, *options: str) -> Iterator[World]:
    """Both model servers and the router, with nothing on trial yet."""
    with ExitStack() as held:
        servers = {name: held.enter_context(model(folder, name, version)) for name, version in _VERSIONS.items()}
        router = held.enter_context(running_router(folder, *options))
        found = World(folder, options, servers, router, held)
        held.enter_context(found.session)
        for server in servers.values():
            _await(server, "/health/ping")
        _await(router, "/router")
        found.declare([predictor("default", "1")])
        found.until(lambda state: state["ready"])
        yield found


@contextmanager
def model(folder: Path, name: str, version: str, port: int | None = None) -> Iterator[Process]:
    """A real `seldon-core-microservice`; the file `folder`/`name` says how it behaves."""
    (folder / name).write_text("fine")
    main = str(ROOT / "pipeline" / "stack" / "serving" / "model_main.py")
    port, metrics = port or free_port(), free_port()
    ports = ["--http-port", str(port), "--metrics-port", str(metrics)]
    given = {"MOOD": str(folder / name), "MODEL_VERSION": version, "PYTHONPATH": str(MODELS), "GRPC_WORKERS": "0"}
    command = [sys.executable, "-P", main, "tried.model.Moody", "--service-type", "MODEL", *ports]
    with _process(command, given, folder / f"{name}.log", port) as found:
        yield found


@contextmanager
def running_router(folder: Path, *options: str, port: int | None = None) -> Iterator[Process]:
    """`python -m steps.router`."""
    port = port or free_port()
    files = ["--file", str(folder / "deployment.json"), "--memory", str(folder / "alarm")]
    command = [sys.executable, "-P", "-m", "steps.router", *files, "--port", str(port), *options]
    with _process(command, {"PYTHONPATH": str(ROOT)}, folder / "router.log", port) as found:
        yield found


@contextmanager
def _process(command: list[str], environment: dict[str, str], log: Path, port: int) -> Iterator[Process]:
    with log.open("ab") as output:
        popen = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=output, stderr=output, start_new_session=True
        )
    found = Process(port, popen)
    try:
        yield found
    finally:
        found.send(signal.SIGKILL)
        popen.wait()


def _await(process: Process, path: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        with suppress(requests.RequestException):
            if requests.get(f"http://127.0.0.1:{process.port}{path}", timeout=2).ok:
                return
        assert process.popen.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])
