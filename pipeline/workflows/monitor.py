"""`<project>-monitor`: what is live is watched, and a change of the world starts a training.

Of a series it follows publish every night; of a table `<project>-monitor-nightly` starts it. Both are run by hand, too.
"""

from hera.workflows import DAG, Container, CronWorkflow, Parameter, Resource, Task, WorkflowTemplate
from hera.workflows.models import WorkflowTemplateRef

from pipeline.project import Project, TableProject
from pipeline.workflows import recording, starting
from pipeline.workflows.leaf import DATABASE, MEDIUM, NOTIFY, OBJECT_STORE, leaf
from pipeline.workflows.shape import CREATED, DECLARATION, SELECTION, arguments, cron, passed, selection, template

_TRAINING = {"as-of": "<asof>", "by": "<by>", "locations": "<locations>", "parameter": "<parameter>"}
_TRAINING_OF_TABLE = {"by": "<by>"}


def monitor(project: Project | TableProject) -> WorkflowTemplate:
    """The workflow by hand."""
    with DAG(name="monitor-and-train") as dag:
        tasks()
    chosen = {"as-of": ""} if isinstance(project, TableProject) else selection(project)
    return template(
        project,
        "monitor",
        hours=2,
        entrypoint="monitor-and-train",
        on_exit=recording.EXIT_HANDLER,
        arguments=arguments(project, chosen | {"replay": ""}),
        templates=[*templates(project, by_hand=True), recording.record(project, "monitor"), dag],
    )


def nightly(project: TableProject) -> CronWorkflow:
    """`<project>-monitor-nightly`: the same workflow on a schedule."""
    return cron(
        project,
        "monitor-nightly",
        project.watching.schedule,
        project.watching,
        hours=2,
        workflow_template_ref=WorkflowTemplateRef(name=f"{project.name}-monitor"),
        arguments=[Parameter(name="as-of", value="{{workflow.scheduledTime}}")],
    )


def templates(project: Project | TableProject, *, by_hand: bool = False) -> list[Container | Resource]:
    """The two steps. By hand one may replay days of the past."""
    table = isinstance(project, TableProject)
    step = leaf(
        project.name,
        "monitor",
        DECLARATION
        | (passed("as-of") | CREATED if table else SELECTION)
        | (passed("replay") if by_hand else {})
        | {"training": "{{inputs.artifacts.training.path}}"},
        size=MEDIUM,
        settings=[OBJECT_STORE, DATABASE, NOTIFY],
        inputs=[starting.workflow(project, _TRAINING_OF_TABLE if table else _TRAINING)],
        parameters_out=["train"],
        artifacts_out=["manifest", "summary", "page"],
    )
    return [step, starting.training(project)]


def tasks(*, after: str | None = None) -> None:
    """The tasks in the DAG being built, those of monitoring `after` that task."""
    Task(name="monitor", template="monitor", depends=after)
    starting.task(after="monitor")
