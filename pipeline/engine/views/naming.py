"""What nodes are called. Argo's names are unique and long (`train-x7k2p.fetch(2:20)(0)`); people say `fetch(2)`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.engine.views.views import NodeView, RunView


def attempts(nodes: Sequence["NodeView"]) -> dict[str, "NodeView"]:
    """The retry node of each node that is an attempt, by the attempt's id."""
    by_id = {node.id: node for node in nodes}
    return {
        child: node
        for node in nodes
        if node.type == "Retry"
        for child in node.children
        if child in by_id and by_id[child].name == f"{node.name}({by_id[child].attempt})"
    }


def below(node: "NodeView", root: "NodeView") -> str:
    """A node's name without the run's."""
    return node.name.removeprefix(root.name).removeprefix(".")


def names(node: "NodeView", nodes: Mapping[str, "NodeView"], root: "NodeView") -> set[str]:
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


def labels(run: "RunView") -> dict[str, str]:
    """The name of each node, by id, where there is room for one: `train.decide`, `fetch(2:20)`, `fetch #2` for a second
    attempt. The run itself has no name among its nodes, unless it is a single one."""
    tried = attempts(run.nodes)
    found: dict[str, str] = {}
    for node in run.nodes:
        if node.id in tried:
            again = f" #{node.attempt + 1}" if node.attempt else ""
            found[node.id] = f"{found[tried[node.id].id]}{again}"
        else:
            found[node.id] = _label(run, node, found)
    return found


def _label(run: "RunView", node: "NodeView", found: Mapping[str, str]) -> str:
    if node is run.nodes[0]:
        return run.workflow
    if node.boundary is None:
        return below(node, run.nodes[0])
    if node.boundary == run.nodes[0].id or node.boundary not in found:
        return node.display_name
    return f"{found[node.boundary]}.{node.display_name}"
