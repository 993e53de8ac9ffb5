"""Attempts: when one is followed by another, how long that waits, and how a retry node ends.

The order in which the controller asks is kept, for it decides the message a user sees.
https://argo-workflows.readthedocs.io/en/latest/retries/
"""

from datetime import UTC, datetime

from pipeline.engine.language import durations, expr
from pipeline.engine.planning.binding import NotBound, fill
from pipeline.engine.scheduler.entering import has_room, node_type, pod_name
from pipeline.engine.scheduler.nodes import create, finish, link
from pipeline.engine.scheduler.state import Node, Run
from pipeline.engine.spec import Retry


class _Invalid(Exception):
    """A retryStrategy whose variables have turned out to be no numbers."""


def attempt(run: Run, retry: Node) -> None:
    """Make the next attempt, now or when there is room."""
    template, frame = retry.bound, retry.boundary.frame if retry.boundary is not None else None
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
    kind = node_type(template, retries=False)
    node = create(
        run,
        name,
        kind,
        "Pending" if kind in ("Pod", "Suspend") else "Running",
        template=retry.template,
        boundary=retry.boundary,
        owner=retry,
        task=retry.task,
        exiting=retry.exiting,
    )
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
    exit_code = last.outputs.exit_code if last is not None and last.outputs is not None else None
    return {
        "lastRetry.exitCode": exit_code or "0",
        "lastRetry.status": last.phase if last is not None else "",
        "lastRetry.duration": str(_duration(last)) if last is not None else "0",
        "lastRetry.message": last.message if last is not None else "",
    }


def _duration(node: Node) -> int:
    started = node.started_at if node.started_at is not None else node.created_at
    return int((node.finished_at or started) - started)


def judge(run: Run, retry: Node) -> None:
    """The last attempt has ended, or its backoff has: end the retry node, wait, or try again."""
    template, last = retry.bound, retry.attempts[-1]
    if template is None or template.retry is None or not last.fulfilled:
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
    """The message with which there is no other attempt; None where there is one, now or when `due_at` comes.

    The controller waits before it asks whether there is another attempt at all; here a final no comes at once.
    """
    if run.strategy is not None:
        return f"Stopped with strategy '{run.strategy}'"
    if run.deadline_passed and run.deadline is not None:
        return f"retry exceeded workflow deadline {datetime.fromtimestamp(run.deadline, UTC):%Y-%m-%d %H:%M:%S} UTC"
    limit = _number(strategy.limit, "limit")
    waited_for = _back_off(run, retry, last, strategy, limit)
    if waited_for is not None:
        return waited_for
    return _refusal(retry, last, strategy, limit)


def _refusal(retry: Node, last: Node, strategy: Retry, limit: int | None) -> str | None:
    policy = strategy.policy or ("Always" if strategy.expression else "OnFailure")
    if (last.phase == "Failed" and policy == "OnError") or (last.phase == "Error" and policy == "OnFailure"):
        return last.message
    if limit is not None and len(retry.attempts) > limit:
        return "No more retries left"
    if not strategy.expression:
        return None
    try:
        goes_on = expr.holds(strategy.expression, values_of(retry))
    except expr.NotEvaluated as error:
        raise _Invalid(str(error)) from None
    return None if goes_on else "retryStrategy.expression evaluated to false"


def values_of(retry: Node) -> dict[str, str]:
    """The variables of a retryStrategy's expression, after the last attempt."""
    last = retry.attempts[-1]
    exit_code = last.outputs.exit_code if last.outputs is not None else None
    return {**_last_retry(last), "lastRetry.exitCode": exit_code or "-1", "retries": str(len(retry.attempts) - 1)}


def _back_off(run: Run, retry: Node, last: Node, strategy: Retry, limit: int | None) -> str | None:
    """Set `due_at` where the next attempt must wait; the message where it would come too late."""
    backoff, count = strategy.backoff, len(retry.attempts)
    retry.due_at = None
    if backoff is None:
        return None
    first = retry.attempts[0]
    latest = None
    if backoff.max_duration:
        latest = (first.started_at or first.created_at) + _seconds(backoff.max_duration)
        if run.now > latest:
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


def execution_deadline(attempt: Node) -> float | None:
    """Until when an attempt may run at most, by `backoff.maxDuration`."""
    retry = attempt.owner
    template = retry.bound if retry is not None else None
    backoff = template.retry.backoff if template is not None and template.retry is not None else None
    if retry is None or backoff is None or not backoff.max_duration or len(retry.attempts) < 2:
        return None
    first = retry.attempts[0]
    return (first.started_at or first.created_at) + _seconds(backoff.max_duration)


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
