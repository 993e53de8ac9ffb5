"""What every workflow of ours has, whoever starts it: a deadline, archived logs, pods and workflows that are cleared
away, a service account, labels, and arguments that a person can give by hand too."""

from typing import Any

from hera.workflows import CronWorkflow, Parameter, WorkflowTemplate
from hera.workflows.models import PodGC, TTLStrategy, WorkflowMetadata

from pipeline.project import Project
from pipeline.workflows.leaf import SERVICE_ACCOUNT, labels

_DAY = 24 * 3600

# What selects the data, for those workflows that read it.
SELECTION = {
    "locations": "{{workflow.parameters.locations}}",
    "parameter": "{{workflow.parameters.parameter}}",
    "as-of": "{{workflow.parameters.as-of}}",
    "created": "{{workflow.creationTimestamp.RFC3339}}",
}
DECLARATION = {"declaration": "{{workflow.parameters.declaration}}"}


def arguments(project: Project, more: dict[str, str], *, as_of: str = "") -> list[Parameter]:
    """The workflow's parameters: the declaration, what selects the data, and `more`; all have defaults.

    `as-of` is the logical time that governs data (RFC 3339). Empty, it is the time the workflow was created.
    """
    values = {
        "as-of": as_of,
        "locations": ",".join(str(location) for location in project.locations),
        "parameter": project.learning.target,
        **more,
        "declaration": project.declaration(),
    }
    return [Parameter(name=name, value=value) for name, value in values.items()]


def common(project: Project, workflow: str, *, hours: int) -> dict[str, Any]:
    """The fields that all workflows share; `hours` is how long the whole may take."""
    return {
        "labels": labels(project.name, workflow),
        "workflow_metadata": WorkflowMetadata(labels=labels(project.name, workflow)),
        "service_account_name": SERVICE_ACCOUNT,
        "active_deadline_seconds": hours * 3600,
        "archive_logs": True,
        "pod_gc": PodGC(strategy="OnPodSuccess"),
        "ttl_strategy": TTLStrategy(seconds_after_success=7 * _DAY, seconds_after_failure=30 * _DAY),
    }


def template(project: Project, workflow: str, *, hours: int, **fields: Any) -> WorkflowTemplate:
    """`<project>-<workflow>`, to be started by hand, by an event or by a CronWorkflow."""
    return WorkflowTemplate(name=f"{project.name}-{workflow}", **common(project, workflow, hours=hours), **fields)


def cron(project: Project, workflow: str, schedule: str, *, hours: int, **fields: Any) -> CronWorkflow:
    """`<project>-<workflow>`, started by the clock of the project's time zone, one at a time."""
    return CronWorkflow(
        name=f"{project.name}-{workflow}",
        schedules=[schedule],
        timezone=project.schedule.timezone,
        concurrency_policy="Forbid",
        starting_deadline_seconds=project.schedule.starting_deadline_seconds,
        **common(project, workflow, hours=hours),
        **fields,
    )
