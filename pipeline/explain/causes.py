"""Why the nodes of a run are as they are: from each that did not simply succeed to what it all began with.

A cause is a node that others suffer from and that suffers from none, or something that came from outside: somebody
stopped the run, or its deadline passed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pipeline.engine.scheduler import BROKEN, Node, Run, StepsFrame

STOPPED = "somebody stopped the run"
LATE = "the run's deadline passed"
FAILED_FAST = "template has failed or errored children and failFast enabled"

Root = Node | str  # a node, or in words what came from outside


@dataclass
class Cause:
    """What happened first: `nodes` (several, where items of a fan-out ended alike), or `outside`.

    `suffers`: the nodes that are as they are for it; `missing`: the tasks that never came to be, each with the dag or
    steps it is of.
    """

    outside: str = ""
    nodes: list[Node] = field(default_factory=list)
    suffers: list[Node] = field(default_factory=list)
    missing: list[tuple[Node, str]] = field(default_factory=list)


class Causes:
    """The causes of one run."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._parts: dict[str, list[Node]] = {}
        for node in run.nodes.values():
            if node.owner is not None:
                self._parts.setdefault(node.owner.id, []).append(node)

    def all(self) -> list[Cause]:
        """The causes of everything that did not simply succeed, the first failure first."""
        found: dict[object, Cause] = {}
        for node in self._run.nodes.values():
            if not node.fulfilled or node.phase == "Succeeded" or is_superseded(node):
                continue
            root = self.roots(node)[0]
            cause = found.setdefault(_key(root), Cause(root if isinstance(root, str) else ""))
            (cause.nodes if root is node else cause.suffers).append(node)
            cause.missing += [(node, name) for name in never_made(node)]
        return sorted(found.values(), key=_order)

    def roots(self, node: Node) -> list[Root]:
        """What a node that did not simply succeed suffers from, failures first; itself where it is a cause."""
        found: dict[object, Root] = {}
        todo, seen = [node], {node.id}
        while todo:
            each = todo.pop(0)
            behind = self.behind(each)
            for other in behind or [each]:
                if isinstance(other, str) or other is each:
                    found.setdefault(_key(other), other)
                elif other.id not in seen:
                    seen.add(other.id)
                    todo.append(other)
        return sorted(found.values() or [node], key=lambda root: not (isinstance(root, str) or root.phase in BROKEN))

    def behind(self, node: Node) -> list[Root]:
        """What the end of a node follows from directly; empty where from nothing but itself."""
        if node.phase in BROKEN:
            return self._behind_failure(node)
        if node.phase == "Omitted" and node.boundary is not None and node.boundary.frame is not None:
            frame = node.boundary.frame
            before = [frame.nodes[name] for name in frame.plan.conditions[node.task].tasks]
            return [other for other in before if other.phase != "Succeeded"]
        return []

    def _behind_failure(self, node: Node) -> list[Root]:
        outside = _outside(self._run, node)
        if outside:
            return [outside]
        if node.owner is not None and node.owner.type == "Retry":
            return [node.owner]
        if node.message == FAILED_FAST and node.frame is None and node.boundary is not None:
            return [*self.broken_parts(node.boundary)]
        whole = node.attempts[-1] if node.attempts else node
        return [*self.broken_parts(whole)]

    def broken_parts(self, whole: Node) -> list[Node]:
        """The parts of a node that ended badly by themselves."""
        parts = self._parts.get(whole.id, [])
        return [node for node in parts if node.phase in BROKEN and node.message != FAILED_FAST]


def _key(root: Root) -> object:
    """Items of one fan-out that ended alike are one cause."""
    if isinstance(root, str):
        return root
    return (root.owner.id if root.owner is not None else "", root.task or root.id, root.phase, said(root))


def _order(cause: Cause) -> tuple[bool, float]:
    broken = bool(cause.outside) or any(node.phase in BROKEN for node in cause.nodes)
    return (not broken, min((node.finished_at or node.created_at for node in cause.nodes), default=0.0))


def _outside(run: Run, node: Node) -> str:
    if run.strategy is not None and node.message.startswith(("workflow shutdown", "Stopped with strategy")):
        return STOPPED
    late = node.message.startswith(("Step exceeded its deadline", "retry exceeded workflow deadline"))
    return LATE if run.deadline_passed and late else ""


def is_superseded(node: Node) -> bool:
    """Whether it is, or is within, an attempt that another one followed."""
    each: Node | None = node
    while each is not None:
        if each.owner is not None and each.owner.type == "Retry" and each.owner.attempts[-1] is not each:
            return True
        each = each.owner
    return False


def said(node: Node) -> str:
    """A node's message; of a retry node, what its last attempt said."""
    last = node.attempts[-1] if node.attempts else node
    return last.message or node.message


def never_made(node: Node) -> Iterable[str]:
    """The tasks of a dag or steps that never came to be."""
    frame = node.frame
    if frame is None:
        return []
    if isinstance(frame, StepsFrame):
        return [name for name in frame.tasks if name not in frame.nodes and name not in frame.items]
    return [name for name in frame.plan.conditions if name not in frame.nodes]
