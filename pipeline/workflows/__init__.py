"""The workflows, one file each, as functions of a project. Only this package imports Hera."""

from hera.workflows import Workflow

from pipeline.project import Project, TableProject
from pipeline.workflows.collect import backfill
from pipeline.workflows.daily import daily
from pipeline.workflows.ingest import ingest, reconcile
from pipeline.workflows.monitor import monitor
from pipeline.workflows.notebooks import nightly, notebooks
from pipeline.workflows.rollback import rollback
from pipeline.workflows.train import train, weekly
from pipeline.workflows.train_table import train as train_table


def workflows_of(project: Project | TableProject) -> list[Workflow]:
    """A project's workflows, by its kind."""
    if isinstance(project, TableProject):
        return [build(project) for build in (ingest, train_table, reconcile, rollback)]
    more = (notebooks, nightly) if project.notebooks else ()
    return [build(project) for build in (backfill, daily, monitor, *more, train, weekly, rollback)]
