"""What can happen to a run: what the scheduler is told, and the journal keeps as JSON.

Each event is a frozen value with the time at which it happened (`at`: seconds since 1970, UTC).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from pipeline.engine.spec import Artifact

Strategy = Literal["Stop", "Terminate"]


@dataclass(frozen=True, eq=False)
class Outputs:
    """The outputs of a node."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    artifacts: Mapping[str, Artifact] = field(default_factory=dict)
    exit_code: str | None = None
    result: str | None = None


@dataclass(frozen=True, eq=False)
class Began:
    """The run starts."""

    at: float


@dataclass(frozen=True, eq=False)
class Running:
    """A leaf's process has started."""

    at: float
    node: str


@dataclass(frozen=True, eq=False)
class Ready:
    """A daemon is ready."""

    at: float
    node: str


@dataclass(frozen=True, eq=False)
class Ended:
    """A leaf has ended."""

    at: float
    node: str
    phase: Literal["Succeeded", "Failed", "Error"]
    message: str = ""
    outputs: Outputs | None = None


@dataclass(frozen=True, eq=False)
class Locked:
    """A node has the mutexes that it asked for."""

    at: float
    node: str


@dataclass(frozen=True, eq=False)
class Waiting:
    """A node does not get its mutexes yet; the message says who holds them."""

    at: float
    node: str
    message: str


@dataclass(frozen=True, eq=False)
class Recalled:
    """What a memoized node has put out before, in the run `run`; empty: nothing is known, and it runs."""

    at: float
    node: str
    run: str = ""
    outputs: Outputs | None = None


@dataclass(frozen=True, eq=False)
class Tick:
    """Time has passed; whatever was due before `at` is due."""

    at: float


@dataclass(frozen=True, eq=False)
class Stopped:
    """Somebody asked for the run's end: `Stop` still runs the exit handler, `Terminate` does not."""

    at: float
    strategy: Strategy


@dataclass(frozen=True, eq=False)
class Resumed:
    """Another engine resumes the run. Nothing is left of what was running."""

    at: float


@dataclass(frozen=True, eq=False)
class Suspended:
    """A person asked that nothing more begins. What runs goes on."""

    at: float


@dataclass(frozen=True, eq=False)
class Continued:
    """A suspended run goes on."""

    at: float


@dataclass(frozen=True, eq=False)
class Answered:
    """A person gave values to a pause, or ended it with `phase` (empty: it goes on)."""

    at: float
    node: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    phase: Literal["", "Succeeded", "Failed", "Error"] = ""
    message: str = ""


@dataclass(frozen=True, eq=False)
class Retried:
    """What has failed begins again. The events before are those of what is kept."""

    at: float


Event = (
    Began
    | Running
    | Ready
    | Ended
    | Locked
    | Waiting
    | Recalled
    | Tick
    | Stopped
    | Resumed
    | Suspended
    | Continued
    | Answered
    | Retried
)

_KINDS: Final[dict[str, type[Event]]] = {kind.__name__: kind for kind in get_args(Event)}


def to_json(event: Event) -> tuple[str, str]:
    """The kind of an event, and its fields except the time."""
    body: dict[str, Any] = {name: value for name, value in vars(event).items() if name != "at"}
    outputs = body.get("outputs")
    if isinstance(outputs, Outputs):
        body["outputs"] = _plain(outputs)
    return type(event).__name__, json.dumps(body, ensure_ascii=False)


def from_json(kind: str, at: float, body: str) -> Event:
    """The event from which `to_json` made this."""
    fields = json.loads(body)
    outputs = fields.get("outputs")
    if outputs is not None:
        fields["outputs"] = _outputs(outputs)
    return _KINDS[kind](at=at, **fields)


def outputs_to_json(outputs: Outputs) -> str:
    """The outputs of a node by themselves."""
    return json.dumps(_plain(outputs), ensure_ascii=False)


def outputs_from_json(text: str) -> Outputs:
    """The outputs of which `outputs_to_json` made this."""
    return _outputs(json.loads(text))


def _plain(outputs: Outputs) -> dict[str, Any]:
    return {
        "parameters": dict(outputs.parameters),
        "artifacts": {
            name: f"{each.stored}/{each.sub_path}" if each.sub_path else each.stored
            for name, each in outputs.artifacts.items()
        },
        "exit_code": outputs.exit_code,
        "result": outputs.result,
    }


def _outputs(plain: Mapping[str, Any]) -> Outputs:
    artifacts = {name: Artifact(name, stored=stored) for name, stored in plain["artifacts"].items()}
    return Outputs(plain["parameters"], artifacts, plain["exit_code"], plain["result"])
