"""From a run's state to its view, and to and from the tree that the journal keeps of a finished run."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.engine.places import Place
from pipeline.engine.scheduler.events import Outputs
from pipeline.engine.scheduler.state import BROKEN, Node, Run
from pipeline.engine.scheduler.suspensions import awaited, required
from pipeline.engine.spec import Artifact
from pipeline.engine.views.nodes import NodeView
from pipeline.engine.views.views import Nodes, RunView


class Viewer:
    """Views of one run. Nodes that have not changed since the last one are not made again."""

    def __init__(self, run: Run, folder: Path, created_at: float) -> None:
        self._run = run
        self._folder = folder
        self._created = utc(created_at)
        self._kept: dict[str, tuple[int, int, NodeView]] = {}

    def view(self, *, interrupted: bool = False) -> RunView:
        """The run as it stands."""
        run = self._run
        nodes = Nodes(self._node(node) for node in run.nodes.values())
        has_outputs = bool(run.outputs.parameters or run.outputs.artifacts)
        return RunView(
            id=run.id,
            workflow=run.workflow.name,
            parameters={each.name: each.value or "" for each in run.arguments.parameters},
            phase=run.phase,
            message=message_of(run),
            created_at=self._created,
            started_at=utc(run.started_at),
            finished_at=utc(run.finished_at),
            nodes=nodes,
            global_outputs=_outputs(run.outputs, self._folder) if has_outputs else {},
            interrupted=interrupted,
            halted=run.halted,
        )

    def _node(self, node: Node) -> NodeView:
        kept = self._kept.get(node.id)
        if kept is not None and kept[:2] == (node.version, len(node.children)):
            return kept[2]
        view = node_view(node, self._folder)
        self._kept[node.id] = (node.version, len(node.children), view)
        return view


def message_of(run: Run) -> str:
    """Why a run failed: what the controller says, or else what its first failed leaf said."""
    if run.message or run.phase not in BROKEN:
        return run.message
    broken = [node for node in run.nodes.values() if node.phase in BROKEN and node.message]
    for node in [each for each in broken if each.type in ("Pod", "HTTP", "Skipped") and _counts(each)] + broken:
        return f"{node.display_name}: {node.message}"
    return ""


def _counts(node: Node) -> bool:
    """Whether it was the last attempt, or the only one."""
    owner = node.owner
    return owner is None or not node.is_attempt or (owner.phase in BROKEN and owner.last_attempt is node)


def node_view(node: Node, folder: Path) -> NodeView:
    """One node as it stands."""
    place = Place(folder, node.id)
    if node.type == "Container" and node.boundary is not None:
        place = Place(folder, node.boundary.id).of(node.name.removeprefix(f"{node.boundary.name}."))
    has_run = node.type in ("Pod", "HTTP", "Container") and node.started_at is not None and not _is_main(node)
    return NodeView(
        id=node.id,
        name=node.name,
        display_name=node.display_name,
        template=_template(node),
        type=node.type,
        phase=node.phase,
        started_at=utc(node.started_at),
        finished_at=utc(node.finished_at),
        message=node.message,
        children=tuple(node.children),
        boundary=node.boundary.id if node.boundary is not None else None,
        inputs={
            "parameters": {each.name: each.value for each in node.inputs.parameters},
            "artifacts": {each.name: _place(each, place, folder) for each in node.inputs.artifacts},
        },
        outputs=_outputs(node.outputs, folder) or _supplied(node),
        log=place.own if has_run else None,
        attempt=node.attempt,
        created_at=utc(node.created_at),
        outbound=tuple(last.id for last in node.outbound),
        awaited=awaited(node),
        required=required(node),
    )


def _is_main(node: Node) -> bool:
    """Whether it is the main container of a set, whose logs are those of the pod."""
    return node.type == "Container" and node.display_name == "main"


def _template(node: Node) -> str:
    """The template's name; with its manifest's if it was given by `templateRef`."""
    name = node.template.rpartition("/")[2]
    if "." in name:
        return ""  # it stands within its task, without a name
    if node.type == "Container" and node.boundary is not None:
        return _template(node.boundary)
    if node.exit_of is not None:
        referred = node.exit_of.hook is not None and node.exit_of.hook.referred
    elif node.beside is not None:
        referred = node.beside.hooks[node.name.rpartition(".hooks.")[2]].referred
    else:
        task = node.enclosing.tasks.get(node.task) if node.enclosing is not None else None
        referred = task is not None and task.referred
    return node.template if referred else name


def _place(artifact: Artifact, place: Place, folder: Path) -> str:
    """Where an input artifact is: a leaf has its own copy, a dag or steps that of the node whose output it is."""
    if artifact.path:
        return str(place.local(artifact.path))
    return str(folder / artifact.stored) if artifact.stored is not None else ""


def _outputs(outputs: Outputs | None, folder: Path) -> dict[str, Any]:
    if outputs is None:
        return {}
    found: dict[str, Any] = {
        "parameters": dict(outputs.parameters),
        "artifacts": {
            name: str(folder / each.stored) for name, each in outputs.artifacts.items() if each.stored is not None
        },
    }
    if outputs.exit_code is not None:
        found["exitCode"] = outputs.exit_code
    if outputs.result is not None:
        found["result"] = outputs.result
    return found


def _supplied(node: Node) -> dict[str, Any]:
    """What a person has given to a pause that is not over."""
    return {"parameters": dict(node.supplied), "artifacts": {}} if node.supplied else {}


def to_tree(view: RunView) -> dict[str, Any]:
    """The nodes and outputs as JSON, for the journal."""
    nodes = [
        {
            **asdict(node),
            "started_at": node.started_at.timestamp() if node.started_at else None,
            "finished_at": node.finished_at.timestamp() if node.finished_at else None,
            "created_at": node.created_at.timestamp() if node.created_at else None,
            "log": str(node.log) if node.log else None,
        }
        for node in view.nodes
    ]
    return {"nodes": nodes, "global_outputs": view.global_outputs}


def from_tree(row: Mapping[str, Any]) -> RunView:
    """The view of a finished run, from its row in the journal."""
    tree = row["tree"] if isinstance(row["tree"], dict) else {"nodes": row["tree"]}  # a list: an older engine's
    nodes = Nodes(
        NodeView(
            **{
                **node,
                "children": tuple(node["children"]),
                "started_at": utc(node["started_at"]),
                "finished_at": utc(node["finished_at"]),
                "created_at": utc(node.get("created_at")),
                "outbound": tuple(node.get("outbound", ())),
                "awaited": (),
                "required": (),
                "log": Path(node["log"]) if node["log"] else None,
            }
        )
        for node in tree["nodes"]
    )
    return RunView(**heading(row), nodes=nodes, global_outputs=tree.get("global_outputs", {}))


def heading(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a run's view and its line in the list of runs have in common, from its row in the journal."""
    same = {name: row[name] for name in ("id", "workflow", "parameters", "phase", "message")}
    return same | {name: utc(row[name]) for name in ("created_at", "started_at", "finished_at")}


def utc(at: float | None) -> Any:
    """A point in time in views; None stays None."""
    return None if at is None else datetime.fromtimestamp(at, UTC)
