"""The engine's middle: a run's state and what happened → the new state and what to do. No clock, no files.

It makes the node tree that Argo's controller makes of the same manifest: the same names, types and phases. Where the
controller looks at the whole tree again and again, this follows from each event only what the event changes, so the
work grows with the number of nodes. What follows is a stack, not a recursion, so a long chain is no deep one.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from pipeline.engine.language.variables import go_json, time_variables
from pipeline.engine.planning.binding import parameters_json
from pipeline.engine.planning.plans import plans
from pipeline.engine.scheduler import batches, dags, exits, retries, steps, suspensions
from pipeline.engine.scheduler.beginning import DEADLINE, begin, exempt
from pipeline.engine.scheduler.dag_ends import fail_fast
from pipeline.engine.scheduler.entering import enter, has_room
from pipeline.engine.scheduler.events import Began, Ended, Event, Locked, Resumed, Running, Stopped, Tick, Waiting
from pipeline.engine.scheduler.locks import ask_for
from pipeline.engine.scheduler.nodes import finish
from pipeline.engine.scheduler.outputs import publish
from pipeline.engine.scheduler.run_ends import conclude, give_up, main_ended
from pipeline.engine.scheduler.state import Batch, Command, Kill, Lock, Node, Run, Start, Verb
from pipeline.engine.spec import Values, Workflow
from pipeline.errors import PipelineError


def new_run(
    run_id: str,
    uid: str,
    workflow: Workflow,
    arguments: Values,
    created_at: float,
    *,
    scheduled_at: float | None = None,
) -> Run:
    """A run that has not begun. `arguments`: every parameter of the workflow, with its value. `scheduled_at`: when its
    schedule wanted it."""
    created = datetime.fromtimestamp(int(created_at), UTC)
    parameters, labels = parameters_json(arguments.parameters), go_json(dict(workflow.labels or {}) or None)
    annotations = go_json(dict(workflow.annotations or {}) or None)
    variables = {
        "workflow.name": run_id,
        "workflow.namespace": workflow.namespace or "default",
        "workflow.uid": uid,
        "workflow.mainEntrypoint": workflow.entrypoint,
        "workflow.serviceAccountName": workflow.service_account,
        "workflow.parameters": parameters,
        "workflow.parameters.json": parameters,
        "workflow.labels": labels,
        "workflow.labels.json": labels,
        "workflow.annotations": annotations,
        "workflow.annotations.json": annotations,
        **time_variables("workflow.creationTimestamp", created),
        **{f"workflow.labels.{key}": value for key, value in (workflow.labels or {}).items()},
        **{f"workflow.annotations.{key}": value for key, value in (workflow.annotations or {}).items()},
        **{f"workflow.parameters.{each.name}": each.value for each in arguments.parameters if each.value is not None},
    }
    if workflow.priority is not None:
        variables["workflow.priority"] = str(workflow.priority)
    if scheduled_at is not None:
        variables["workflow.scheduledTime"] = f"{datetime.fromtimestamp(scheduled_at, UTC):%Y-%m-%dT%H:%M:%SZ}"
    return Run(run_id, workflow, arguments, plans(workflow.templates), variables=variables)


def advance(run: Run, event: Event) -> list[Command]:
    """Take in one event; what is to be done now.

    Raises:
        PipelineError: the event does not fit the run, which then comes from another version of the engine.
    """
    before = run.now
    run.now = max(run.now, event.at)
    if run.started_at is not None:
        run.variables["workflow.duration"] = f"{run.now - run.started_at:f}"
    _HANDLERS[type(event)](run, event) if not isinstance(event, Resumed) else _resumed(run, before)
    _settle(run)
    commands, run.commands = run.commands, []
    return commands


def _settle(run: Run) -> None:
    """Do all that follows, until nothing does."""
    while True:
        while run.todo:
            verb, about = run.todo.pop()
            _VERBS[verb](run, about)
        for name, dag in list(run.tripped.items()):
            fail_fast(run, dag)
            if dag.fulfilled:
                del run.tripped[name]
        if not run.todo and not _make_use_of_room(run):
            return


def _make_use_of_room(run: Run) -> bool:
    for position, (verb, about) in enumerate(run.held_back):
        if has_room(run, _boundary_of(verb, about)):
            del run.held_back[position]
            run.todo.append((verb, about))
            return True
        if not has_room(run, None):
            return False
    return False


def _boundary_of(verb: Verb, about: Batch | Node) -> Node | None:
    """Whose parallelism holds something back, besides the workflow's."""
    if isinstance(about, Batch):
        return about.dag
    return about.boundary if verb == "ended" else None


def _ended(run: Run, node: Node) -> None:
    """Tell a node's owner of its end, once its exit hook has run."""
    if node.exit_of is not None:
        _told(run, node.exit_of)
    elif not exits.begin(run, node):
        _told(run, node)


def _told(run: Run, node: Node) -> None:
    owner = node.owner
    if owner is None:
        conclude(run) if node is run.exit else main_ended(run, node)
    elif owner.fulfilled:
        return
    elif owner.type == "Retry":
        retries.judge(run, owner)
    elif owner.type == "TaskGroup":
        dags.item_ended(run, owner)
    elif owner.type == "StepGroup":
        steps.step_ended(run, owner)
    elif owner.type == "Steps":
        steps.group_ended(run, owner, node)
    else:
        dags.task_ended(run, owner, node.task)


def _began(run: Run, event: Began) -> None:
    if run.workflow.mutexes:
        run.gate = Node("", "", "", "", "Steps", "Pending", None, None)
        ask_for(run, run.gate, run.workflow.mutexes)
    else:
        _enter(run, event.at)


def _enter(run: Run, at: float) -> None:
    run.phase, run.started_at, run.message = "Running", at, ""
    run.variables["workflow.status"] = "Running"
    run.variables["workflow.duration"] = "0.000000"
    run.root = enter(run, run.id, run.workflow.entrypoint, run.arguments, boundary=None, owner=None)


def _leaf(run: Run, name: str) -> Node:
    node = run.live.get(name) or run.suspended.get(name)
    if node is None:
        raise PipelineError(f"the journal of run {run.id} does not fit this engine ({name} is not running); start anew")
    return node


def _running(run: Run, event: Running) -> None:
    node = _leaf(run, event.node)
    node.phase, node.started_at = "Running", event.at
    node.touch()


def _leaf_ended(run: Run, event: Ended) -> None:
    node = _leaf(run, event.node)
    if node.bound is not None and event.outputs is not None:
        publish(run, node.bound, event.outputs)
    if node.condemned:
        outputs = replace(event.outputs, exit_code=None) if event.outputs is not None else None
        finish(run, node, "Failed", node.condemned, outputs)
    else:
        finish(run, node, event.phase, event.message, event.outputs)


def _locked(run: Run, event: Locked) -> None:
    node = run.locking.get(event.node)
    if node is not None and node.lock == "waiting":
        node.lock, node.message = "held", ""
        if node is run.gate:
            _enter(run, event.at)
        else:
            run.todo.append(("begin", node))


def _waiting(run: Run, event: Waiting) -> None:
    node = run.locking.get(event.node)
    if node is run.gate is not None:
        run.message = event.message
    elif node is not None:
        node.message = event.message
        node.touch()


def _tick(run: Run, event: Tick) -> None:
    if run.deadline is not None and not run.deadline_passed and run.deadline <= event.at and not run.over:
        run.deadline_passed = True
        _condemn(run, DEADLINE, lambda node: not node.exiting)
        _wake(run, DEADLINE, lambda node: not node.exiting)
    due = [node for node in run.retrying.values() if node.due_at is not None and node.due_at <= event.at]
    run.todo.extend(("judge", node) for node in reversed(due))
    for node in [each for each in run.suspended.values() if each.due_at is not None and each.due_at <= event.at]:
        suspensions.over(run, node)


def _stopped(run: Run, event: Stopped) -> None:
    if run.over or run.strategy == "Terminate":
        return
    run.strategy = event.strategy
    if run.root is None:
        give_up(run)
        return
    _condemn(run, f"workflow shutdown with strategy:  {event.strategy}", lambda node: not exempt(run, node))
    _wake(run, f"Stopped with strategy '{event.strategy}'", lambda node: not exempt(run, node))


def _condemn(run: Run, message: str, whom: Callable[[Node], bool]) -> None:
    """End all leaves of a kind, what waits for a mutex, and what waits for another attempt."""
    for node in list(run.live.values()):
        if whom(node) and not node.condemned:
            node.condemned = message
            run.commands.append(Kill(node))
    for node in list(run.locking.values()):
        if node.lock == "waiting" and whom(node):
            finish(run, node, "Failed", message)
    run.todo.extend(("judge", node) for node in list(run.retrying.values()) if whom(node))


def _wake(run: Run, message: str, whom: Callable[[Node], bool]) -> None:
    """End pauses."""
    for node in list(run.suspended.values()):
        if whom(node):
            finish(run, node, "Failed", message)


def _resumed(run: Run, before: float) -> None:
    if run.started_at is not None:
        run.paused_seconds += run.now - before
    for node in list(run.live.values()):
        if node.condemned:
            finish(run, node, "Failed", node.condemned)
        else:
            node.phase, node.started_at = "Pending", None
            node.touch()
            run.commands.append(Start(node))
    for node in run.locking.values():
        if node.lock == "waiting":
            run.commands.append(Lock(node, node.mutexes))


_HANDLERS: Final[dict[type, Callable[[Run, Any], None]]] = {
    Began: _began,
    Running: _running,
    Ended: _leaf_ended,
    Locked: _locked,
    Waiting: _waiting,
    Tick: _tick,
    Stopped: _stopped,
}
_VERBS: Final[dict[Verb, Callable[[Run, Any], None]]] = {
    "begin": begin,
    "make": batches.make,
    "ready": lambda run, about: dags.ready(run, *about),
    "group": steps.fill,
    "attempt": retries.attempt,
    "judge": retries.judge,
    "ended": _ended,
}
