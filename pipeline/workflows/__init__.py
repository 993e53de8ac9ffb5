"""The workflows, one file each, as functions of a project. Only this package imports Hera."""

from hera.workflows import Container, Workflow

from pipeline.images import SERVING, STEPS
from pipeline.project import Project, TableProject
from pipeline.workflows.collect import backfill
from pipeline.workflows.conclude import conclude
from pipeline.workflows.daily import daily
from pipeline.workflows.features import features
from pipeline.workflows.features import nightly as features_nightly
from pipeline.workflows.ingest import ingest, reconcile, review
from pipeline.workflows.monitor import monitor
from pipeline.workflows.monitor import nightly as monitor_nightly
from pipeline.workflows.notebooks import nightly, notebooks
from pipeline.workflows.rollback import rollback
from pipeline.workflows.tidy import tidy
from pipeline.workflows.tidy import weekly as tidy_weekly
from pipeline.workflows.train import train, weekly
from pipeline.workflows.train_table import train as train_table


def workflows_of(project: Project | TableProject) -> list[Workflow]:
    """A project's workflows, by its kind, in its own images where it has some."""
    found = _workflows(project)
    if project.images.steps or project.images.serving:
        own = {STEPS: project.images.steps_image, SERVING: project.images.serving_image}
        for container in (each for workflow in found for each in workflow.templates if isinstance(each, Container)):
            container.image = own.get(str(container.image), container.image)
            container.args = [own.get(str(word), word) for word in container.args or []]
    return found


def _workflows(project: Project | TableProject) -> list[Workflow]:
    ending = [*([conclude(project)] if project.learning.gate.guarded_days else []), tidy(project), tidy_weekly(project)]
    if isinstance(project, TableProject):
        made = [
            build(project) for build in (ingest, review, train_table, monitor, monitor_nightly, reconcile, rollback)
        ]
        return [*made, *ending]
    more = (notebooks, nightly) if project.notebooks else ()
    return [
        *(
            build(project)
            for build in (backfill, daily, monitor, features, features_nightly, *more, train, weekly, rollback)
        ),
        *ending,
    ]
