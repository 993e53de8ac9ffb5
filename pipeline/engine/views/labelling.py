"""What nodes are called where there is room for one name each."""

from collections.abc import Mapping

from pipeline.engine.views.naming import attempts, below
from pipeline.engine.views.nodes import NodeView
from pipeline.engine.views.views import RunView


def labels(run: RunView) -> dict[str, str]:
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


def _label(run: RunView, node: NodeView, found: Mapping[str, str]) -> str:
    if node is run.nodes[0]:
        return run.workflow
    if node.boundary is None:
        return below(node, run.nodes[0])
    if node.boundary == run.nodes[0].id or node.boundary not in found:
        return node.display_name
    return f"{found[node.boundary]}.{node.display_name}"
