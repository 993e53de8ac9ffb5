"""A server in a test, and what its clients send it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import requests

from pipeline.stack.processes import free_port
from tests import ROOT
from tests.cli.here import command

LIBRARY = """
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: greet, labels: {team: blue}}
spec:
  entrypoint: main
  arguments: {parameters: [{name: word, value: hello}]}
  templates:
    - name: main
      inputs: {parameters: [{name: word, value: "{{workflow.parameters.word}}"}]}
      container: {image: busybox, command: [echo, "{{inputs.parameters.word}} {{workflow.labels}}"]}
---
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: nightly}
spec:
  schedules: ["0 3 * * *"]
  timezone: Europe/Vienna
  workflowSpec:
    workflowTemplateRef: {name: greet}
"""
PATIENCE = 40.0


def workflow(name: str, command: str, **spec: Any) -> dict[str, Any]:
    """A Workflow of one container that runs a shell command; a name that ends with `-` is generated."""
    metadata = {"generateName": name} if name.endswith("-") else {"name": name}
    container = {"image": "busybox", "command": ["sh", "-c", command]}
    templates = [{"name": "main", "container": container}]
    return document(metadata, {"entrypoint": "main", "templates": templates, **spec})


def dag(name: str, **commands: str) -> dict[str, Any]:
    """A Workflow of tasks one after the other, each a shell command."""
    before = dict(zip(list(commands)[1:], commands, strict=False))
    return _dag(name, commands, {task: [before[task]] if task in before else [] for task in commands})


def beside(name: str, **commands: str) -> dict[str, Any]:
    """A Workflow of tasks at the same time."""
    return _dag(name, commands, {})


def _dag(name: str, commands: Mapping[str, str], after: Mapping[str, list[str]]) -> dict[str, Any]:
    templates: list[dict[str, Any]] = [
        {"name": task, "container": {"image": "busybox", "command": ["sh", "-c", command]}}
        for task, command in commands.items()
    ]
    tasks = [{"name": task, "template": task, "dependencies": after.get(task, [])} for task in commands]
    return document(
        {"name": name}, {"entrypoint": "main", "templates": [{"name": "main", "dag": {"tasks": tasks}}, *templates]}
    )


def document(metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": dict(metadata), "spec": dict(spec)}


class Served:
    """`pipeline serve` in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, folder / ".pipeline"
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *options: str) -> None:
        self.process = self.spawn("--port", str(self.port), *options)
        until(self.answers)

    def spawn(self, *options: str) -> "subprocess.Popen[bytes]":
        with (self.folder / "serve.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "pipeline", "serve", *options],
                cwd=self.folder, env=self.environment(), stdout=log, stderr=log,
            )  # fmt: skip

    def environment(self) -> dict[str, str]:
        return {**os.environ, "PIPELINE_HOME": str(self.home), "PYTHONPATH": str(ROOT)}

    def answers(self) -> bool:
        assert self.process is None or self.process.poll() is None, (self.folder / "serve.log").read_text()
        try:
            return requests.get(f"{self.address}/api/v1/version", timeout=5).status_code in (200, 401)
        except requests.ConnectionError:
            return False

    def close(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)
            self.process = None
        command("down", folder=self.folder, environment=self.environment())

    def pipeline(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        ended = command(*arguments, folder=self.folder, environment=self.environment())
        return subprocess.CompletedProcess(arguments, *ended)

    def ask(self, method: str, path: str, body: Any = None, **query: str) -> requests.Response:
        data = None if body is None else json.dumps(body)
        return requests.request(method, f"{self.address}{path}", data=data, params=query, timeout=60)

    def get(self, path: str, **query: str) -> Any:
        found = self.ask("GET", path, None, **query)
        assert found.status_code == 200, found.text
        return found.json()

    def create(self, manifest: Mapping[str, Any], namespace: str = "laptop") -> str:
        found = self.ask("POST", f"/api/v1/workflows/{namespace}", {"workflow": manifest})
        assert found.status_code == 200, found.text
        return str(found.json()["metadata"]["name"])

    def run(self, name: str) -> Any:
        return self.get(f"/api/v1/workflows/laptop/{name}")

    def act(self, name: str, what: str, body: Any = None) -> requests.Response:
        return self.ask("PUT", f"/api/v1/workflows/laptop/{name}/{what}", body)

    def ended(self, name: str) -> Any:
        """The run once it is over."""
        until(lambda: self.run(name)["status"]["phase"] in ("Succeeded", "Failed", "Error"))
        return self.run(name)

    def running(self, name: str, node: str = "") -> None:
        """Wait until a node runs."""
        until(lambda: any(
            each["phase"] == "Running" and node in ("", each["displayName"])
            for each in self.run(name)["status"].get("nodes", {}).values()
        ))  # fmt: skip

    def events(self, path: str, **query: str) -> "Events":
        return Events(f"{self.address}{path}", query)


class Events:
    """A stream, as the UI's EventSource and `argo` read it."""

    def __init__(self, address: str, query: Mapping[str, str]) -> None:
        headers = {"Accept": "text/event-stream"}
        self.response = requests.get(address, params=query, headers=headers, stream=True, timeout=PATIENCE)

    def __enter__(self) -> Iterator[Any]:
        assert self.response.status_code == 200, self.response.text
        return self._items()

    def __exit__(self, *_: object) -> None:
        self.response.close()

    def _items(self) -> Iterator[Any]:
        for line in self.response.iter_lines():
            if len(line) > 6:  # as argo's reader
                yield json.loads(line[6:])


def until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait for something that must come."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)
