"""What others see of a run: plain values for the live tree, the report and the page of runs. Nothing here can change
a run."""

from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from typing import Any, SupportsIndex, overload

from pipeline.engine.views.naming import attempts, below, names
from pipeline.engine.views.nodes import NodeView
from pipeline.errors import RunFailed, UserError


class Nodes(tuple[NodeView, ...]):
    """The nodes of a run in the order they came to be, the root first, the exit handler's after it.

    One is also had by what it is called: `nodes["train"]`, `nodes["train.decide"]`, `nodes["fetch(2)"]`. Where it was
    tried several times that is the whole of its attempts.
    """

    __slots__ = ()

    @overload
    def __getitem__(self, key: SupportsIndex) -> NodeView: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[NodeView, ...]: ...
    @overload
    def __getitem__(self, key: str) -> NodeView: ...
    def __getitem__(self, key: SupportsIndex | slice | str) -> NodeView | tuple[NodeView, ...]:
        return self._named(key) if isinstance(key, str) else super().__getitem__(key)

    def _named(self, name: str) -> NodeView:
        tried, by_id = attempts(self), {node.id: node for node in self}
        known = {node.id: names(node, by_id, self[0]) for node in self if node.id not in tried}
        found = [by_id[id] for id, called in known.items() if name in called]
        if len(found) == 1:
            return found[0]
        if found:
            there = ", ".join(sorted(below(node, self[0]) for node in found))
            raise UserError(f"{len(found)} nodes are named {name}: {there}; say which")
        every = sorted({below(by_id[id], self[0]) for id in known} - {""})
        near = get_close_matches(name, every, n=3, cutoff=0.5) or every[:10]
        raise UserError(f"no node is named {name!r}; there are {', '.join(near) or 'none'}")


@dataclass(frozen=True)
class RunView:
    """One run. `phase`: Pending, Running, Succeeded, Failed, Error. `interrupted`: unfinished, and no process runs it.
    `halted`: a person suspended it.

    `global_outputs`: those with a global name, in the form of a node's outputs.
    """

    id: str
    workflow: str
    parameters: dict[str, str]
    phase: str
    message: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    nodes: Nodes
    interrupted: bool = False
    halted: bool = False
    global_outputs: dict[str, Any] = field(default_factory=dict)

    @property
    def outputs(self) -> dict[str, Any]:
        """What its entrypoint put out, and what has a global name: {"parameters": {name: value}, "artifacts": {name:
        path}}, with "exitCode" and "result" where the entrypoint is a single step."""
        own = self.nodes[0].outputs if self.nodes else {}
        merged = {kind: own.get(kind, {}) | self.global_outputs.get(kind, {}) for kind in ("parameters", "artifacts")}
        return {**own, **merged}

    def logs(self, node: str = "") -> str:
        """What a node wrote: its stdout, then its stderr; the last attempt's, where there were several. Without a
        name, the only node that has a log.

        Raises:
            UserError: there is no such node, or it is not clear which.
        """
        written = [each for each in self.nodes if each.log is not None]
        if node:
            chosen = self.nodes[node]
            chosen = next((each for each in reversed(written) if each.id in chosen.children), chosen)
        elif len(written) == 1:
            chosen = written[0]
        else:
            raise UserError(f"{len(written)} nodes of {self.id} have a log; say which: {_list(self, written)}")
        files = [chosen.log / name for name in ("stdout.log", "stderr.log")] if chosen.log is not None else []
        return "".join(file.read_text(encoding="utf-8", errors="replace") for file in files if file.exists())

    def succeeded(self) -> "RunView":
        """This run, where it succeeded.

        Raises:
            RunFailed: it did not; with its message.
        """
        if self.phase != "Succeeded":
            raise RunFailed(
                f"{self.id} {'was interrupted' if self.interrupted else self.phase.lower()}: {self.message}"
            )
        return self


def _list(run: RunView, nodes: list[NodeView]) -> str:
    return ", ".join(below(node, run.nodes[0]) for node in nodes[:10]) or "none has run"


@dataclass(frozen=True)
class RunSummary:
    """One line of the page of runs. Newest runs come first."""

    id: str
    workflow: str
    parameters: dict[str, str]
    phase: str
    message: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    interrupted: bool = False
