"""Collecting data: plan → fetch × workers → prepare. `openaq-backfill` is only this; `openaq-daily` goes on to publish.

The items of the fan-out are worker numbers, never names; what a worker does is in the plan, an artifact.
"""

from hera.workflows import DAG, Artifact, Container, Parameter, Task, WorkflowTemplate

from pipeline.project import Project
from pipeline.workflows import own, recording
from pipeline.workflows.leaf import COLLECTING, DATABASE, LARGE, OBJECT_STORE, OPENAQ, leaf
from pipeline.workflows.shape import CREATED, DECLARATION, SELECTION, arguments, passed, selection, template

PLAN = Artifact(name="plan", path="/work/in/plan.json")


def templates(project: Project) -> list[Container]:
    """The three steps, and what the project adds to them."""
    plan_in = {"plan": "{{inputs.artifacts.plan.path}}"}
    return [
        leaf(
            project.name,
            "plan",
            DECLARATION | SELECTION | passed("source", "from", "to", "workers"),
            size=COLLECTING,
            settings=[OBJECT_STORE, DATABASE, OPENAQ],
            parameters_out=["workers"],
            artifacts_out=["plan"],
        ),
        leaf(
            project.name,
            "fetch",
            DECLARATION
            | plan_in
            | {"worker": "{{inputs.parameters.worker}}", "workers": "{{inputs.parameters.workers}}"},
            settings=[OBJECT_STORE],
            inputs=[PLAN, Parameter(name="worker"), Parameter(name="workers")],
        ),
        leaf(
            project.name,
            "prepare",
            DECLARATION | plan_in | CREATED,
            size=LARGE,
            inputs=[PLAN],
            artifacts_out=["report", "summary"],
        ),
        *own.templates(project, "prepare"),
    ]


def arguments_for(project: Project, *, as_of: str = "") -> list[Parameter]:
    """The parameters of a workflow that collects. If `from` and `to` (days) are empty: the last days, as declared."""
    more = {"source": project.source, "from": "", "to": "", "workers": "4"}
    return arguments(project, selection(project, as_of=as_of) | more)


def tasks(project: Project) -> list[str]:
    """plan → fetch × workers → prepare, in the DAG being built; the tasks that end it. With nothing to fetch, only the
    fan-out is skipped."""
    workers = "{{tasks.plan.outputs.parameters.workers}}"
    plan = Artifact(name="plan", from_="{{tasks.plan.outputs.artifacts.plan}}")
    Task(name="plan", template="plan")
    Task(
        name="fetch",
        template="fetch",
        depends="plan",
        with_param=workers,
        arguments=[plan, Parameter(name="worker", value="{{item}}"), Parameter(name="workers", value=workers)],
    )
    Task(name="prepare", template="prepare", depends="fetch", arguments=[plan])
    return ["prepare", *own.tasks(project, "prepare")]


def backfill(project: Project) -> WorkflowTemplate:
    """`<project>-backfill`: a range of days, by hand."""
    with DAG(name="backfill") as dag:
        tasks(project)
    return template(
        project,
        "backfill",
        hours=12,
        entrypoint="backfill",
        on_exit=recording.EXIT_HANDLER,
        arguments=arguments_for(project),
        templates=[*templates(project), recording.record(project, "backfill"), dag],
    )
