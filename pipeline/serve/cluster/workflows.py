"""Argo's Workflows as runs: the row of a list, and the view of one with its nodes."""

import base64
import gzip
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from pipeline.engine.views import Nodes, NodeView, RunView
from pipeline.serve.objects import Item

_LABEL: Final = "workflows.argoproj.io/"
_KINDS: Final = {"cron-workflow": "CronWorkflow", "workflow-template": "WorkflowTemplate"}


def item(found: Mapping[str, Any]) -> Item:
    """A Workflow as one line of a list."""
    metadata, status = found["metadata"], found.get("status") or {}
    spec = found.get("spec") or {}
    row = {
        "id": metadata["name"],
        "uid": metadata.get("uid", ""),
        "workflow": _workflow(found),
        "phase": status.get("phase") or "Pending",
        "message": status.get("message") or _first_failure(_in_order(found)),
        "parameters": _parameters(spec.get("arguments")),
        "metadata": {key: metadata.get(key) or {} for key in ("labels", "annotations")},
        "progress": status.get("progress", ""),
        **{
            key: at.timestamp() if (at := _time(text)) else None
            for key, text in (
                ("created_at", metadata.get("creationTimestamp")),
                ("started_at", status.get("startedAt")),
                ("finished_at", status.get("finishedAt")),
            )
        },
    }
    return Item(row, namespace=metadata.get("namespace", ""), halted=bool(spec.get("suspend")))


def view(found: Mapping[str, Any]) -> RunView:
    """A Workflow with its nodes, in the order in which they came to be."""
    one, status = item(found), found.get("status") or {}
    created = _time(found["metadata"].get("creationTimestamp")) or datetime.now().astimezone()
    return RunView(
        id=one.name,
        workflow=str(one.row["workflow"]),
        parameters=one.row["parameters"],
        phase=str(one.row["phase"]),
        message=str(one.row["message"]),
        created_at=created,
        started_at=_time(status.get("startedAt")),
        finished_at=_time(status.get("finishedAt")),
        nodes=Nodes(_node(each) for each in _in_order(found)),
        halted=one.halted,
    )


def _in_order(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Its nodes: its own first, then as they began."""
    root, status = found["metadata"]["name"], found.get("status") or {}
    nodes = status.get("nodes") or _unpacked(status.get("compressedNodes"))
    return sorted(nodes.values(), key=lambda each: (each["id"] != root, each.get("startedAt") or "9", each["name"]))


def _unpacked(text: str | None) -> dict[str, Any]:
    """The nodes of a large Workflow, which the controller packs."""
    found: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(text))) if text else {}
    return found


def _workflow(found: Mapping[str, Any]) -> str:
    """What it is a run of: its template's or cron's name, or its own without what was generated."""
    metadata, labels = found["metadata"], found["metadata"].get("labels") or {}
    for name in _KINDS:
        if labels.get(f"{_LABEL}{name}"):
            return str(labels[f"{_LABEL}{name}"])
    reference = ((found.get("spec") or {}).get("workflowTemplateRef") or {}).get("name")
    return str(reference or (metadata.get("generateName") or metadata["name"]).rstrip("-"))


def _parameters(arguments: Any) -> dict[str, str]:
    given = (arguments or {}).get("parameters") or []
    return {each["name"]: str(each.get("value", "")) for each in given}


def _first_failure(nodes: list[dict[str, Any]]) -> str:
    """What the run failed of: its first pod that did; empty where it did not fail."""
    if not nodes or nodes[0].get("phase") not in ("Failed", "Error"):
        return ""
    failed = [each for each in nodes if each.get("phase") in ("Failed", "Error") and each.get("message")]
    leaf = next((each for each in failed if each["type"] == "Pod"), next(iter(failed), None))
    return f"{leaf['displayName']}: {leaf['message']}" if leaf else ""


def _node(found: Mapping[str, Any]) -> NodeView:
    name, shown = found["name"], found.get("displayName") or found["name"]
    attempt = shown.rpartition("(")[2].removesuffix(")")
    return NodeView(
        id=found["id"],
        name=name,
        display_name=shown,
        template=(found.get("templateRef") or {}).get("template") or found.get("templateName", ""),
        type=found["type"],
        phase=found.get("phase") or "Pending",
        started_at=_time(found.get("startedAt")),
        finished_at=_time(found.get("finishedAt")),
        message=found.get("message", ""),
        children=tuple(found.get("children") or ()),
        boundary=found.get("boundaryID"),
        inputs=_handed(found.get("inputs")),
        outputs=_handed(found.get("outputs")),
        attempt=int(attempt) if (found.get("nodeFlag") or {}).get("retried") and attempt.isdecimal() else 0,
        created_at=_time(found.get("startedAt")),
        outbound=tuple(found.get("outboundNodes") or ()),
    )


def _handed(found: Any) -> dict[str, Any]:
    """Inputs or outputs; an artifact as the key of its object."""
    given = found or {}
    artifacts = {each["name"]: (each.get("s3") or {}).get("key", "") for each in given.get("artifacts") or ()}
    handed: dict[str, Any] = {"parameters": _parameters(given), "artifacts": artifacts}
    return handed | {key: given[key] for key in ("exitCode", "result") if given.get(key)}


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
