"""`<project>-monitor`: what is live is watched, and a change of the world starts a training.

It follows publish every night, and is run by hand. Where the project compares models (a trial, or a new champion with
the one before), what that comes to is started likewise.
"""

from hera.workflows import DAG, Container, Resource, Task, WorkflowTemplate

from pipeline.project import Project
from pipeline.workflows import recording, starting
from pipeline.workflows.conclude import GIVEN
from pipeline.workflows.leaf import MEDIUM, leaf
from pipeline.workflows.shape import DECLARATION, SELECTION, arguments, passed, selection, template

_CONCLUSION = {name: f"<{name}>" for name in ("by", *GIVEN)}
_TRAINING = {"as-of": "<asof>", "by": "<by>", "locations": "<locations>", "parameter": "<parameter>"}


def monitor(project: Project) -> WorkflowTemplate:
    """The workflow by hand."""
    with DAG(name="monitor-and-train") as dag:
        tasks(project)
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
    """The step, and those that start what it finds necessary. By hand one may replay days of the past."""
    compares = bool(project.learning.gate.guarded_days)
    ending = starting.workflow(project, _CONCLUSION, starts="conclude", name="conclusion")
    step = leaf(
        project.name,
        "monitor",
        DECLARATION
        | SELECTION
        | (passed("replay") if by_hand else {})
        | {"training": "{{inputs.artifacts.training.path}}"}
        | ({"conclusion": "{{inputs.artifacts.conclusion.path}}"} if compares else {}),
        size=MEDIUM,
        inputs=[starting.workflow(project, _TRAINING), *([ending] if compares else [])],
        parameters_out=["train", *(["conclude"] if compares else [])],
        artifacts_out=["manifest", "summary", "page", *(["ending"] if compares else [])],
    )
    return [step, starting.training(project), *([starting.training(project, starts="conclude")] if compares else [])]


def tasks(project: Project, *, after: str | None = None) -> None:
    """The tasks in the DAG being built, those of monitoring `after` that task."""
    Task(name="monitor", template="monitor", depends=after)
    starting.task(after="monitor")
    if project.learning.gate.guarded_days:
        starting.task(after="monitor", starts="conclude", manifest="ending")
