"""The nodes of a run as `status.nodes` has them. https://argo-workflows.readthedocs.io/en/latest/fields/#nodestatus"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from pipeline.engine.views import NodeView, RunView, attempts
from pipeline.serve.objects.items import stamp

_HOOK: Final = re.compile(r"\.(onExit|hooks\.[^.()]+)(\(\d+\))?$")
_FULFILLED: Final = ("Succeeded", "Failed", "Error", "Skipped", "Omitted")
_WORKS: Final = ("Pod", "DAG", "Steps", "Retry", "Suspend", "Skipped")  # what is of a template


def nodes(run: RunView, home: Path) -> dict[str, Any]:
    """All of them, by id. `home`: the folder in which runs have theirs."""
    tried, progress = attempts(run.nodes), _progress(run.nodes)
    found: dict[str, Any] = {}
    for node in run.nodes:
        flags = ({"retried": True} if node.id in tried else {}) | ({"hooked": True} if _HOOK.search(node.name) else {})
        found[node.id] = (
            _node(run, node, home) | {"progress": progress[node.id]} | ({"nodeFlag": flags} if flags else {})
        )
    return found


def _node(run: RunView, node: NodeView, home: Path) -> dict[str, Any]:
    manifest, _, template = node.template.rpartition("/")
    named: dict[str, Any] = {}
    if manifest:
        named = {"templateRef": {"name": manifest, "template": template}}
    elif template and node.type in _WORKS:
        named = {"templateName": template}
    found = {
        "id": node.id,
        "name": node.name,
        "displayName": node.display_name,
        "type": node.type,
        **named,
        "templateScope": f"local/{run.id}",
        "phase": node.phase,
        "boundaryID": node.boundary,
        "message": node.message,
        "startedAt": stamp(node.started_at or node.created_at or run.started_at),
        "finishedAt": stamp(node.finished_at),
        "children": list(node.children),
        "outboundNodes": list(node.outbound),
        "inputs": values(node.inputs, home),
        "outputs": _outputs(node, home),
        "hostNodeName": "localhost" if node.log is not None else "",
    }
    return {name: value for name, value in found.items() if value or name in ("startedAt", "finishedAt", "phase")}


def _outputs(node: NodeView, home: Path) -> dict[str, Any]:
    found = values(node.outputs, home)
    if node.awaited:
        waiting = [{"name": name, "valueFrom": {"supplied": {}}} for name in node.awaited]
        found["parameters"] = [*found.get("parameters", ()), *waiting]
    return found


def values(given: Mapping[str, Any], home: Path) -> dict[str, Any]:
    """Inputs or outputs."""
    parameters = [{"name": name, "value": value} for name, value in given.get("parameters", {}).items()]
    artifacts = [_artifact(name, path, home) for name, path in given.get("artifacts", {}).items()]
    found = {
        "parameters": parameters,
        "artifacts": artifacts,
        "exitCode": given.get("exitCode"),
        "result": given.get("result"),
    }
    return {name: value for name, value in found.items() if value not in (None, [])}


def _artifact(name: str, path: str, home: Path) -> dict[str, Any]:
    """With one location, which clients want: its place in the folder of runs, as a key of a store."""
    place = Path(path) if path else None
    if place is None or not place.is_relative_to(home / "runs"):
        return {"name": name}
    key = place.relative_to(home / "runs").as_posix()
    inside = "/".join(key.split("/")[3:])  # below <run>/<node>/files
    folder = place.is_dir()
    return {
        "name": name,
        "path": f"/{inside}" if inside else f"/{place.name}",
        "s3": {"key": f"{key}/" if folder else key},
        "archive": {"none": {}},
    }


def _progress(found: Iterable[NodeView]) -> dict[str, str]:
    """How many of the leaves in each node are over, of those that have come to be."""
    counts: dict[str, list[int]] = {}
    by_id = {node.id: node for node in found}
    for node in by_id.values():
        counts.setdefault(node.id, [0, 0])
        if node.type != "Pod":
            continue
        above: NodeView | None = node
        while above is not None:
            count = counts.setdefault(above.id, [0, 0])
            count[0] += node.phase in _FULFILLED
            count[1] += 1
            above = by_id.get(above.boundary or "")
    return {id: f"{done}/{whole}" for id, (done, whole) in counts.items()}
