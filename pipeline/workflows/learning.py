"""What every training does with a dataset: trials × workers for each model family, decide, release.

Trials hand over their results in the lake, not as outputs, which a fan-out with failures would shift.
"""

from hera.workflows import Container, Parameter, Task

from pipeline.project import Project, TableProject
from pipeline.workflows import own
from pipeline.workflows.leaf import DATABASE, LARGE, OBJECT_STORE, TRACKING, leaf
from pipeline.workflows.shape import BY, CREATED, DECLARATION, RUN

_DATASET = {"dataset": "{{inputs.parameters.dataset}}"}
_WORK = ("family", "worker", "workers")


def templates(project: Project | TableProject) -> list[Container]:
    """The two steps, and what the project adds to them."""
    dataset = Parameter(name="dataset")
    return [
        leaf(
            project.name,
            "trial",
            DECLARATION | _DATASET | {name: f"{{{{inputs.parameters.{name}}}}}" for name in _WORK},
            size=LARGE,
            settings=[OBJECT_STORE],
            inputs=[dataset, *(Parameter(name=name) for name in _WORK)],
        ),
        leaf(
            project.name,
            "decide",
            DECLARATION | _DATASET | CREATED | RUN | BY,
            size=LARGE,
            settings=[OBJECT_STORE, DATABASE, TRACKING],
            inputs=[dataset],
            parameters_out=["decision", "promoted"],
            artifacts_out=["page", "summary"],
        ),
        *own.templates(project, "decide", "release"),
    ]


def tasks(project: Project | TableProject, *, after: str, wanted: str | None = None) -> None:
    """The tasks that follow the task `after`, which outputs dataset and workers, in the DAG being built. `wanted`: the
    condition under which there is something to learn; otherwise decide is skipped, and so is release.
    """
    dataset = Parameter(name="dataset", value=f"{{{{tasks.{after}.outputs.parameters.dataset}}}}")
    workers = f"{{{{tasks.{after}.outputs.parameters.workers}}}}"
    fan_outs = [f"trials-{family.name}" for family in project.learning.families]
    for family, fan_out in zip(project.learning.families, fan_outs, strict=True):
        Task(
            name=fan_out,
            template="trial",
            depends=after,
            when=wanted,
            with_param=workers,
            arguments=[
                dataset,
                Parameter(name="family", value=family.name),
                Parameter(name="worker", value="{{item}}"),
                Parameter(name="workers", value=workers),
            ],
        )
    Task(name="decide", template="decide", depends=" && ".join(fan_outs), when=wanted, arguments=[dataset])
    decided = ["decide" if wanted is None else "decide.Succeeded", *own.tasks(project, "decide")]
    Task(
        name="release",
        template="release",
        depends=" && ".join(decided),
        when="{{tasks.decide.outputs.parameters.promoted}} == true",
        arguments=[Parameter(name="decision", value="{{tasks.decide.outputs.parameters.decision}}")],
    )
    own.tasks(project, "release", summary="decide")
