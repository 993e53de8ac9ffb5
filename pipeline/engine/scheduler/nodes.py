"""Making, linking and ending nodes, in the shape of the controller's node tree.

A node's children are what it holds (a dag its first tasks, a fan-out its items, a retry node its attempts) and what
follows it in its dag. Tasks that depend on a dag hang below its last nodes: its `outbound` ones.
"""

import re
from collections.abc import Iterable
from typing import Final

from pipeline.engine.scheduler.events import Outputs
from pipeline.engine.scheduler.state import (
    DagFrame,
    Frame,
    Kill,
    Node,
    Phase,
    Position,
    Remember,
    Run,
    StepsFrame,
    Type,
    Unlock,
)

_SEPARATOR: Final = re.compile(r"^(\[\d+\])?\.")
_ACTIVE: Final = ("Pod", "HTTP", "DAG", "Steps")  # what counts against a template's parallelism and failFast


def node_id(run: Run, name: str) -> str:
    """The controller's id of a node: the run's name and a hash of the node's; unique even if the hash is not."""
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
    """The 32-bit hash that Argo uses in ids and pod names (http://www.isthe.com/chongo/tech/comp/fnv/)."""
    number = 0x811C9DC5
    for byte in text.encode():
        number = ((number ^ byte) * 0x01000193) & 0xFFFFFFFF
    return number


def create(
    run: Run, name: str, kind: Type, phase: Phase, *, template: str, position: Position, message: str = ""
) -> Node:
    """A new node. If it is fulfilled from the start, its owner is told."""
    boundary = position.boundary
    shown = display_name(name, boundary)
    node = Node(node_id(run, name), name, shown, template, kind, phase, *position, message=message, created_at=run.now)
    run.nodes[name] = node
    run.ids.add(node.id)
    if node.fulfilled:
        node.finished_at = run.now
        run.todo.append(("ended", node))
    elif boundary is not None and boundary.frame is not None and kind in _ACTIVE:
        boundary.frame.active += 1
    return node


def finish(run: Run, node: Node, phase: Phase, message: str | None = None, outputs: Outputs | None = None) -> None:
    """End a node and tell its owner. A message of None keeps the present one."""
    node.phase = phase
    node.finished_at = run.now
    node.message = node.message if message is None else message
    node.outputs = outputs if outputs is not None else node.outputs
    node.due_at = None
    memoize = node.bound.memoize if node.bound is not None else None
    if memoize is not None and phase == "Succeeded" and not node.recalled and node.type != "Retry":
        run.commands.append(Remember(node, memoize))  # of a retry node: its last attempt
    node.bound = None
    node.touch()
    for waiting in (run.live, run.daemons, run.recalling, run.retrying, run.suspended):
        waiting.pop(node.name, None)
    if run.locking.pop(node.name, None) is not None:
        node.lock = ""
        run.commands.append(Unlock(node))
    boundary, frame = node.boundary, node.enclosing
    if boundary is not None and frame is not None and node.type in _ACTIVE:
        frame.active -= not node.daemoned
        if frame.template.fail_fast and phase in ("Failed", "Error"):
            frame.tripped = True
            run.tripped[boundary.name] = boundary
    node.daemoned = False
    if node.frame is not None:
        retire(run, node)
    run.todo.append(("ended", node))


def retire(run: Run, whole: Node | None) -> None:
    """End the daemons of a dag or steps that has ended (None: of the run); as on a cluster, they have succeeded."""
    if not run.has_daemons:
        return
    for node in [each for each in run.nodes.values() if each.boundary is whole and _runs_on(each)]:
        leaf = run.daemons.pop(node.name, None) or run.live.pop(node.name, None)
        run.retrying.pop(node.name, None)
        node.phase, node.daemoned, node.finished_at = "Succeeded", False, run.now
        node.bound, node.due_at = None, None
        node.touch()
        if node in run.reviving[1:]:  # it has not begun again
            run.reviving.remove(node)
        elif leaf is not None:
            run.retired[node.name] = node
            if not node.condemned:  # else it has been told
                run.commands.append(Kill(node))


def _runs_on(node: Node) -> bool:
    """Whether it is a daemon that was ready, or takes the place of one."""
    return node.daemoned or (node.is_attempt and node.owner is not None and node.owner.daemoned and not node.fulfilled)


def link(parents: Iterable[Node], child: Node) -> None:
    """Make `child` a child of each of `parents`."""
    for parent in parents:
        if child.id not in parent.children:
            parent.children[child.id] = child
            child.parents.append(parent)
            parent.touch()


def outbound(node: Node) -> tuple[Node, ...]:
    """The nodes below which what follows `node` hangs."""
    is_set = any(child.type == "Container" for child in node.children.values())
    if node.type == "Container" or (node.type == "Pod" and is_set):
        own = [child for child in node.children.values() if node.type == "Pod" or child.boundary is node.boundary]
        return tuple(last for child in own for last in outbound(child)) or (node,)
    if node.type in ("Skipped", "Pod", "HTTP", "Suspend"):
        return (node,)
    if node.type == "Retry":
        return (node.last_attempt,)
    inner = node.children.values() if node.type in ("TaskGroup", "StepGroup") else node.outbound
    return tuple(last for child in inner for last in outbound(child)) or (node,)


def set_outbound(whole: Node, frame: Frame) -> None:
    """Note the nodes below which what follows a dag or steps hangs."""
    if isinstance(frame, StepsFrame):
        whole.outbound = outbound(frame.group) if frame.group is not None and frame.group.children else ()
    elif isinstance(frame, DagFrame):
        targets = [frame.nodes[name] for name in frame.plan.targets if name in frame.nodes]
        whole.outbound = tuple(last for node in targets for last in outbound(node))
