"""`<project>-daily`: every night, what is missing or patched in the last days, and predictions for the next 24 h."""

from hera.workflows import DAG, CronWorkflow, Task

from pipeline.project import Project
from pipeline.workflows import collect, monitor, own, recording
from pipeline.workflows.leaf import MEDIUM, leaf
from pipeline.workflows.shape import DECLARATION, SELECTION, cron


def daily(project: Project) -> CronWorkflow:
    """plan → fetch × workers → prepare → publish → monitor. Its logical time is the one that cron scheduled."""
    publish = leaf(project.name, "publish", DECLARATION | SELECTION, artifacts_out=["summary"], size=MEDIUM)
    with DAG(name="daily") as dag:
        collected = collect.tasks(project)
        Task(name="publish", template="publish", depends=" && ".join(collected))
        own.tasks(project, "publish")
        monitor.tasks(project, after="publish")
    return cron(
        project,
        "daily",
        project.schedule.daily,
        project.schedule,
        hours=6,
        entrypoint="daily",
        on_exit=recording.EXIT_HANDLER,
        arguments=collect.arguments_for(project, as_of="{{workflow.scheduledTime}}"),
        templates=[
            *collect.templates(project),
            publish,
            *own.templates(project, "publish"),
            *monitor.templates(project),
            recording.record(project, "daily"),
            dag,
        ],
    )
