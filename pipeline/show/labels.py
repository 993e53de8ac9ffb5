"""Short names of nodes: `train.decide`, `fetch(2:20)`, `fetch #2` for a second attempt. The root node is called by the
workflow's name, which is not part of the others'."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.engine.views.views import NodeView, RunView


def labels(run: "RunView") -> dict[str, str]:
    """The name of each node, by id."""
    nodes = {node.id: node for node in run.nodes}
    tried = {
        child: node.id
        for node in run.nodes
        if node.type == "Retry"
        for child in node.children
        if child in nodes and nodes[child].name == f"{node.name}({nodes[child].attempt})"
    }
    found: dict[str, str] = {}
    for node in run.nodes:
        if node.id in tried:
            again = f" #{node.attempt + 1}" if node.attempt else ""
            found[node.id] = f"{found[tried[node.id]]}{again}"
        else:
            found[node.id] = _label(run, node, found)
    return found


def _label(run: "RunView", node: "NodeView", found: dict[str, str]) -> str:
    if node is run.nodes[0]:
        return run.workflow
    if node.boundary is None:
        return node.name.removeprefix(run.id).removeprefix(".")
    if node.boundary == run.nodes[0].id or node.boundary not in found:
        return node.display_name
    return f"{found[node.boundary]}.{node.display_name}"
