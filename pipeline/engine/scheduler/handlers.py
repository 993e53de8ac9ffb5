"""What each event changes first; `scheduler` then does all that follows."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from pipeline.engine.scheduler import suspensions
from pipeline.engine.scheduler.beginning import DEADLINE, exempt
from pipeline.engine.scheduler.entering import enter
from pipeline.engine.scheduler.events import (
    Answered,
    Began,
    Continued,
    Ended,
    Event,
    Locked,
    Outputs,
    Ready,
    Recalled,
    Resumed,
    Retried,
    Running,
    Stopped,
    Suspended,
    Tick,
    Waiting,
)
from pipeline.engine.scheduler.locks import ask_for
from pipeline.engine.scheduler.nodes import finish
from pipeline.engine.scheduler.outputs import publish
from pipeline.engine.scheduler.pods import containers, daemons
from pipeline.engine.scheduler.run_ends import give_up
from pipeline.engine.scheduler.state import Kill, Lock, Node, Position, Recall, Run
from pipeline.errors import PipelineError


def handle(run: Run, event: Event) -> None:
    """Take in one event.

    Raises:
        PipelineError: it does not fit the run.
    """
    if isinstance(event, Resumed) and run.started_at is not None:
        run.paused_seconds += max(event.at - run.now, 0.0)
    run.now = max(run.now, event.at)
    if run.started_at is not None:
        run.variables["workflow.duration"] = f"{run.now - run.started_at:f}"
    _HANDLERS[type(event)](run, event)


def _began(run: Run, event: Began) -> None:
    if run.workflow.mutexes:
        run.gate = Node("", "", "", "", "Steps", "Pending")
        ask_for(run, run.gate, run.workflow.mutexes)
    else:
        _enter(run, event.at)


def _enter(run: Run, at: float) -> None:
    run.phase, run.started_at, run.message = "Running", at, ""
    run.variables["workflow.status"] = "Running"
    run.variables["workflow.duration"] = "0.000000"
    if not run.halted:
        _enter_root(run)


def _enter_root(run: Run) -> None:
    run.root = enter(run, run.id, run.workflow.entrypoint, run.arguments, Position())


def _leaf(run: Run, name: str) -> Node:
    node = run.live.get(name) or run.suspended.get(name) or run.daemons.get(name)
    if node is None:
        raise PipelineError(f"the journal of run {run.id} does not fit this engine ({name} is not running); start anew")
    return node


def _running(run: Run, event: Running) -> None:
    if event.node in run.containers:
        containers.running(run, event.node)
        return
    if event.node in run.retired:
        return
    node = _leaf(run, event.node)
    if node.bound is None or not node.bound.daemon:
        node.phase, node.started_at = "Running", event.at
        node.touch()


def _ready(run: Run, event: Ready) -> None:
    if event.node not in run.retired:
        daemons.ready(run, _leaf(run, event.node))


def _ended(run: Run, event: Ended) -> None:
    if event.node in run.containers:
        containers.ended(run, event.node, event.phase, event.message)
        return
    if event.node in run.retired:
        daemons.gone(run, run.retired[event.node])
        return
    node = _leaf(run, event.node)
    is_daemon = node.bound is not None and node.bound.daemon
    if node.bound is not None and event.outputs is not None:
        publish(run, node.bound, event.outputs)
    if node.condemned and node.daemoned and event.phase == "Succeeded":
        finish(run, node, "Succeeded")  # it was told to end, and did
    elif node.condemned:
        outputs = replace(event.outputs, exit_code=None) if event.outputs is not None else None
        finish(run, node, "Failed", node.condemned, outputs)
    else:
        phase = "Failed" if is_daemon and event.phase == "Succeeded" else event.phase
        finish(run, node, phase, event.message, event.outputs)
    if node in run.reviving:
        daemons.revived(run, node)


def _locked(run: Run, event: Locked) -> None:
    node = run.locking.get(event.node)
    if node is not None and node.lock == "waiting":
        node.lock, node.message = "held", ""
        if node is run.gate:
            _enter(run, event.at)
        else:
            run.todo.append(("begin", node))


def _recalled(run: Run, event: Recalled) -> None:
    node = run.recalling.pop(event.node, None)
    if node is None or node.bound is None:
        return  # it ended a moment before
    node.recalled = event.run
    if not event.run:
        run.todo.append(("begin", node))
        return
    outputs = event.outputs or Outputs()
    node.started_at = event.at
    publish(run, node.bound, outputs)
    finish(run, node, "Succeeded", "", outputs)


def _waiting(run: Run, event: Waiting) -> None:
    node = run.locking.get(event.node)
    if node is run.gate is not None:
        run.message = event.message
    elif node is not None:
        node.message = event.message
        node.touch()


def _tick(run: Run, event: Tick) -> None:
    deadline = run.deadline if not run.deadline_passed and not run.over else None
    if deadline is not None and deadline <= event.at:
        run.deadline_passed = True
        _end_unfinished(run, lambda node: not node.exiting, DEADLINE, pauses=DEADLINE)
    if run.halted:
        return
    due = [node for node in run.retrying.values() if _is_due(node, event.at)]
    run.todo.extend(("judge", node) for node in reversed(due))
    for node in [each for each in run.suspended.values() if _is_due(each, event.at)]:
        suspensions.over(run, node)


def _is_due(node: Node, at: float) -> bool:
    return node.due_at is not None and node.due_at <= at


def _stopped(run: Run, event: Stopped) -> None:
    if run.over or run.strategy == "Terminate":
        return
    run.strategy = event.strategy
    _go_on(run)
    if run.root is None:
        give_up(run)
        return
    _end_unfinished(
        run,
        lambda node: not exempt(run, node),
        f"workflow shutdown with strategy:  {event.strategy}",
        pauses=f"Stopped with strategy '{event.strategy}'",
    )


def _end_unfinished(run: Run, ends: Callable[[Node], bool], message: str, *, pauses: str) -> None:
    """End what runs, pauses, or waits for a mutex or another attempt. `pauses`: the message for pauses."""
    for node in daemons.withdrawn(run, ends):
        finish(run, node, "Failed", message)
    for node in [*run.live.values(), *run.daemons.values()]:
        if ends(node) and not node.condemned:
            node.condemned = message
            run.commands.append(Kill(node))
    for node in list(run.locking.values()):
        if node.lock == "waiting" and ends(node):
            finish(run, node, "Failed", message)
    run.todo.extend(("judge", node) for node in list(run.retrying.values()) if ends(node))
    for node in list(run.suspended.values()):
        if ends(node):
            finish(run, node, "Failed", pauses)


def _suspended(run: Run, _event: Suspended) -> None:
    run.halted = True


def _continued(run: Run, _event: Continued) -> None:
    if run.halted:
        _go_on(run)
        if run.root is None and run.started_at is not None:
            _enter_root(run)


def _go_on(run: Run) -> None:
    """Take up what followed from events while the run was halted, in the order of the events."""
    run.halted = False
    for following in reversed(run.put_off):
        run.todo.extend(following)
    run.put_off.clear()


def _answered(run: Run, event: Answered) -> None:
    node = run.suspended.get(event.node)
    if node is None:
        return  # it ended a moment before
    node.supplied = {**node.supplied, **event.parameters}
    node.message = event.message or node.message
    node.touch()
    if event.phase == "Succeeded":
        suspensions.over(run, node)
    elif event.phase:
        finish(run, node, event.phase)


def _retried(run: Run, event: Retried) -> None:
    run.started_at, run.paused_seconds, run.deadline_passed = event.at, 0.0, False
    for node in run.suspended.values():
        suspensions.restart(run, node)


def _resumed(run: Run, _event: Resumed) -> None:
    run.reviving, run.postponed = [], []
    for node in [*run.live.values(), *run.daemons.values()]:
        if node.condemned:
            finish(run, node, "Failed", node.condemned)
    for node in list(run.retired.values()):
        daemons.gone(run, node)
    daemons.revive(run)
    for node in run.live.values():
        containers.begin_again(run, node)
        node.phase, node.started_at = "Pending", None
        node.touch()
        daemons.start(run, node)
    for node in run.locking.values():
        if node.lock == "waiting":
            run.commands.append(Lock(node, node.mutexes))
    for node in run.recalling.values():
        if node.bound is not None and node.bound.memoize is not None:
            run.commands.append(Recall(node, node.bound.memoize))


_HANDLERS: Final[dict[type, Callable[[Run, Any], None]]] = {
    Began: _began,
    Running: _running,
    Ready: _ready,
    Ended: _ended,
    Locked: _locked,
    Waiting: _waiting,
    Recalled: _recalled,
    Tick: _tick,
    Stopped: _stopped,
    Resumed: _resumed,
    Suspended: _suspended,
    Continued: _continued,
    Answered: _answered,
    Retried: _retried,
}
