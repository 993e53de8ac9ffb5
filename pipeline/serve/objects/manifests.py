"""WorkflowTemplates and CronWorkflows as objects: what a file says, with what clients rely on."""

import copy
from typing import Any

from pipeline.engine.schedule import Status
from pipeline.serve.objects.items import stamp


def manifest(document: dict[str, Any]) -> dict[str, Any]:
    """A manifest with the empty structures that Go always writes; without the UI's form for it nothing opens."""
    found: dict[str, Any] = copy.deepcopy(document)
    spec = found.setdefault("spec", {}) or {}
    inner = spec.get("workflowSpec", spec)
    inner["arguments"] = inner.get("arguments") or {}
    for template in inner.get("templates") or ():
        for name in ("inputs", "outputs", "metadata"):
            template[name] = template.get(name) or {}
    return found


def template(document: dict[str, Any]) -> dict[str, Any]:
    """A WorkflowTemplate."""
    return manifest(document)


def cron_workflow(document: dict[str, Any], status: Status) -> dict[str, Any]:
    """A CronWorkflow with what the watch knows of it."""
    found = manifest(document)
    spec = found["spec"]
    if spec.get("schedule") and not spec.get("schedules"):
        spec["schedules"] = [spec["schedule"]]
    found["status"] = {
        "active": [{"kind": "Workflow", "apiVersion": "argoproj.io/v1alpha1", "name": run} for run in status.active],
        "lastScheduledTime": stamp(status.last_scheduled),
        "conditions": [],
        "succeeded": status.succeeded,
        "failed": status.failed,
        "phase": "Stopped" if status.stopped else "Active",
    }
    return found
