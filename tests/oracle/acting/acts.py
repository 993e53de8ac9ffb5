"""What a case says that a person does to its workflow, and what is noted of each act.

The annotation `oracle/acts` holds one act a line, done in their order, each as soon as its condition holds:

    [0].ask is Running: argo node set -p word=yes --node-field-selector displayName=ask
    workflow is Failed: argo retry

The condition names a node as the answers do, or the whole `workflow`. The command is `argo`'s, without the workflow's
name. The answer then has, under `acts`, for each what there was when it was done: the phases of workflow and nodes (a
node that is Pending is called Running: whether its pod has begun is a matter of time), whether the command was refused,
and after a retry which leaves began again.
"""

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pipeline.errors import UserError
from tests.oracle.cases import Case
from tests.oracle.normal import OVER, Answer, named_nodes, of_controller

ANNOTATION: Final = "oracle/acts"
WORKFLOW: Final = "workflow"
_ACT: Final = re.compile(r"(?P<node>\S.*?) is (?P<phase>\w+): argo (?P<command>.+)")
_LEAVES: Final = ("Pod", "HTTP", "Suspend")


@dataclass(frozen=True)
class Act:
    """One act: when `node` (or the workflow) is in this `phase`, `argo` is called with `words`."""

    node: str
    phase: str
    words: tuple[str, ...]

    @property
    def text(self) -> str:
        """The command as it is written."""
        return " ".join(("argo", *map(shlex.quote, self.words)))

    @property
    def verb(self) -> str:
        """What is done: stop, retry, …; `node` for `node set`."""
        return self.words[0]

    @property
    def options(self) -> tuple[str, ...]:
        """What follows the verb."""
        return self.words[2:] if self.verb == "node" else self.words[1:]

    def due(self, workflow: Mapping[str, Any]) -> bool:
        """Whether its condition holds, for a Workflow as the API server gives it."""
        return _phases(workflow).get(self.node) == self.phase


@dataclass
class Done:
    """What was done so far. `times`: of the leaves when something was last retried, by name."""

    acts: list[Answer] = field(default_factory=list)
    times: dict[str, str] = field(default_factory=dict)
    again: Answer | None = None  # where to note what began again

    def note(self, act: Act, workflow: Mapping[str, Any], *, refused: bool = False) -> None:
        """An act is done to what stood so before."""
        self.close(workflow)
        found: Answer = {"did": act.text, "at": _phases(workflow)}
        if refused:
            found["refused"] = True
        elif act.verb == "retry":
            self.again, self.times = found, dict(_times(workflow))
        self.acts.append(found)

    def close(self, workflow: Mapping[str, Any]) -> None:
        """What was retried last stands so now: note which leaves began again."""
        if self.again is not None:
            self.again["again"] = [
                name for name, at in _times(workflow) if name in self.times and self.times[name] != at
            ]
            self.again = None

    def answer(self, workflow: Mapping[str, Any], left: Iterable[Act]) -> Answer:
        """The normal form of the workflow as it stands now, with the acts. `left`: those whose time never came."""
        self.close(workflow)
        never = [{"did": act.text, "never": f"{act.node} is {act.phase}"} for act in left]
        return {**of_controller(workflow), **({"acts": [*self.acts, *never]} if self.acts or never else {})}


def of(case: Case) -> list[Act]:
    """The acts of a case, in their order.

    Raises:
        UserError: a line is none.
    """
    text = (case.documents[-1].get("metadata", {}).get("annotations") or {}).get(ANNOTATION, "")
    return [_act(line.strip(), case.name) for line in text.splitlines() if line.strip()]


def _act(line: str, case: str) -> Act:
    found = _ACT.fullmatch(line)
    if found is None:
        raise UserError(f"{case}: {line!r} is no act; wanted: NODE is PHASE: argo COMMAND")
    return Act(found["node"], found["phase"], tuple(shlex.split(found["command"])))


def over(workflow: Mapping[str, Any]) -> bool:
    """Whether a workflow has ended."""
    return workflow.get("status", {}).get("phase") in OVER


def _phases(workflow: Mapping[str, Any]) -> dict[str, str]:
    """The phase of the workflow, and of each node by its name."""
    nodes = {name: node.get("phase", "") for name, node in named_nodes(workflow)}
    phases = {WORKFLOW: workflow.get("status", {}).get("phase") or "Pending", **nodes}
    return {name: "Running" if phase == "Pending" and name != WORKFLOW else phase for name, phase in phases.items()}


def _times(workflow: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """When each leaf began, by its name."""
    for name, node in named_nodes(workflow):
        if node["type"] in _LEAVES:
            yield name, str(node.get("startedAt"))
