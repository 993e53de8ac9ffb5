"""`<project>-rollback`: the way back. A rollback is a decision like any other, so a late older one cannot undo it."""

from hera.workflows import DAG, Parameter, Task, WorkflowTemplate

from pipeline.project import Project, TableProject
from pipeline.workflows import release
from pipeline.workflows.leaf import DATABASE, leaf
from pipeline.workflows.shape import BY_HAND, DECLARATION, RUN, arguments, passed, template


def rollback(project: Project | TableProject) -> WorkflowTemplate:
    """rollback (decides for the version that was live before, or for `to`; keeps `why` and `by`) → release."""
    step = leaf(
        project.name,
        "rollback",
        DECLARATION | RUN | passed("by", "why", "to"),
        settings=[DATABASE],
        parameters_out=["decision"],
    )
    with DAG(name="rollback-and-release") as dag:
        Task(name="rollback", template="rollback")
        decision = Parameter(name="decision", value="{{tasks.rollback.outputs.parameters.decision}}")
        Task(name="release", template="release", depends="rollback", arguments=[decision])
    return template(
        project,
        "rollback",
        hours=1,
        entrypoint="rollback-and-release",
        on_exit=release.EXIT_HANDLER,
        arguments=arguments(project, BY_HAND | {"why": "", "to": ""}),
        templates=[step, *release.templates(project, "rollback"), dag],
    )
