"""What is running on the cluster, what is not and why, and what is served."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pipeline.cluster import pods
from pipeline.cluster.kube import Cluster
from pipeline.kubernetes import PART_OF
from pipeline.show.tables import table
from steps.pages.words import one_line, shortened

_SHOWN = 20
_LONGEST = 400  # characters of a reason; controllers tell long stories
_WORKFLOW = "workflows.argoproj.io/workflow"


def shown(cluster: Cluster) -> str:
    """The newest runs, with the reasons of failures, and the model servers with their versions."""
    runs = cluster.get("workflows.argoproj.io", "-l", PART_OF)
    runs.sort(key=lambda each: each["metadata"]["creationTimestamp"], reverse=True)
    waiting = _waiting(cluster)
    listed = [_run(each, waiting.get(each["metadata"]["name"], "")) for each in runs[:_SHOWN]]
    served = [_served(each) for each in cluster.get("seldondeployments.machinelearning.seldon.io")]
    return "\n\n".join(
        (
            table(("RUN", "PHASE", "STARTED (UTC)", "TOOK", "REASON"), listed)
            if listed
            else f"no run yet in {cluster.namespace}; start one with: argo submit --from workflowtemplate/NAME",
            table(("SERVED", "STATE", "VERSION", "DECISION", "ADDRESS"), served) if served else "nothing is served yet",
        )
    )


def _run(workflow: dict[str, Any], waits: str) -> Sequence[str]:
    status = workflow.get("status", {})
    began, over = _time(status.get("startedAt")), _time(status.get("finishedAt"))
    took = f"{((over or datetime.now(UTC)) - began).total_seconds():.0f} s" if began else "-"
    started = f"{began:%F %H:%M}" if began else "-"
    reason = shortened(one_line(waits or _reason(status)), _LONGEST)
    return workflow["metadata"]["name"], status.get("phase", "Pending"), started, took, reason


def _reason(status: dict[str, Any]) -> str:
    """The first failure of a node that has a message, or else the workflow's own message."""
    if status.get("phase") not in ("Failed", "Error"):
        return str(status.get("message", ""))
    failed = [
        each
        for each in status.get("nodes", {}).values()
        if each["type"] == "Pod" and each.get("phase") in ("Failed", "Error") and each.get("message")
    ]
    first = min(failed, key=lambda each: str(each.get("finishedAt")), default=None)
    return f"{first['displayName']}: {first['message']}" if first else str(status.get("message", ""))


def _waiting(cluster: Cluster) -> dict[str, str]:
    """Why the pods of workflows cannot start, by the workflow's name."""
    found = {}
    for each in cluster.get("pods", "-l", _WORKFLOW):
        if why := pods.trouble(each):
            found[each["metadata"]["labels"][_WORKFLOW]] = why
    return found


def _served(deployment: dict[str, Any]) -> Sequence[str]:
    metadata, status = deployment["metadata"], deployment.get("status", {})
    notes = metadata.get("annotations", {})
    pinned = [notes.get(f"learning-pipelines/{key}", "?") for key in ("version", "decision")]
    return metadata["name"], status.get("state", "?"), *pinned, status.get("address", {}).get("url", "-")


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
