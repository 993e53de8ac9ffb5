"""Tasks: a run's node tree as people think of it. A fan-out is one task with several items, a retried step is one item
with several attempts, and the tasks of a nested DAG follow below it. The live tree and the report both show these.

In Argo `children` has two meanings: of a DAG, TaskGroup or Retry, what it contains; of any other node, what follows it.
Here the two are told apart.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pipeline.engine.views import plainly

if TYPE_CHECKING:
    from pipeline.engine.views import NodeView, RunView

FAILED = frozenset({"Failed", "Error"})
FINISHED = FAILED | {"Succeeded", "Skipped", "Omitted"}
NEVER_RAN = frozenset({"Pending", "Skipped", "Omitted"})
_HOLDERS = frozenset({"DAG", "Steps"})
_GROUPS = frozenset({"TaskGroup", "StepGroup"})
_MOST_TELLING = ("Running", "Error", "Failed", "Pending", "Succeeded", "Skipped", "Omitted")
_EXIT = ".onExit"
_HOOKS = ".hooks."
_NOT_RETRIED = ("retryStrategy.expression", "No more retries left")


@dataclass(frozen=True)
class Item:
    """One unit of a task's work: a step, or one item of a fan-out. `attempts`: its nodes, the latest last."""

    phase: str
    attempts: tuple["NodeView", ...]

    @property
    def latest(self) -> "NodeView":
        """The attempt that counts."""
        return self.attempts[-1]


@dataclass(frozen=True)
class Task:
    """One row of the graph.

    `key` is unique in a run; `after`: keys of the tasks it follows; `depth`: how many DAGs it is nested in; `holder`:
    it is such a DAG; `fanned`: its items are a fan-out's.
    """

    key: str
    name: str
    phase: str
    message: str
    started_at: datetime | None
    finished_at: datetime | None
    depth: int
    holder: bool
    fanned: bool
    items: tuple[Item, ...]
    after: tuple[str, ...]

    @property
    def tries(self) -> int:
        """The most attempts that any item took."""
        return max((len(item.attempts) for item in self.items), default=1)

    @property
    def reused(self) -> bool:
        """Whether part of it was reused from an earlier run."""
        return any(node.reused for item in self.items for node in item.attempts)

    @property
    def done(self) -> int:
        """How many items ended well."""
        return sum(item.phase == "Succeeded" for item in self.items)


def tasks(run: "RunView") -> list[Task]:
    """The run's tasks: each after those it follows, and the tasks of a DAG right below it."""
    if not run.nodes:
        return []
    keys = _keys(run.nodes)
    members: dict[str, list[NodeView]] = {}
    for node in run.nodes:
        if key := keys[node.id]:
            members.setdefault(key, []).append(node)
    after: dict[str, dict[str, None]] = {key: {} for key in members}
    for node in run.nodes:
        for child in node.children:
            source, target = keys[node.id], keys.get(child)
            if source and target and source != target and target in after:
                after[target][source] = None
    return [_task(key, members[key], tuple(after[key])) for key in _nested(members)]


def failures(run: "RunView") -> list[tuple[Task, "NodeView"]]:
    """Nodes that failed and were not rescued by a later attempt, each with its task."""
    return [
        (task, item.latest)
        for task in tasks(run)
        if not task.holder
        for item in task.items
        if item.phase in FAILED and item.latest.phase in FAILED
    ]


def _keys(nodes: Sequence["NodeView"]) -> dict[str, str]:
    """Which task each node belongs to; "" for the root and for groups of steps, which are not tasks."""
    by_id = {node.id: node for node in nodes}
    keys: dict[str, str] = {}
    for node in nodes:
        held = by_id.get(node.boundary or "")
        is_root = node is nodes[0] and node.type in _HOLDERS
        if is_root or node.type == "StepGroup":
            keys[node.id] = ""
        else:
            above = keys.get(held.id, "") if held else ""
            keys[node.id] = f"{above}/{_name(node)}"
    return keys


def _name(node: "NodeView") -> str:
    if node.name.partition("(")[0].endswith(_EXIT):
        return "on exit"
    if node.boundary is None and _HOOKS in node.name:
        return f"hook {node.name.partition(_HOOKS)[2].partition('(')[0]}"
    return node.display_name.partition("(")[0] or node.display_name or node.id


def _nested(members: dict[str, list["NodeView"]]) -> Iterable[str]:
    """The keys in the order of their first nodes, but those below a DAG directly after it."""
    held: dict[str, list[str]] = {}
    for key in members:
        above = key.rpartition("/")[0]
        held.setdefault(above if above in members else "", []).append(key)
    waiting = held.get("", [])[::-1]
    while waiting:
        key = waiting.pop()
        yield key
        waiting.extend(held.get(key, [])[::-1])


def _task(key: str, nodes: list["NodeView"], after: tuple[str, ...]) -> Task:
    """The task that the nodes are: groups of a fan-out, retries and their attempts, and what stands alone."""
    attempts = _attempts(nodes)
    units = [node for node in nodes if node.id not in attempts and node.type not in _GROUPS]
    groups = [node for node in nodes if node.type == "TaskGroup"]
    heads = groups or units or nodes
    return Task(
        key=key,
        name=_name(nodes[0]),
        phase=_phase(heads),
        message=_message((*heads, *nodes), attempts),
        started_at=min(filter(None, (head.started_at for head in heads)), default=None),
        finished_at=_end(heads),
        depth=key.count("/") - 1,
        holder=any(unit.type in _HOLDERS for unit in units),
        fanned=bool(groups),
        items=tuple(_item(unit, attempts) for unit in units),
        after=after,
    )


def _message(nodes: Sequence["NodeView"], attempts: Mapping[str, "NodeView"]) -> str:
    """What the first that says anything says; of a step that was not tried again, why it failed, not which of Argo's
    rules kept it from that."""
    for node in nodes:
        last = next((attempts[child] for child in reversed(node.children) if child in attempts), None)
        kept = last is not None and last.phase in FAILED and node.message.startswith(_NOT_RETRIED)
        if words := (last.message if last is not None and kept else node.message):
            return plainly(words)
    return ""


def _attempts(nodes: Sequence["NodeView"]) -> dict[str, "NodeView"]:
    """The nodes that are attempts at another, by their ids."""
    tried = {child for node in nodes if node.type == "Retry" for child in node.children}
    return {node.id: node for node in nodes if node.id in tried}


def _item(unit: "NodeView", attempts: Mapping[str, "NodeView"]) -> Item:
    """A step with its attempts; one that is not retried is its own."""
    return Item(unit.phase, tuple(attempts[child] for child in unit.children if child in attempts) or (unit,))


def _phase(heads: Sequence["NodeView"]) -> str:
    """The phase that says most about a task."""
    phases = {head.phase for head in heads}
    return next((phase for phase in _MOST_TELLING if phase in phases), heads[0].phase)


def _end(heads: Sequence["NodeView"]) -> datetime | None:
    """When the last of them ended; None while one has not."""
    ends = [head.finished_at for head in heads if head.finished_at is not None]
    return max(ends) if len(ends) == len(heads) else None
