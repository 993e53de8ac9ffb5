"""`<project>-features`: flatten → apply. Others read the features by Feast: a view over the lake, never the truth.

Started every night after the daily run by `<project>-features-nightly`, and by hand. The second step has an image of
its own, with Feast in it.
"""

from hera.workflows import DAG, Artifact, CronWorkflow, Task, WorkflowTemplate
from hera.workflows.models import Parameter, WorkflowTemplateRef

from pipeline.images import FEATURES
from pipeline.project import Project
from pipeline.workflows import recording
from pipeline.workflows.leaf import FEATURES_STORE, LARGE, OBJECT_STORE, leaf
from pipeline.workflows.shape import DECLARATION, SELECTION, arguments, cron, passed, selection, template

_DEFINITIONS = Artifact(name="definitions", path="/work/in/definitions.json")


def features(project: Project) -> WorkflowTemplate:
    """The workflow. `hours`: how old a row may be to be found for a time."""
    with DAG(name="features") as dag:
        Task(name="flatten", template="flatten")
        laid_out = Artifact(name="definitions", from_="{{tasks.flatten.outputs.artifacts.definitions}}")
        Task(name="apply", template="apply", depends="flatten", arguments=[laid_out])
    flatten = leaf(
        project.name,
        "flatten",
        DECLARATION | SELECTION | passed("hours"),
        module="featurestore.flatten",
        size=LARGE,
        artifacts_out=["definitions"],
    )
    apply = leaf(
        project.name,
        "apply",
        {"definitions": "{{inputs.artifacts.definitions.path}}"},
        module="featurestore.apply",
        image=FEATURES,
        size=LARGE,
        settings=[OBJECT_STORE, FEATURES_STORE],
        inputs=[_DEFINITIONS],
    )
    return template(
        project,
        "features",
        hours=2,
        entrypoint="features",
        on_exit=recording.EXIT_HANDLER,
        arguments=arguments(project, selection(project) | {"hours": str(project.features_hours)}),
        templates=[flatten, apply, recording.record(project, "features"), dag],
    )


def nightly(project: Project) -> CronWorkflow:
    """`<project>-features-nightly`: the same workflow on a schedule."""
    return cron(
        project,
        "features-nightly",
        project.schedule.features,
        project.schedule,
        hours=2,
        workflow_template_ref=WorkflowTemplateRef(name=f"{project.name}-features"),
        arguments=[Parameter(name="as-of", value="{{workflow.scheduledTime}}")],
    )
