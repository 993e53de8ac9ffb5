"""What nodes are called. Argo's names are unique and long (`train-x7k2p.fetch(2:20)(0)`); people say `fetch(2)`."""

from collections.abc import Mapping, Sequence

from pipeline.engine.scheduler.nodes import fnv1a
from pipeline.engine.views.nodes import NodeView


def attempts(nodes: Sequence[NodeView]) -> dict[str, NodeView]:
    """The retry node of each node that is an attempt, by the attempt's id."""
    by_id = {node.id: node for node in nodes}
    return {
        child: node
        for node in nodes
        if node.type == "Retry"
        for child in node.children
        if child in by_id and by_id[child].name == f"{node.name}({by_id[child].attempt})"
    }


def pod_name(run: str, node: NodeView) -> str:
    """What the pod of a node is called on a cluster, and by clients that ask for its log."""
    if node.name == run:
        return run
    template = node.template.rpartition("/")[2]
    return f"{f'{run}-{template}' if template else run}"[:242] + f"-{fnv1a(node.name)}"


def below(node: NodeView, root: NodeView) -> str:
    """A node's name without the run's."""
    return node.name.removeprefix(root.name).removeprefix(".")


def names(node: NodeView, nodes: Mapping[str, NodeView], root: NodeView) -> set[str]:
    """What a node may be called: its display name, that after the display names that lead to it, and its name below
    the run; of an item of a fan-out also without its value. `nodes`: all of the run, by id."""
    path, above = node.display_name, nodes.get(node.boundary or "")
    while above is not None and above is not root:
        path, above = f"{above.display_name}.{path}", nodes.get(above.boundary or "")
    found = {node.display_name, path, below(node, root)}
    return found | {_without_value(name) for name in found}


def _without_value(name: str) -> str:
    """`fetch(2)` for `fetch(2:20)`."""
    head, colon, _ = name.partition(":")
    return f"{head})" if colon and name.endswith(")") else name
