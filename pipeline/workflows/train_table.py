"""`<project>-train` of a table: merge → trials of every model family → decide → release, if promoted.

Started by the ingestion that brought rows, and by hand. One at a time for a project: a later one learns from `merge`
that the newest state is decided already, and ends.
"""

from hera.workflows import DAG, Task, WorkflowTemplate
from hera.workflows.models import Mutex, Synchronization

from pipeline.project import TableProject
from pipeline.workflows import learning, release
from pipeline.workflows.leaf import LARGE, leaf
from pipeline.workflows.shape import BY_HAND, CREATED, DECLARATION, RUN, arguments, passed, template


def train(project: TableProject) -> WorkflowTemplate:
    """merge makes the dataset from the whole history, and claims its training."""
    merge = leaf(
        project.name,
        "merge",
        DECLARATION | RUN | CREATED | passed("workers"),
        size=LARGE,
        parameters_out=["dataset", "workers", "wanted"],
        artifacts_out=["summary"],
    )
    with DAG(name="train") as dag:
        Task(name="merge", template="merge")
        learning.tasks(project, after="merge", wanted="{{tasks.merge.outputs.parameters.wanted}} == true")
    return template(
        project,
        "train",
        hours=12,
        entrypoint="train",
        on_exit=release.EXIT_HANDLER,
        synchronization=Synchronization(mutexes=[Mutex(name=f"{project.name}-train")]),
        arguments=arguments(project, {"workers": "4"} | BY_HAND),
        templates=[merge, *learning.templates(project), *release.templates(project, "train"), dag],
    )
