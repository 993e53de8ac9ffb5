"""Two ways to run a manifest in a test: the pure scheduler alone, told what its leaves do (`simulate`), and the whole
engine with real processes (`Laboratory`)."""

import textwrap
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from pipeline import engine
from pipeline.engine import LocalHost, Patience, Source
from pipeline.engine.scheduler.events import (
    Began,
    Ended,
    Event,
    Locked,
    Outputs,
    Ready,
    Running,
    Stopped,
    Strategy,
    Tick,
)
from pipeline.engine.scheduler.scheduler import advance
from pipeline.engine.scheduler.state import Kill, Lock, Node, Run, Start, Unlock
from pipeline.engine.spec import Artifact, Resource
from pipeline.stack.objects.kept import Kept

HEADER = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: w}
"""
LEAF = """\
    - name: leaf
      container: {image: i, command: ["true"]}
"""


def manifest(spec: str, leaf: bool = True) -> str:
    """A WorkflowTemplate named w, with the templates of `spec` and one named leaf that does nothing."""
    body = textwrap.dedent(spec).strip("\n")
    indented = textwrap.indent(body, "  ")
    return f"{HEADER}spec:\n{indented}\n{LEAF if leaf else ''}"


End = Literal["Succeeded", "Failed", "Error"]
Behaviour = Callable[[Node], Ended | str | Mapping[str, str]]


@dataclass
class Simulation:
    """A run under the pure scheduler. `leaf` says how each leaf ends: a phase, output parameters, or an `Ended`.

    Leaves end one after the other, in the order in which they were asked for, a second each.
    """

    run: Run
    leaf: Behaviour
    events: list[Event] = field(default_factory=list)
    started: list[str] = field(default_factory=list)
    commands: list[tuple[str, ...]] = field(default_factory=list)
    waiting: list[Node] = field(default_factory=list)
    killed: list[str] = field(default_factory=list)
    retired: list[Node] = field(default_factory=list)  # daemons that have been told to end, and have not
    locks: dict[str, str] = field(default_factory=dict)
    wanting: list[Lock] = field(default_factory=list)
    most: int = 0

    def tell(self, event: Event) -> None:
        """Advance, and take note of what is asked for."""
        self.events.append(event)
        for command in advance(self.run, event):
            match command:
                case Start():
                    self.started.append(command.node.name)
                    self.commands.append(_command(command.node))
                    self.waiting.append(command.node)
                case Kill():
                    self.killed.append(command.node.name)
                    self.retired += [command.node] if command.node.name in self.run.retired else []
                case Lock():
                    self.wanting.append(command)
                case Unlock():
                    self.locks = {name: who for name, who in self.locks.items() if who != command.node.name}
                    self.wanting = [each for each in self.wanting if each.node is not command.node]
        self.most = max(self.most, len(self.run.live))

    def begin(self) -> "Simulation":
        self.tell(Began(self.now))
        return self

    @property
    def now(self) -> float:
        return max(self.run.now, 1_000_000.0)

    def finish(self) -> "Simulation":
        """Go on until nothing is left to do."""
        for _ in range(100_000):
            if self.run.over or not self.step():
                return self
        raise AssertionError("the run does not end")

    def step(self) -> bool:
        for lock in list(self.wanting):
            if not any(self.locks.get(name, lock.node.name) != lock.node.name for name in lock.mutexes):
                self.wanting.remove(lock)
                self.locks.update(dict.fromkeys(lock.mutexes, lock.node.name))
                self.tell(Locked(self.now, lock.node.name))
                return True
        if self.retired:
            self.tell(Ended(self.now, self.retired.pop(0).name, "Failed"))
            return True
        if self.waiting:
            self.end(self.waiting.pop(0))
            return True
        if self.run.next_tick is not None:
            self.tell(Tick(max(self.now, self.run.next_tick)))
            return True
        return False

    def end(self, node: Node) -> None:
        if node.phase == "Pending":
            self.tell(Running(self.now, node.name))
        answer = self.leaf(node)
        if answer == "Succeeded" and node.bound is not None and node.bound.daemon:
            self.tell(Ready(self.now, node.name))
            return
        at = self.now + 1
        if isinstance(answer, Ended):
            self.tell(Ended(at, node.name, answer.phase, answer.message, answer.outputs))
        elif isinstance(answer, str):
            code = "0" if answer == "Succeeded" else "1"
            self.tell(Ended(at, node.name, cast(End, answer), "", Outputs(exit_code=code)))
        else:
            self.tell(Ended(at, node.name, "Succeeded", "", Outputs(dict(answer), exit_code="0")))

    def stop(self, strategy: Strategy = "Stop") -> None:
        self.tell(Stopped(self.now, strategy))

    @property
    def tree(self) -> dict[str, str]:
        """Each node by its name within the run: its type and phase, the controller's words for both."""
        return {_short(self.run, name): f"{node.type} {node.phase}" for name, node in self.run.nodes.items()}

    @property
    def phases(self) -> dict[str, str]:
        return {_short(self.run, name): node.phase for name, node in self.run.nodes.items()}

    def node(self, name: str) -> Node:
        return self.run.nodes[f"w-1{name}" if name[:1] in ".([" or not name else f"w-1.{name}"]

    def children(self, name: str) -> list[str]:
        return [_short(self.run, child.name) for child in self.node(name).children.values()]

    def value(self, name: str, parameter: str) -> str | None:
        """The input parameter that a node was given."""
        found = {each.name: each.value for each in self.node(name).inputs.parameters}
        return found[parameter]

    def text(self, name: str, parameter: str) -> str:
        """The same, where there is a value."""
        found = self.value(name, parameter)
        assert found is not None
        return found

    def outputs(self, name: str) -> Outputs:
        """What a node that has ended put out."""
        found = self.node(name).outputs
        assert found is not None
        return found

    def took(self, name: str) -> float:
        """The seconds from a node's start to its end."""
        node = self.node(name)
        assert node.started_at is not None and node.finished_at is not None
        return node.finished_at - node.started_at


Simulate = Callable[..., Simulation]  # a manifest, what its leaves do, and its parameters


def _command(node: Node) -> tuple[str, ...]:
    """What a container's leaf runs; nothing where it is another kind of leaf."""
    container = node.bound.container if node.bound else None
    return container.command if container else ()


def _short(run: Run, name: str) -> str:
    return name.removeprefix(run.id).removeprefix(".") or "(root)"


def outcome(phase: End, code: int = 1, message: str = "", **parameters: str) -> Ended:
    """An end with an exit code."""
    return Ended(0, "", phase, message, Outputs(parameters, exit_code=str(code)))


def stored(**artifacts: str) -> Ended:
    """A good end with artifacts."""
    found = {name: Artifact(name, stored=place) for name, place in artifacts.items()}
    return Ended(0, "", "Succeeded", "", Outputs({}, found, "0"))


def by_name(answers: Mapping[str, Any]) -> Behaviour:
    def behave(node: Node) -> Any:
        for name, answer in answers.items():
            if node.display_name == name or node.name.endswith(f".{name}") or node.task == name:
                return answer
        return "Succeeded"

    return behave


class PlainHost(LocalHost):
    """A host without servers: settings from a mapping, commands as plain processes, objects applied as given."""

    def __init__(self) -> None:
        super().__init__()
        self.settings: dict[str, dict[str, str]] = {}
        self.applied: list[dict[str, Any]] = []
        self.status: dict[str, Any] = {}

    def environment(self, kind: Source, name: str) -> Mapping[str, str]:
        return LocalHost({**self.settings}, {**self.settings}).environment(kind, name)

    def has(self, kind: Source, name: str, key: str) -> bool:
        return name in self.settings and (not key or key in self.settings[name])

    def change(self, resource: Resource, manifest: dict[str, Any] | None, *, log: Path) -> dict[str, Any]:
        kept = Kept(log.parent.parent / "kept")  # in the run's folder
        return kept.act(resource, manifest) if manifest is not None else super().change(resource, manifest, log=log)

    def apply(self, manifest: dict[str, Any], *, log: Path) -> dict[str, Any]:
        self.applied.append(manifest)
        log.write_text("applied\n", encoding="utf-8")
        return {**manifest, "status": self.status}


@dataclass
class Laboratory:
    """The whole engine in a temporary folder. `where`: where its steps run."""

    folder: Path
    host: PlainHost = field(default_factory=PlainHost)
    cores: int = 2
    patience: Patience = field(default_factory=Patience)
    where: str = "process"

    def __post_init__(self) -> None:
        self.home = self.folder / "home"
        self.journal = engine.Journal(self.home / "journal.db")

    def load(self, spec: str) -> engine.Manifests:
        folder = self.folder / "manifests"
        folder.mkdir(exist_ok=True)
        (folder / "w.yaml").write_text(spec if spec.startswith("apiVersion") else manifest(spec), encoding="utf-8")
        return engine.load(folder)

    def submit(self, spec: str, name: str = "w", **parameters: str) -> str:
        return engine.submit(self.journal, self.load(spec), name, parameters, where=self.where)

    def execute(self, run: str, stop: threading.Event | None = None, **options: Any) -> engine.RunView:
        options = {"cores": self.cores, "stop": stop, "patience": self.patience, **options}
        return engine.execute(self.journal, run, self.host, self.home, **options)

    def run(self, spec: str, **parameters: str) -> engine.RunView:
        return self.execute(self.submit(spec, **parameters))

    def script(self, text: str, **more: str) -> engine.RunView:
        """Run one container with this shell script."""
        return self.run(container(text, **more))


def container(text: str, **fields: str) -> str:
    """A workflow of one container with this shell script. `fields`: more of its template, as YAML."""
    more = "".join(f"\n      {name}: {value}" for name, value in fields.items())
    script = textwrap.indent(textwrap.dedent(text).strip(), " " * 12)
    return (
        f"{HEADER}spec:\n  entrypoint: only\n  templates:\n    - name: only{more}\n      container:\n"
        f"        image: i\n        command: [sh, -c]\n        args:\n          - |\n{script}\n"
    )


def log_of(view: engine.RunView, name: str = "", stream: str = "stdout") -> str:
    """What a node wrote; without a name, the root."""
    found = next(node for node in view.nodes if node.name == view.id + name)
    assert found.log is not None
    return (found.log / f"{stream}.log").read_text(encoding="utf-8")


def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait for something that must come."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)
