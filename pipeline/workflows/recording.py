"""Records in the warehouse how a run ended: the step of an exit handler, which always runs."""

from hera.workflows import Container

from pipeline.project import Project, TableProject
from pipeline.workflows.leaf import DATABASE, leaf
from pipeline.workflows.shape import CREATED, DECLARATION, RUN, passed

EXIT_HANDLER = "record"


def record(project: Project | TableProject, workflow: str) -> Container:
    """The step. A table's workflow, a rollback and a tidying have no logical time except their creation."""
    as_of = passed("as-of") if isinstance(project, Project) and workflow not in ("conclude", "rollback", "tidy") else {}
    ended = {"status": "{{workflow.status}}", "failures": "{{workflow.failures}}"}
    return leaf(
        project.name,
        EXIT_HANDLER,
        DECLARATION | {"workflow": workflow} | RUN | as_of | CREATED | ended,
        settings=[DATABASE],
    )
