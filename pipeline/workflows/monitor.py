"""`<project>-monitor`: what is live is watched, and a change of the world starts a training.

Of a series it follows publish every night; of a table `<project>-monitor-nightly` starts it. Both are run by hand, too.
Where the project compares models (a trial, or a new champion with the one before), what that comes to is started
likewise.
"""

from hera.workflows import DAG, Container, CronWorkflow, Parameter, Resource, Task, WorkflowTemplate
from hera.workflows.models import WorkflowTemplateRef

from pipeline.project import Project, TableProject
from pipeline.workflows import recording, starting
from pipeline.workflows.conclude import GIVEN
from pipeline.workflows.leaf import DATABASE, MEDIUM, NOTIFY, OBJECT_STORE, leaf
from pipeline.workflows.shape import CREATED, DECLARATION, SELECTION, arguments, cron, passed, selection, template

_CONCLUSION = {name: f"<{name}>" for name in ("by", *GIVEN)}
_TRAINING = {"as-of": "<asof>", "by": "<by>", "locations": "<locations>", "parameter": "<parameter>"}
_TRAINING_OF_TABLE = {"by": "<by>"}


def monitor(project: Project | TableProject) -> WorkflowTemplate:
    """The workflow by hand."""
    with DAG(name="monitor-and-train") as dag:
        tasks(project)
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
    """The step, and those that start what it finds necessary. By hand one may replay days of the past."""
    compares = bool(project.learning.gate.guarded_days)
    ending = starting.workflow(project, _CONCLUSION, starts="conclude", name="conclusion")
    table = isinstance(project, TableProject)
    step = leaf(
        project.name,
        "monitor",
        DECLARATION
        | (passed("as-of") | CREATED if table else SELECTION)
        | (passed("replay") if by_hand else {})
        | {"training": "{{inputs.artifacts.training.path}}"}
        | ({"conclusion": "{{inputs.artifacts.conclusion.path}}"} if compares else {}),
        size=MEDIUM,
        settings=[OBJECT_STORE, DATABASE, NOTIFY],
        inputs=[
            starting.workflow(project, _TRAINING_OF_TABLE if table else _TRAINING),
            *([ending] if compares else []),
        ],
        parameters_out=["train", *(["conclude"] if compares else [])],
        artifacts_out=["manifest", "summary", "page", *(["ending"] if compares else [])],
    )
    return [step, starting.training(project), *([starting.training(project, starts="conclude")] if compares else [])]


def tasks(project: Project | TableProject, *, after: str | None = None) -> None:
    """The tasks in the DAG being built, those of monitoring `after` that task."""
    Task(name="monitor", template="monitor", depends=after)
    starting.task(after="monitor")
    if project.learning.gate.guarded_days:
        starting.task(after="monitor", starts="conclude", manifest="ending")
