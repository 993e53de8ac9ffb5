"""What every workflow of ours has, whoever starts it: a deadline, archived logs, clean-up of pods and workflows, a
service account, labels, and arguments that can also be given by hand."""

from typing import Any

from hera.workflows import CronWorkflow, Parameter, WorkflowTemplate
from hera.workflows.models import PodGC, TTLStrategy, WorkflowMetadata

from pipeline.kubernetes import labels
from pipeline.project import Project, Reconciling, Schedule, TableProject, Tidying, Watching
from pipeline.workflows.leaf import SERVICE_ACCOUNT

_DAY = 24 * 3600


def passed(*names: str) -> dict[str, str]:
    """Options of a step that get the workflow's parameters of those names."""
    return {name: f"{{{{workflow.parameters.{name}}}}}" for name in names}


CREATED = {"created": "{{workflow.creationTimestamp.RFC3339}}"}
RUN = {"run": "{{workflow.name}}"}
DECLARATION = passed("declaration")
SELECTION = passed("locations", "parameter", "as-of") | CREATED
BY = passed("by")
BY_HAND = {"by": "by hand"}  # the default; schedules and uploads give another value


def selection(project: Project, *, as_of: str = "") -> dict[str, str]:
    """The parameters that select the data of a series.

    `as-of` is the logical time that governs data (RFC 3339); if empty, it is when the workflow was created.
    """
    return {
        "as-of": as_of,
        "locations": ",".join(str(location) for location in project.locations),
        "parameter": project.learning.target,
    }


def arguments(project: Project | TableProject, values: dict[str, str]) -> list[Parameter]:
    """The workflow's parameters: `values` and the declaration; all have defaults."""
    given = values | {"declaration": project.declaration()}
    return [Parameter(name=name, value=value) for name, value in given.items()]


def common(project: Project | TableProject, workflow: str, *, hours: int) -> dict[str, Any]:
    """The fields that all workflows share; `hours`: the longest time that the whole may take."""
    return {
        "labels": labels(workflow, project.name),
        "workflow_metadata": WorkflowMetadata(labels=labels(workflow, project.name)),
        "service_account_name": SERVICE_ACCOUNT,
        "active_deadline_seconds": hours * 3600,
        "archive_logs": True,
        "pod_gc": PodGC(strategy="OnPodSuccess"),
        "ttl_strategy": TTLStrategy(seconds_after_success=7 * _DAY, seconds_after_failure=30 * _DAY),
    }


def template(project: Project | TableProject, workflow: str, *, hours: int, **fields: Any) -> WorkflowTemplate:
    """`<project>-<workflow>`, which is started by hand, by an event or by a CronWorkflow."""
    return WorkflowTemplate(name=f"{project.name}-{workflow}", **common(project, workflow, hours=hours), **fields)


def cron(
    project: Project | TableProject,
    workflow: str,
    schedule: str,
    times: Schedule | Reconciling | Watching | Tidying,
    *,
    hours: int,
    **fields: Any,
) -> CronWorkflow:
    """`<project>-<workflow>`, started on a schedule in the time zone of `times`, one at a time."""
    return CronWorkflow(
        name=f"{project.name}-{workflow}",
        schedules=[schedule],
        timezone=times.timezone,
        concurrency_policy="Forbid",
        starting_deadline_seconds=times.starting_deadline_seconds,
        **common(project, workflow, hours=hours),
        **fields,
    )
