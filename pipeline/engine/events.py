"""Events as JSON, for the journal."""

import json
from typing import Any, Final

from pipeline.engine.spec import Artifact
from pipeline.engine.state import Began, Ended, Event, Locked, Outputs, Resumed, Running, Stopped, Tick, Waiting

_KINDS: Final[dict[str, type[Event]]] = {
    kind.__name__: kind for kind in (Began, Running, Ended, Locked, Waiting, Tick, Stopped, Resumed)
}


def to_json(event: Event) -> tuple[str, str]:
    """The kind of an event, and its fields but the time."""
    body: dict[str, Any] = {name: value for name, value in vars(event).items() if name != "at"}
    outputs = body.get("outputs")
    if isinstance(outputs, Outputs):
        body["outputs"] = {
            "parameters": dict(outputs.parameters),
            "artifacts": {name: artifact.stored for name, artifact in outputs.artifacts.items()},
            "exit_code": outputs.exit_code,
            "result": outputs.result,
        }
    return type(event).__name__, json.dumps(body, ensure_ascii=False)


def from_json(kind: str, at: float, body: str) -> Event:
    """The event that `to_json` was given."""
    fields = json.loads(body)
    outputs = fields.get("outputs")
    if outputs is not None:
        artifacts = {name: Artifact(name, stored=stored) for name, stored in outputs["artifacts"].items()}
        fields["outputs"] = Outputs(outputs["parameters"], artifacts, outputs["exit_code"], outputs["result"])
    return _KINDS[kind](at=at, **fields)
