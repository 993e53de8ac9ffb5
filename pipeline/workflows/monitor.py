"""`<project>-monitor`: what is live is watched, and a change of the world starts a training.

It follows publish every night, and is run by hand.
"""

from hera.workflows import DAG, Container, Resource, Task, WorkflowTemplate

from pipeline.project import Project
from pipeline.workflows import recording, starting
from pipeline.workflows.leaf import MEDIUM, leaf
from pipeline.workflows.shape import DECLARATION, SELECTION, arguments, passed, selection, template

_TRAINING = {"as-of": "<asof>", "by": "<by>", "locations": "<locations>", "parameter": "<parameter>"}


def monitor(project: Project) -> WorkflowTemplate:
    """The workflow by hand."""
    with DAG(name="monitor-and-train") as dag:
        tasks()
    return template(
        project,
        "monitor",
        hours=2,
        entrypoint="monitor-and-train",
        on_exit=recording.EXIT_HANDLER,
        arguments=arguments(project, selection(project) | {"replay": ""}),
        templates=[*templates(project, by_hand=True), recording.record(project, "monitor"), dag],
    )


def templates(project: Project, *, by_hand: bool = False) -> list[Container | Resource]:
    """The two steps. By hand one may replay days of the past."""
    step = leaf(
        project.name,
        "monitor",
        DECLARATION
        | SELECTION
        | (passed("replay") if by_hand else {})
        | {"training": "{{inputs.artifacts.training.path}}"},
        size=MEDIUM,
        inputs=[starting.workflow(project, _TRAINING)],
        parameters_out=["train"],
        artifacts_out=["manifest", "summary", "page"],
    )
    return [step, starting.training(project)]


def tasks(*, after: str | None = None) -> None:
    """The tasks in the DAG being built, those of monitoring `after` that task."""
    Task(name="monitor", template="monitor", depends=after)
    starting.task(after="monitor")
