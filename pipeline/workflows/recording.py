"""Records in the warehouse how a run ended: the step of an exit handler, which always runs."""

from hera.workflows import Container

from pipeline.project import Project, TableProject
from pipeline.workflows.leaf import DATABASE, leaf
from pipeline.workflows.shape import CREATED, DECLARATION, RUN

EXIT_HANDLER = "record"


def record(project: Project | TableProject, workflow: str) -> Container:
    """The step. A table's workflow has no logical time except its creation."""
    as_of = {"as-of": "{{workflow.parameters.as-of}}"} if _has_as_of(project, workflow) else {}
    ended = {"status": "{{workflow.status}}", "failures": "{{workflow.failures}}"}
    return leaf(
        project.name,
        EXIT_HANDLER,
        DECLARATION | {"workflow": workflow} | RUN | as_of | CREATED | ended,
        settings=[DATABASE],
    )


def _has_as_of(project: Project | TableProject, workflow: str) -> bool:
    return isinstance(project, Project) and workflow != "rollback"
