"""The normal form in which the controller's node tree and this engine's can be compared, and read in a diff.

What differs from run to run is taken out: times, ids and the workflow's random suffix. Nodes are named by where they
are in the workflow (`a.b`, `a(0:x)`, `[0].a`, `onExit`; `(root)` for the root), in every text too: `<pod a>` stands
for the name of a's pod, `<id a>` for a's id, `<workflow>` for the workflow's name, `<time>` for a time, `<address>`
for a pod's address. Of a message only its kind counts: what a Go library or a step's stderr adds to it is cut off. A
node that ran out of time has no exit code, for whether its command had begun is a matter of time; nor has a daemon that
ended with what it is part of. What was stopped has none either: the controller may or may not see it before the
workflow is over, and take it for the node's message. Where it does not, it neither lists what would have come after,
nor ends the fan-out or retry node; so of a stopped workflow nodes that are Omitted are left out, and such a node has
failed.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pipeline.engine import RunView
from pipeline.engine.scheduler.nodes import fnv1a

Answer = dict[str, Any]

ROOT: Final = "(root)"
OVER: Final = ("Succeeded", "Failed", "Error")
WIDTH: Final = 118
MOST_NODES: Final = 60  # of a larger tree only the first and last ten are kept
MOST_CHARACTERS: Final = 2000  # of a longer value only the beginning and the length

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| UTC| [-+]\d{4} UTC|[-+]\d\d:?\d\d)?")
_ADDRESS: Final = re.compile(r"\b\d{1,3}(\.\d{1,3}){3}\b")
_REPEATED: Final = re.compile(r"((?:[^.\]]+[.\]])+?)\1{5,}")
_STOPPED: Final = "workflow shutdown with strategy:  "
_TERMINATED: Final = "main: Error (exit code 143)"
_LATE: Final = ("Pod was active on the node longer than the specified deadline", "Step exceeded its deadline")
# Messages that mean the same in other words, as pattern and kind; what a step or a Go library says is cut off.
_KINDS: Final = [
    (re.compile(pattern, re.DOTALL), kind)
    for pattern, kind in (
        (r"^(([-\w]+: )?Error \(exit code \d+\)): .*", r"\1"),
        (
            r"^wait: Error \(exit code 64\): open \S+/outputs/parameters/\S+: no such file.*",
            "<no file for a parameter>",
        ),
        (r"^output parameter '[^']*': the step wrote no file at .*", "<no file for a parameter>"),
        (r"^wait: Error \(exit code 64\): open \S+/outputs/artifacts/\S+: no such file.*", "<nothing for an artifact>"),
        (r"^output artifact '[^']*': the step wrote nothing at .*", "<nothing for an artifact>"),
        (r"(withParam value could not be parsed as a JSON list): .*", r"\1"),
        ("|".join(_LATE), "<out of time>"),
        (r"^(original pod:|reused from run) .*", r"\1 <one of the workflow before>"),
        (r"(; )?Resumed by: .*", ""),  # it says who is logged in, and nothing where nobody is
        (r"^PodInitializing$", ""),  # whether a pod was seen before it had begun is a matter of time
        (r"Waiting for [^/]+/Mutex", "Waiting for <namespace>/Mutex"),
        (r"(Maximum recursion depth exceeded).*", r"\1"),
        (r"strconv.Atoi: parsing .*|withSequence has '.*; wanted a whole number", "<no whole number>"),
        (r"unable to parse .* as a duration: .*|suspend.duration is .*; wanted a duration .*", "<no duration>"),
        (r"invalid character '.' looking for beginning of value", "<an item's result is no JSON>"),
        (r"an item of \S+ printed '.*; the results of a fan-out must be JSON", "<an item's result is no JSON>"),
        (r"(\{\{=[^}]*\}\}|output parameter '[^']*'): (?=.*invalid operation)", ""),
        (r" \(\d+:\d+\)\n \| .*", ""),
    )
]


def of_controller(workflow: Mapping[str, Any]) -> Answer:
    """The normal form of a Workflow object as the API server returns it."""
    status, nodes = workflow.get("status", {}), _nodes(workflow)
    names = _names(workflow, nodes)
    shutdown = workflow.get("spec", {}).get("shutdown", "")
    late = {node["id"] for node in nodes if _cut_off(node.get("message", ""), shutdown)}
    late |= {node["id"] for node in nodes if node["type"] == "Retry" and late & set(node.get("children", ()))}
    daemons = {each["name"] for each in workflow.get("spec", {}).get("templates", ()) if each.get("daemon")}
    late |= {node["id"] for node in nodes if node.get("templateName") in daemons and node.get("phase") == "Succeeded"}
    found = {
        "phase": status.get("phase") or "Pending",
        "message": names.message(_why(status.get("message", ""), shutdown)),
        "outputs": names.values(status.get("outputs")),
        "nodes": _limited(
            {names.of(each["id"]): _node(each, names, shutdown, late=each["id"] in late) for each in nodes}
        ),
    }
    return _without_nothing(found)


def _cut_off(message: str, shutdown: str) -> bool:
    """Whether a node was ended in the middle, by its message."""
    return message in _LATE or _why(message, shutdown).startswith(_STOPPED)


def _why(message: str, shutdown: str) -> str:
    """A message in which the exit code of what was stopped is no reason."""
    return f"{_STOPPED}{shutdown}" if shutdown and message.startswith(_TERMINATED) else message


def named_nodes(workflow: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """The nodes of a Workflow object in their order, each with its name in the normal form."""
    nodes = _nodes(workflow)
    names = _names(workflow, nodes)
    return [(names.of(node["id"]), node) for node in nodes]


def _nodes(workflow: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    root, status = workflow["metadata"]["name"], workflow.get("status", {})
    nodes = status.get("nodes", {}).values()
    if status.get("phase") in OVER and str(status.get("message", "")).startswith("Stopped with strategy"):
        nodes = _settled(nodes)
    return sorted(nodes, key=lambda node: _natural(node["name"].removeprefix(root)))


def _settled(nodes: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The nodes of a stopped workflow, whatever the controller has seen of what it stopped."""
    left = {node["id"] for node in nodes if node.get("phase") != "Omitted"}
    return [
        {
            **node,
            "phase": "Failed"
            if node["phase"] == "Running" and node["type"] in ("TaskGroup", "Retry")
            else node["phase"],
            "children": [each for each in node.get("children") or () if each in left],
        }
        for node in nodes
        if node["id"] in left
    ]


def _names(workflow: Mapping[str, Any], nodes: Iterable[Mapping[str, Any]]) -> "_Names":
    return _Names(workflow["metadata"]["name"], workflow["metadata"]["uid"], nodes)


def _node(node: Mapping[str, Any], names: "_Names", shutdown: str, *, late: bool) -> Answer:
    outputs = names.values(node.get("outputs"))
    reference = node.get("templateRef")
    template = f"{reference['name']}/{reference['template']}" if reference else node.get("templateName")
    return _without_nothing(
        {
            "display": names.displayed(node.get("displayName", "")),
            "type": node["type"],
            "phase": node.get("phase"),
            "message": names.message(_why(node.get("message", ""), shutdown)),
            "template": template,
            "boundary": names.of(node.get("boundaryID", "")),
            "children": names.all(node.get("children", ())),
            "inputs": names.values(node.get("inputs")),
            "outputs": {name: each for name, each in outputs.items() if name != "exitCode" or not late},
        }
    )


def of_engine(view: RunView, uid: str) -> Answer:
    """The normal form of a run of this engine."""
    return of_controller(as_object(view, uid))


def as_object(view: RunView, uid: str) -> dict[str, Any]:
    """A run as the API server would return it.

    Where the controller leaves a workflow's message empty, this engine names the leaf that failed first; not here.
    """
    named = {f"{node.display_name}: {node.message}" for node in view.nodes if node.message}
    status = {
        "phase": view.phase,
        "message": "" if view.message in named else view.message,
        "outputs": _listed(view.global_outputs),
        "nodes": {
            node.id: {
                "id": node.id,
                "name": node.name,
                "displayName": node.display_name,
                "type": node.type,
                "phase": node.phase,
                "message": node.message,
                "startedAt": str(node.started_at),
                "templateName": node.template,
                "boundaryID": node.boundary or "",
                "children": node.children,
                "inputs": _listed(node.inputs),
                "outputs": _listed(node.outputs),
            }
            for node in view.nodes
        },
    }
    return {"metadata": {"name": view.id, "uid": uid}, "status": status}


def _listed(values: Mapping[str, Any]) -> dict[str, Any]:
    parameters = [{"name": name, "value": value} for name, value in values.get("parameters", {}).items()]
    return {**values, "parameters": parameters, "artifacts": [{"name": name} for name in values.get("artifacts", ())]}


class _Names:
    """What the ids and names of one run are in the normal form."""

    def __init__(self, run: str, uid: str, nodes: Iterable[Mapping[str, Any]]) -> None:
        self._run, self._uid = run, uid
        self._names = {node["id"]: self._short(node["name"]) for node in nodes}
        self._hashes = {str(fnv1a(node["name"])): self._short(node["name"]) for node in nodes}
        self._before = re.compile(re.escape(run[: run.rfind("-")]) + "(-[a-z0-9]{5})?")
        self._reference = re.compile(re.escape(run) + r"(?:(-[a-z0-9][-a-z0-9]*?)?-(\d{5,10})(?!\d))?")

    def _short(self, name: str) -> str:
        short = name.removeprefix(self._run).removeprefix(".") or ROOT
        return _REPEATED.sub(lambda found: f"({found[1]} × {len(found[0]) // len(found[1])})", short)

    def of(self, node_id: str) -> str:
        """The name of a node; empty where there is none: the controller may link what it then does not make."""
        return self._names.get(node_id, "")

    def all(self, ids: Iterable[str]) -> list[str]:
        """The names of nodes, in their order."""
        return sorted({self.of(each) for each in ids} - {""}, key=_natural)

    def plain(self, text: str) -> str:
        """A text without what differs from run to run."""
        text = _ADDRESS.sub("<address>", _TIME.sub("<time>", text.replace(self._uid, "<uid>")))
        return self._reference.sub(self._replaced, text)

    def _replaced(self, match: re.Match[str]) -> str:
        template, number = match[1], match[2]
        if number is None:
            return "<workflow>"
        name = self._hashes.get(number, "of no node")
        return f"<{'pod' if template else 'id'} {name}>"

    def displayed(self, text: str) -> str:
        """A display name; of what was resubmitted the root may keep that of the workflow before."""
        return "<workflow before>" if text != self._run and self._before.fullmatch(text) else self.plain(text)

    def message(self, text: str) -> str:
        """A message's kind."""
        text = self.plain(text)
        for pattern, kind in _KINDS:
            text = pattern.sub(kind, text)
        return text

    def values(self, values: Mapping[str, Any] | None) -> dict[str, Any]:
        """Inputs or outputs: parameters in the order of their names; of artifacts the names, without a pod's logs."""
        values = values or {}
        given = [each for each in values.get("parameters", ()) if each.get("value") is not None]
        parameters = {each["name"]: self._value(each["value"]) for each in given}
        artifacts = {each["name"] for each in values.get("artifacts", ()) if not each["name"].endswith("-logs")}
        found = {
            "parameters": dict(sorted(parameters.items())),
            "artifacts": sorted(artifacts),
            "result": self._value(values["result"]) if values.get("result") is not None else None,
            "exitCode": values.get("exitCode"),
        }
        return {name: value for name, value in found.items() if value not in (None, [], {})}

    def _value(self, value: str) -> str:
        """A parameter's value; a list of failures, which the controller gives in no order, is put in one."""
        value = self.plain(value)
        if len(value) > MOST_CHARACTERS:
            return f"{value[:40]}… ({len(value)} characters)"
        if not value.startswith('[{"displayName"'):
            return value
        return json.dumps(sorted(json.loads(value), key=lambda each: str(each["displayName"])))


def _natural(name: str) -> tuple[Any, ...]:
    """Sorts the root first and `a(2)` before `a(10)`."""
    parts = [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]
    return (name not in ("", ROOT), parts)


def _limited(nodes: dict[str, Any]) -> dict[str, Any]:
    if len(nodes) <= MOST_NODES:
        return nodes
    entries = list(nodes.items())
    return dict([*entries[:10], ("…", f"{len(entries) - 20} more"), *entries[-10:]])


def _without_nothing(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if value not in (None, "", [], {})}


def written(value: Any, indent: str = "") -> str:
    """JSON in which what fits into a line is one."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict) or not value or (indent and len(indent) + len(line) <= WIDTH):
        return line
    inner = indent + "  "
    entries = [f"{inner}{json.dumps(key, ensure_ascii=False)}: {written(each, inner)}" for key, each in value.items()]
    return "{\n" + ",\n".join(entries) + f"\n{indent}}}"
