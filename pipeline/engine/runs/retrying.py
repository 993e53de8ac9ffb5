"""Retrying a run in place, as `argo retry` does: what failed, and all that came after it, begins again.

The journal forgets what happened to those nodes, as the controller deletes them from the workflow's status: the events
that are left make a run in which they have not begun. Which nodes these are follows the controller's rules
(`FormulateRetryWorkflow`), but that a pause which was stopped waits again, and that a daemon runs again for what begins
again beside it, as when a run is resumed.
https://argo-workflows.readthedocs.io/en/latest/cli/argo_retry/
"""

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from pipeline.engine.execution.journal import Journal, Row
from pipeline.engine.runs.arguments import arguments_of
from pipeline.engine.runs.replay import workflow_of
from pipeline.engine.scheduler.events import (
    Began,
    Ended,
    Event,
    Locked,
    Ready,
    Recalled,
    Retried,
    Running,
    Stopped,
    Tick,
    Waiting,
)
from pipeline.engine.scheduler.scheduler import advance, new_run
from pipeline.engine.scheduler.state import BROKEN, Run
from pipeline.engine.views.naming import attempts
from pipeline.engine.views.nodes import NodeView
from pipeline.engine.views.viewing import from_tree
from pipeline.engine.views.views import Nodes
from pipeline.errors import UserError

_GROUPS: Final = ("TaskGroup", "StepGroup")
_LEAVES: Final = ("Pod", "HTTP", "Container")


def retry(
    journal: Journal,
    run_id: str,
    *,
    chosen: Callable[[NodeView], bool] | None = None,
    parameters: Mapping[str, str] | None = None,
) -> None:
    """Make a run that has failed one that goes on, under the same name; whoever calls this has it executed.

    `chosen`: nodes that begin again although they succeeded, with all that came after them. `parameters`: instead of
    its own; then a fan-out or group of steps of which a part begins again does so as a whole.

    Raises:
        UserError: there is no such run, it is not over, it succeeded and no node is chosen, or nothing of it failed.
    """
    row = journal.row(run_id)
    if row["finished_at"] is None:
        raise UserError(f"cannot retry {run_id}: it is {row['phase']}; wait for its end or stop it")
    if row["phase"] == "Succeeded" and chosen is None:
        raise UserError(f"cannot retry {run_id}: it succeeded; say which nodes begin again (restartSuccessful and a "
                        "nodeFieldSelector)")  # fmt: skip
    given = {**row["parameters"], **(parameters or {})}
    nodes = from_tree(row).nodes
    again = _again(nodes, chosen or (lambda _: False), whole_groups=bool(parameters))
    kept = _kept(journal, row, given, again, told={node.name for node in nodes if node.phase == "Succeeded"})
    at = time.time()
    journal.begin_again(run_id, [*kept, Retried(at)], given, at)


def _again(nodes: Nodes, chosen: Callable[[NodeView], bool], *, whole_groups: bool) -> set[str]:
    """The names of the nodes that begin again."""
    by_id, tried = {node.id: node for node in nodes}, attempts(nodes)
    first = {node.id for node in nodes if chosen(node)}
    failed = {
        node.id
        for node in nodes
        if node.type in _LEAVES and node.phase in BROKEN and not _led_on(tried.get(node.id, node), by_id, first)
    }
    pods = {by_id[id].boundary or "" for id in failed if by_id[id].type == "Container"}
    paused = {node.id for node in nodes if node.type == "Suspend" and node.phase in BROKEN}
    again = _below(first | failed | pods | paused, by_id)
    if whole_groups:
        groups = (node for node in nodes if node.type in _GROUPS and again & set(node.children))
        again |= _below({child for group in groups for child in group.children}, by_id)
    return {by_id[id].name for id in again}


def _led_on(node: NodeView, by_id: Mapping[str, NodeView], first: set[str]) -> bool:
    """Whether anything after a node succeeded, and stays: then its failure was dealt with."""
    return any(by_id[id].phase == "Succeeded" and id not in first for id in _below(node.children, by_id))


def _below(ids: Iterable[str], by_id: Mapping[str, NodeView]) -> set[str]:
    found: set[str] = set()
    todo = [id for id in ids if id in by_id]
    while todo:
        each = todo.pop()
        if each not in found:
            found.add(each)
            todo.extend(child for child in by_id[each].children if child in by_id)
    return found


def _kept(
    journal: Journal, row: Row, parameters: Mapping[str, str], again: set[str], *, told: Collection[str]
) -> list[Event]:
    """The events of a run in which the nodes `again` have not begun. `told`: daemons that ended as they were told to.

    Raises:
        UserError: nothing is left to be done in it.
    """
    workflow = workflow_of(row)
    run = new_run(
        row["id"], row["uid"], workflow, arguments_of(workflow, parameters), row["created_at"],
        scheduled_at=row["scheduled_at"],
    )  # fmt: skip
    exiting = f"{run.id}.onExit"
    kept: list[Event] = []
    for event in journal.events(run.id):
        if not run.over and _fits(run, event, again, exiting) and not _runs_on(run, event, told):
            advance(run, event)
            kept.append(event)
    if run.over or not kept:
        raise UserError(f"cannot retry {run.id}: nothing of it failed that could begin again; run it anew")
    return kept


def _fits(run: Run, event: Event, again: set[str], exiting: str) -> bool:
    """Whether something that happened belongs to what is kept."""
    if isinstance(event, Stopped | Retried):
        return False
    if isinstance(event, Tick):
        return _ticks(run, event, again)
    if isinstance(event, Running | Ready | Ended):
        lives = any(
            event.node in those for those in (run.live, run.suspended, run.daemons, run.retired, run.containers)
        )
        return lives and event.node not in again and not event.node.startswith(exiting)
    if isinstance(event, Locked | Waiting):
        return event.node in run.locking and event.node not in again
    if isinstance(event, Recalled):
        return event.node in run.recalling and event.node not in again
    return isinstance(event, Began) or run.started_at is not None


def _runs_on(run: Run, event: Event, told: Collection[str]) -> bool:
    """Whether a daemon ended because of what begins again now: then it has not ended."""
    return isinstance(event, Ended) and event.node in run.daemons and event.node in told


def _ticks(run: Run, event: Tick, again: set[str]) -> bool:
    """Whether a tick is for what is kept: not for the run's deadline, and for no node that begins again."""
    if run.deadline is not None and run.deadline <= event.at:
        return False
    waiting = (*run.retrying.values(), *run.suspended.values())
    due = [node.name for node in waiting if node.due_at is not None and node.due_at <= event.at]
    return bool(due) and not again.intersection(due)
