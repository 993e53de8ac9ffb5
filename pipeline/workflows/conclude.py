"""`<project>-conclude`: the end of a trial, or of a new champion that is worse than the model before.

The monitor starts it; by hand, without more, it withdraws the challenger that is on trial. What it decides is a
decision like any other, so a late older one cannot undo it.
"""

from hera.workflows import DAG, Parameter, Task, WorkflowTemplate

from pipeline.project import Project, TableProject
from pipeline.workflows import release
from pipeline.workflows.leaf import DATABASE, leaf
from pipeline.workflows.shape import BY_HAND, DECLARATION, RUN, arguments, passed, template

GIVEN = {"decision": "0", "share": "0", "verdict": "withdraw", "why": "by hand"}


def conclude(project: Project | TableProject) -> WorkflowTemplate:
    """conclude (decides) → release."""
    step = leaf(
        project.name,
        "conclude",
        DECLARATION | RUN | passed("by", *GIVEN),
        settings=[DATABASE],
        parameters_out=["needed", "decision"],
    )
    with DAG(name="conclude-and-release") as dag:
        Task(name="conclude", template="conclude")
        Task(
            name="release",
            template="release",
            depends="conclude",
            when="{{tasks.conclude.outputs.parameters.needed}} == true",
            arguments=[Parameter(name="decision", value="{{tasks.conclude.outputs.parameters.decision}}")],
        )
    return template(
        project,
        "conclude",
        hours=1,
        entrypoint="conclude-and-release",
        on_exit=release.EXIT_HANDLER,
        arguments=arguments(project, BY_HAND | GIVEN),
        templates=[step, *release.templates(project, "conclude"), dag],
    )
