"""One node of a run, as others see it."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

_REUSED: Final = "reused from run "


def reused_from(run: str) -> str:
    """The message of a node that was taken from an earlier run."""
    return f"{_REUSED}{run}"


def origin(message: str) -> str:
    """The run that a node was taken from, by its message; empty where it ran itself."""
    return message.removeprefix(_REUSED) if message.startswith(_REUSED) else ""


def plainly(message: str) -> str:
    """A message without what the controller puts before a step's own line."""
    return re.sub(r"\bmain: Error \(exit code \d+\): (?:error: )?", "", message)


@dataclass(frozen=True)
class NodeView:
    """One node of Argo's node tree. Times are UTC.

    `type`: Pod, DAG, TaskGroup, Retry, Skipped (Argo's words; a resource is a Pod).
    `phase`: Pending, Running, Succeeded, Failed, Error, Skipped, Omitted.
    `children`: ids, as Argo links them: what a node holds, and within a DAG what follows it.
    `boundary`: id of the DAG node it belongs to. `attempt`: 0 for the first try.
    `inputs`, `outputs`: {"parameters": {name: value}, "artifacts": {name: path}}; outputs may have "exitCode" and
    "result".
    `outbound`: of a DAG or steps, the ids below which what follows hangs. `awaited`: of a pause, the outputs that a
    person may supply; `required`: those of them without a default.
    `log`: the folder of its `stdout.log` and `stderr.log`, where it has run.
    """

    id: str
    name: str
    display_name: str
    template: str
    type: str
    phase: str
    started_at: datetime | None = None
    finished_at: datetime | None = None
    message: str = ""
    children: tuple[str, ...] = ()
    boundary: str | None = None
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    log: Path | None = None
    attempt: int = 0
    created_at: datetime | None = None
    outbound: tuple[str, ...] = ()
    awaited: tuple[str, ...] = ()
    required: tuple[str, ...] = ()

    @property
    def reused(self) -> str:
        """The run that it was taken from; empty where it ran itself."""
        return origin(self.message)
