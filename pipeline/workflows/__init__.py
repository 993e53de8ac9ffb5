"""The workflows, one file each, as functions of a Project. The only package that imports Hera."""

from collections.abc import Callable

from hera.workflows import Workflow

from pipeline.project import Project
from pipeline.workflows.collect import backfill
from pipeline.workflows.daily import daily
from pipeline.workflows.rollback import rollback
from pipeline.workflows.train import train, weekly

WORKFLOWS: tuple[Callable[[Project], Workflow], ...] = (backfill, daily, train, weekly, rollback)
