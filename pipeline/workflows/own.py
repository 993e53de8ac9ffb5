"""The extra steps of a project: what its declaration names runs at the points that it says (`steps.extra`).

What comes after such a point waits for them and does not happen if one fails: publish after prepare, release after
decide. The training that a file starts does not wait; the file is in the history by then.
"""

from hera.workflows import Artifact, Container, SecretEnvFrom, Task

from pipeline.project import Extra, Point, Project, TableProject
from pipeline.workflows.leaf import DATABASE, MEDIUM, OBJECT_STORE, leaf
from pipeline.workflows.shape import DECLARATION, RUN

_SUMMARY = Artifact(name="summary", path="/work/in/summary.json")


def templates(project: Project | TableProject, *points: Point) -> list[Container]:
    """Those steps at these points."""
    return [
        leaf(
            project.name,
            _node(extra),
            DECLARATION | RUN | _said(extra),
            module="extra",
            size=MEDIUM,
            settings=[OBJECT_STORE, DATABASE, *([SecretEnvFrom(name=extra.secret)] if extra.secret else [])],
            inputs=[_SUMMARY],
        )
        for extra in project.extras
        if extra.after in points
    ]


def tasks(project: Project | TableProject, point: Point, *, summary: str = "") -> list[str]:
    """Their tasks at a point in the DAG being built; the names. `summary`: the task that left the summary, where it is
    not that one."""
    chosen = [extra for extra in project.extras if extra.after == point]
    for extra in chosen:
        told = Artifact(name="summary", from_=f"{{{{tasks.{summary or point}.outputs.artifacts.summary}}}}")
        Task(name=_node(extra), template=_node(extra), depends=f"{point}.Succeeded", arguments=[told])
    return [_node(extra) for extra in chosen]


def _node(extra: Extra) -> str:
    return f"own-{extra.name}"


def _said(extra: Extra) -> dict[str, str]:
    return {"name": extra.name, "function": extra.run, "summary": "{{inputs.artifacts.summary.path}}"}
