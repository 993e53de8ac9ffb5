"""Attempts: when one follows another, how long it waits, and how a retry node ends.

The checks are in the controller's order, because that decides which message a user sees.
https://argo-workflows.readthedocs.io/en/latest/retries/
"""

from datetime import UTC, datetime

from pipeline.engine.language import durations, expr
from pipeline.engine.planning.binding import NotBound, fill
from pipeline.engine.scheduler.entering import has_room, node_type, pod_name
from pipeline.engine.scheduler.nodes import create, finish, link
from pipeline.engine.scheduler.state import Node, Phase, Position, Run
from pipeline.engine.spec import Backoff, Retry


class _Invalid(Exception):
    """A retryStrategy whose variables have turned out not to be numbers."""


def attempt(run: Run, retry: Node) -> None:
    """Make the next attempt, now or when there is room."""
    template, frame = retry.bound, retry.enclosing
    if template is None or (frame is not None and frame.tripped):
        return
    if not has_room(run, None):
        run.held_back.append(("attempt", retry))
        return
    number = len(retry.attempts)
    name = f"{retry.name}({number})"
    local = {**_last_retry(retry.attempts[-1] if retry.attempts else None), "retries": str(number)}
    if template.leaf:
        local["pod.name"] = pod_name(run, name, template.name)
    kind = node_type(template)
    phase: Phase = "Pending" if kind in ("Pod", "HTTP", "Suspend") else "Running"
    position = Position(retry.boundary, retry, retry.task, retry.exiting)
    node = create(run, name, kind, phase, template=retry.template, position=position)
    node.attempt = number
    node.inputs = retry.inputs
    retry.attempts.append(node)
    retry.message = ""
    link((retry,), node)
    try:
        node.bound = fill(template, run.variables, local)
    except NotBound as error:
        finish(run, node, "Error", str(error))
        return
    run.todo.append(("begin", node))


def _last_retry(last: Node | None) -> dict[str, str]:
    """The variables of an attempt about the one before it."""
    if last is None:
        return {"lastRetry.exitCode": "0", "lastRetry.status": "", "lastRetry.duration": "0", "lastRetry.message": ""}
    started = last.started_at if last.started_at is not None else last.created_at
    return {
        "lastRetry.exitCode": _exit_code(last) or "0",
        "lastRetry.status": last.phase,
        "lastRetry.duration": str(int((last.finished_at or started) - started)),
        "lastRetry.message": last.message,
    }


def _exit_code(node: Node) -> str | None:
    return node.outputs.exit_code if node.outputs is not None else None


def judge(run: Run, retry: Node) -> None:
    """The last attempt has ended, or its backoff has: end the retry node, wait, or try again."""
    template, last = retry.bound, retry.attempts[-1]
    if template is None or template.retry is None or not last.fulfilled:
        return
    if last.daemoned:
        run.todo.append(("ended", retry))
        return
    if last.phase not in ("Failed", "Error"):
        finish(run, retry, "Succeeded", "", last.outputs)
        return
    try:
        verdict = _verdict(run, retry, last, template.retry)
    except _Invalid as error:
        finish(run, retry, "Error", str(error), last.outputs)
        return
    if verdict is not None:
        finish(run, retry, last.phase, verdict, last.outputs)
    elif retry.due_at is None:
        run.retrying.pop(retry.name, None)
        run.todo.append(("attempt", retry))


def _verdict(run: Run, retry: Node, last: Node, strategy: Retry) -> str | None:
    """The message if there is no other attempt; None if there is one, now or when `due_at` comes.

    The controller waits before it asks whether there is another attempt at all; here a final no comes at once.
    """
    if run.strategy is not None:
        return f"Stopped with strategy '{run.strategy}'"
    if run.deadline_passed and run.deadline is not None:
        return f"retry exceeded workflow deadline {datetime.fromtimestamp(run.deadline, UTC):%Y-%m-%d %H:%M:%S} UTC"
    limit = _number(strategy.limit, "limit")
    too_late = _back_off(run, retry, last, strategy, limit)
    return too_late if too_late is not None else _refusal(retry, last, strategy, limit)


def _refusal(retry: Node, last: Node, strategy: Retry, limit: int | None) -> str | None:
    policy = strategy.policy or ("Always" if strategy.expression else "OnFailure")
    if (last.phase == "Failed" and policy == "OnError") or (last.phase == "Error" and policy == "OnFailure"):
        return last.message
    if limit is not None and len(retry.attempts) > limit:
        return "No more retries left"
    if not strategy.expression:
        return None
    try:
        again = expr.holds(strategy.expression, values_of(retry))
    except expr.NotEvaluated as error:
        raise _Invalid(str(error)) from None
    return None if again else "retryStrategy.expression evaluated to false"


def values_of(retry: Node) -> dict[str, str]:
    """The variables of a retryStrategy's expression, after the last attempt."""
    last, retries = retry.attempts[-1], str(len(retry.attempts) - 1)
    return {**_last_retry(last), "lastRetry.exitCode": _exit_code(last) or "-1", "retries": retries}


def _back_off(run: Run, retry: Node, last: Node, strategy: Retry, limit: int | None) -> str | None:
    """Set `due_at` if the next attempt must wait; the message if it would come too late."""
    backoff, count = strategy.backoff, len(retry.attempts)
    retry.due_at = None
    if backoff is None:
        return None
    latest = _latest(retry, backoff)
    if latest is not None and run.now > latest:
        return "Max duration limit exceeded"
    wait = _seconds(backoff.duration)
    factor = _number(backoff.factor, "backoff.factor")
    if factor:
        wait *= float(factor) ** (count - 1)
    if backoff.cap:
        wait = min(wait, _seconds(backoff.cap))
    due = (last.finished_at or run.now) + wait
    if latest is not None and due > latest:
        return "Backoff would exceed max duration limit"
    if run.now < due and limit is not None and count <= limit:
        retry.due_at = due
        retry.message = f"Backoff for {wait:g} seconds"
        retry.touch()
        run.retrying[retry.name] = retry
    return None


def _latest(retry: Node, backoff: Backoff) -> float | None:
    """When `maxDuration`, which counts from the first attempt, ends."""
    first = retry.attempts[0]
    return (first.started_at or first.created_at) + _seconds(backoff.max_duration) if backoff.max_duration else None


def execution_deadline(attempt: Node) -> float | None:
    """When an attempt must have ended, by `backoff.maxDuration`."""
    retry = attempt.owner
    template = retry.bound if retry is not None else None
    backoff = template.retry.backoff if template is not None and template.retry is not None else None
    return _latest(retry, backoff) if retry is not None and backoff is not None and len(retry.attempts) > 1 else None


def _number(text: str | None, field: str) -> int | None:
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        raise _Invalid(f"retryStrategy.{field}: value '{text}' cannot be resolved to an int") from None


def _seconds(text: str) -> float:
    found = durations.seconds(text)
    if found is None:
        raise _Invalid(f"retryStrategy.backoff: {text!r} is not a duration")
    return found
