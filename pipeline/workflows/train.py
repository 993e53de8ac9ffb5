"""`<project>-train`: snapshot → trials of every model family side by side → decide → release, if it is promoted.

Started by an accepted file, by drift, by hand, and every week by `<project>-train-weekly`.
"""

from hera.workflows import DAG, CronWorkflow, Parameter, Task, WorkflowTemplate
from hera.workflows.models import WorkflowTemplateRef

from pipeline.project import Project
from pipeline.workflows import release
from pipeline.workflows.leaf import DATABASE, LARGE, OBJECT_STORE, TRACKING, leaf
from pipeline.workflows.shape import DECLARATION, SELECTION, arguments, cron, template


def train(project: Project) -> WorkflowTemplate:
    """The whole search. Trials join by the lake, not by their outputs, which a fan-out with failures would shift."""
    created = {"created": "{{workflow.creationTimestamp.RFC3339}}"}
    dataset_in = {"dataset": "{{inputs.parameters.dataset}}"}
    dataset = Parameter(name="dataset")
    steps = [
        leaf(
            project.name,
            "snapshot",
            DECLARATION | SELECTION | {"workers": "{{workflow.parameters.workers}}"},
            size=LARGE,
            parameters_out=["dataset", "workers"],
            artifacts_out=["summary"],
        ),
        leaf(
            project.name,
            "trial",
            DECLARATION
            | dataset_in
            | {name: f"{{{{inputs.parameters.{name}}}}}" for name in ("family", "worker", "workers")},
            size=LARGE,
            settings=[OBJECT_STORE],
            inputs=[dataset, *(Parameter(name=name) for name in ("family", "worker", "workers"))],
        ),
        leaf(
            project.name,
            "decide",
            DECLARATION | dataset_in | created,
            size=LARGE,
            settings=[OBJECT_STORE, DATABASE, TRACKING],
            inputs=[dataset],
            parameters_out=["decision", "promoted"],
            artifacts_out=["page", "summary"],
        ),
    ]
    with DAG(name="train") as dag:
        _tasks(project)
    return template(
        project,
        "train",
        hours=12,
        entrypoint="train",
        on_exit=release.EXIT_HANDLER,
        arguments=arguments(project, {"workers": "4"}),
        templates=[*steps, *release.templates(project), dag],
    )


def _tasks(project: Project) -> None:
    dataset = Parameter(name="dataset", value="{{tasks.snapshot.outputs.parameters.dataset}}")
    workers = "{{tasks.snapshot.outputs.parameters.workers}}"
    Task(name="snapshot", template="snapshot")
    fan_outs = [f"trials-{family.name}" for family in project.learning.families]
    for family, fan_out in zip(project.learning.families, fan_outs, strict=True):
        Task(
            name=fan_out,
            template="trial",
            depends="snapshot",
            with_param=workers,
            arguments=[
                dataset,
                Parameter(name="family", value=family.name),
                Parameter(name="worker", value="{{item}}"),
                Parameter(name="workers", value=workers),
            ],
        )
    Task(name="decide", template="decide", depends=" && ".join(fan_outs), arguments=[dataset])
    Task(
        name="release",
        template="release",
        depends="decide",
        when="{{tasks.decide.outputs.parameters.promoted}} == true",
        arguments=[Parameter(name="decision", value="{{tasks.decide.outputs.parameters.decision}}")],
    )


def weekly(project: Project) -> CronWorkflow:
    """`<project>-train-weekly`: the same workflow, by the clock."""
    return cron(
        project,
        "train-weekly",
        project.schedule.weekly,
        hours=12,
        workflow_template_ref=WorkflowTemplateRef(name=f"{project.name}-train"),
        arguments=[Parameter(name="as-of", value="{{workflow.scheduledTime}}")],
    )
