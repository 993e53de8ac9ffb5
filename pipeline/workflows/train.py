"""`<project>-train`: snapshot → trials of every model family side by side → decide → release, if promoted.

Started by drift, by hand, and every week by `<project>-train-weekly`.
"""

from hera.workflows import DAG, CronWorkflow, Parameter, Task, WorkflowTemplate
from hera.workflows.models import WorkflowTemplateRef

from pipeline.project import Project
from pipeline.workflows import learning, release
from pipeline.workflows.leaf import LARGE, leaf
from pipeline.workflows.shape import BY_HAND, DECLARATION, SELECTION, arguments, cron, passed, selection, template


def train(project: Project) -> WorkflowTemplate:
    """The whole search."""
    steps = [
        leaf(
            project.name,
            "snapshot",
            DECLARATION | SELECTION | passed("workers"),
            size=LARGE,
            parameters_out=["dataset", "workers"],
            artifacts_out=["summary"],
        ),
        *learning.templates(project),
    ]
    with DAG(name="train") as dag:
        Task(name="snapshot", template="snapshot")
        learning.tasks(project, after="snapshot")
    return template(
        project,
        "train",
        hours=12,
        entrypoint="train",
        on_exit=release.EXIT_HANDLER,
        arguments=arguments(project, selection(project) | {"workers": "4"} | BY_HAND),
        templates=[*steps, *release.templates(project, "train"), dag],
    )


def weekly(project: Project) -> CronWorkflow:
    """`<project>-train-weekly`: the same workflow on a schedule."""
    return cron(
        project,
        "train-weekly",
        project.schedule.weekly,
        project.schedule,
        hours=12,
        workflow_template_ref=WorkflowTemplateRef(name=f"{project.name}-train"),
        arguments=[
            Parameter(name="as-of", value="{{workflow.scheduledTime}}"),
            Parameter(name="by", value="schedule"),
        ],
    )
