"""Making, linking and ending nodes, in the shape of the controller's node tree.

A node's children are what it holds (a dag its first tasks, a fan-out its items, a retry node its attempts) and what
follows it in its dag. Where several tasks depend on a dag, they hang below the dag's last nodes: its `outbound` ones.
"""

import re
from collections.abc import Iterable
from typing import Final

from pipeline.engine.scheduler.events import Outputs
from pipeline.engine.scheduler.state import Node, Phase, Run, Type, Unlock

_SEPARATOR: Final = re.compile(r"^(\[\d+\])?\.")
_ACTIVE: Final = ("Pod", "DAG", "Steps")  # what counts against a template's parallelism and failFast


def node_id(run: Run, name: str) -> str:
    """The controller's id of a node: the run's name and a hash of the node's; unique even where the hash is not."""
    if name == run.id:
        return name
    found = f"{run.id}-{fnv1a(name)}"
    while found in run.ids:
        found += "x"
    return found


def display_name(name: str, boundary: Node | None) -> str:
    """What a node is called within its dag or steps."""
    return name if boundary is None else _SEPARATOR.sub("", name.removeprefix(boundary.name))


def fnv1a(text: str) -> int:
    """The 32-bit hash that Argo makes ids and pod names of (http://www.isthe.com/chongo/tech/comp/fnv/)."""
    number = 0x811C9DC5
    for byte in text.encode():
        number = ((number ^ byte) * 0x01000193) & 0xFFFFFFFF
    return number


def create(
    run: Run,
    name: str,
    kind: Type,
    phase: Phase,
    *,
    template: str,
    boundary: Node | None,
    owner: Node | None,
    task: str = "",
    exiting: bool = False,
    message: str = "",
) -> Node:
    """A new node. One that is fulfilled from the start is told to its owner."""
    node = Node(
        id=node_id(run, name),
        name=name,
        display_name=display_name(name, boundary),
        template=template,
        type=kind,
        phase=phase,
        boundary=boundary,
        owner=owner,
        task=task,
        exiting=exiting,
        message=message,
        created_at=run.now,
    )
    run.nodes[name] = node
    run.ids.add(node.id)
    if node.fulfilled:
        node.finished_at = run.now
        run.todo.append(("ended", node))
    elif boundary is not None and boundary.frame is not None and kind in _ACTIVE:
        boundary.frame.active += 1
    return node


def finish(run: Run, node: Node, phase: Phase, message: str | None = None, outputs: Outputs | None = None) -> None:
    """End a node and tell its owner. A message of None leaves the present one."""
    node.phase = phase
    node.finished_at = run.now
    node.message = node.message if message is None else message
    node.outputs = outputs if outputs is not None else node.outputs
    node.due_at = None
    node.bound = None
    node.touch()
    if run.live.pop(node.name, None) is not None:
        run.active_pods -= 1
    run.retrying.pop(node.name, None)
    run.suspended.pop(node.name, None)
    if run.locking.pop(node.name, None) is not None:
        node.lock = ""
        run.commands.append(Unlock(node))
    frame = node.boundary.frame if node.boundary is not None else None
    if frame is not None and node.boundary is not None and node.type in _ACTIVE:
        frame.active -= 1
        if frame.template.fail_fast and phase in ("Failed", "Error"):
            frame.tripped = True
            run.tripped[node.boundary.name] = node.boundary
    run.todo.append(("ended", node))


def link(parents: Iterable[Node], child: Node) -> None:
    """Make `child` a child of each of `parents`."""
    for parent in parents:
        if child.id not in parent.children:
            parent.children[child.id] = child
            child.parents.append(parent)
            parent.touch()


def outbound(node: Node) -> tuple[Node, ...]:
    """The nodes below which comes what follows `node`."""
    if node.type in ("Skipped", "Pod", "Suspend"):
        return (node,)
    if node.type == "Retry":
        return (node.attempts[-1] if node.attempts else node,)
    if node.type == "TaskGroup":
        return tuple(last for child in node.children.values() for last in outbound(child)) or (node,)
    return tuple(last for child in node.outbound for last in outbound(child)) or (node,)
