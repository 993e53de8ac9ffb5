"""Files that arrive: ingest → train, if there is something new to learn from.

The training is a workflow of its own: it outlives this one, and starts once for each state of the history, since its
name is its identity. `<project>-reconcile` does the same on a schedule, for what no event announced, and makes the
model server follow the alias `champion`. `<project>-review` begins with what a person says of a file.
"""

from hera.workflows import DAG, Container, CronWorkflow, Resource, Task, WorkflowTemplate

from pipeline.project import TableProject
from pipeline.workflows import own, release, starting
from pipeline.workflows.leaf import DATABASE, MEDIUM, leaf
from pipeline.workflows.shape import BY_HAND, CREATED, DECLARATION, RUN, arguments, cron, passed, template


def ingest(project: TableProject) -> WorkflowTemplate:
    """`<project>-ingest`. `records`: a notification in base64; if empty, everything is looked at."""
    with DAG(name="ingest-and-train") as dag:
        _tasks(project)
    return template(
        project,
        "ingest",
        hours=6,
        entrypoint="ingest-and-train",
        arguments=arguments(project, {"records": ""}),
        templates=[*_templates(project), dag],
    )


def review(project: TableProject) -> WorkflowTemplate:
    """`<project>-review`: a person's word about a file, and an ingest that does what it says. `action`: release (out of
    quarantine) or retract (out of the history); `key`: the file's."""
    step = leaf(project.name, "review", DECLARATION | passed("action", "key", "by", "why"), settings=[DATABASE])
    with DAG(name="review-and-ingest") as dag:
        Task(name="review", template="review")
        _tasks(project, after="review")
    return template(
        project,
        "review",
        hours=6,
        entrypoint="review-and-ingest",
        arguments=arguments(project, BY_HAND | {"action": "release", "key": "", "why": "", "records": ""}),
        templates=[step, *_templates(project), dag],
    )


def reconcile(project: TableProject) -> CronWorkflow:
    """`<project>-reconcile`: files and server are checked side by side, so that neither holds up the other."""
    with DAG(name="reconcile", fail_fast=False) as dag:
        _tasks(project)
        Task(name="follow-champion", template="follow-champion")
    return cron(
        project,
        "reconcile",
        project.reconciling.schedule,
        project.reconciling,
        hours=6,
        entrypoint="reconcile",
        arguments=arguments(project, {"records": ""}),
        templates=[
            *_templates(project),
            release.follow(project),
            release.deploy(project),
            release.follow_champion(project),
            dag,
        ],
    )


def _templates(project: TableProject) -> list[Container | Resource]:
    step = leaf(
        project.name,
        "ingest",
        DECLARATION | passed("records") | RUN | CREATED | {"training": "{{inputs.artifacts.training.path}}"},
        size=MEDIUM,
        inputs=[starting.workflow(project, {"by": "upload (<run>)"})],
        parameters_out=["train"],
        artifacts_out=["manifest", "summary", "report"],
    )
    return [step, starting.training(project), *own.templates(project, "ingest")]


def _tasks(project: TableProject, *, after: str = "") -> None:
    Task(name="ingest", template="ingest", depends=after or None)
    starting.task(after="ingest")
    own.tasks(project, "ingest")
