"""A run's state, from what the journal has of it. Telling a new scheduler all its events makes the same run again."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from pipeline.engine.execution.journal import Journal, Row
from pipeline.engine.manifest.workflows import from_snapshot
from pipeline.engine.places import folder_of
from pipeline.engine.runs.arguments import arguments_of
from pipeline.engine.scheduler.scheduler import advance, new_run
from pipeline.engine.spec import Workflow


def workflow_of(row: Row) -> Workflow:
    """The workflow of a run, as it was submitted."""
    workflow, given = _as_kept(row["manifests"], row["workflow"]), row["metadata"]
    if not given:
        return workflow
    labels, annotations, namespace = given["labels"], given["annotations"], given["namespace"]
    return replace(workflow, labels=labels, annotations=annotations, namespace=namespace)


@lru_cache(maxsize=8)  # who executes a run looks at its commands first; who follows one looks again and again
def _as_kept(manifests: str, name: str) -> Workflow:
    return from_snapshot(manifests).named(name)


class Replay:
    """A run's state, from its events. `number`: how many there were."""

    def __init__(self, journal: Journal, row: Row) -> None:
        workflow = workflow_of(row)
        arguments, created_at = arguments_of(workflow, row["parameters"]), row["created_at"]
        run_id, uid, scheduled_at = row["id"], row["uid"], row["scheduled_at"]
        self._journal = journal
        self.run = new_run(run_id, uid, workflow, arguments, created_at, scheduled_at=scheduled_at)
        home = Path(row["home"]) if row["home"] is not None else journal.path.parent
        self.folder = folder_of(home, run_id)
        self.number = 0
        self.catch_up()

    def catch_up(self) -> None:
        """Take in the events that have come since."""
        events = self._journal.events(self.run.id, self.number)
        self.number += len(events)
        for event in events:
            if not self.run.over:
                advance(self.run, event)
