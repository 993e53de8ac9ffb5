"""What may go: objects that nothing live, restorable or under way needs, and that were not written for a while.

Contract. `found` looks and changes nothing; `remove` deletes one set of objects, the one first that says that the
others are whole. So what a kill leaves of a set is work that was interrupted, as after a crash, and the next `found`
finds it. What cannot be computed or fetched again never goes: the history's rows, the accepted raw files, dropped
files, decisions, the database. Nor does what a model needs that is live, on trial, or may be put back by a rollback.

Both may be called while workflows are under way, as long as `before` is a day or more ago: what a run goes on from is
young (`Bucket.use`), and a set that was written to since it was found stays. What waits for longer than a day to be
resumed may find its work undone, and does it again.
"""

from collections.abc import Collection
from datetime import datetime
from functools import partial

from steps.backends.database import transact
from steps.backends.retention import artifacts, lake
from steps.backends.retention.sets import Kind, Needs, Set

__all__ = ["Kind", "Set", "found", "remove"]


def found(projects: Collection[str], before: datetime) -> list[Kind]:
    """What may go of all that was last written before that time, by kind."""
    needs = {project: transact(partial(Needs.of, project=project)) for project in projects}
    return [kind for kind in (*lake.kinds(needs, before), *artifacts.kinds(needs, before)) if kind.sets]


def remove(one: Set) -> None:
    """Delete the set, if it is as it was found."""
    first, *others = one.objects
    if one.bucket.look(first.key) != first:
        return
    if one.model is not None:
        from steps.backends.tracking import Tracking  # noqa: PLC0415 - MLflow is slow to import

        project, version = one.model
        Tracking(project).forget(version)
    for each in one.objects:
        one.bucket.delete(each.key)
    if others and one.bucket.exists(first.key):  # somebody made it again meanwhile, and some of theirs may be gone now
        one.bucket.delete(first.key)
