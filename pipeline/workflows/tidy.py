"""`<project>-tidy`: what nothing live, restorable or under way needs leaves the store; see `steps.tidy`.

Started by `<project>-tidy-weekly`, and by hand. It only shows what may go unless `remove` is yes, by the declaration or
by hand. The step has an access of its own to the object store: of what cannot be made or fetched again it may delete
nothing.
"""

from hera.workflows import CronWorkflow, SecretEnvFrom, WorkflowTemplate
from hera.workflows.models import WorkflowTemplateRef

from pipeline.project import Project, TableProject
from pipeline.workflows import recording
from pipeline.workflows.leaf import DATABASE, MEDIUM, TRACKING, leaf
from pipeline.workflows.shape import DECLARATION, arguments, cron, passed, template

_TIDIER = SecretEnvFrom(name="object-store-tidier")


def tidy(project: Project | TableProject) -> WorkflowTemplate:
    """The workflow. `days`: nothing younger goes; `remove`: yes or no."""
    step = leaf(
        project.name,
        "tidy",
        DECLARATION | passed("days", "remove"),
        size=MEDIUM,
        settings=[_TIDIER, DATABASE, TRACKING],
    )
    tidying = project.tidying
    return template(
        project,
        "tidy",
        hours=2,
        entrypoint="tidy",
        on_exit=recording.EXIT_HANDLER,
        arguments=arguments(project, {"days": str(tidying.days), "remove": "yes" if tidying.remove else "no"}),
        templates=[step, recording.record(project, "tidy")],
    )


def weekly(project: Project | TableProject) -> CronWorkflow:
    """`<project>-tidy-weekly`: the same workflow on a schedule."""
    return cron(
        project,
        "tidy-weekly",
        project.tidying.schedule,
        project.tidying,
        hours=2,
        workflow_template_ref=WorkflowTemplateRef(name=f"{project.name}-tidy"),
    )
