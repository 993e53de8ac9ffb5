"""The story of a run in a few lines: what did not simply succeed, by what it began with, the first failure first."""

from collections.abc import Iterator

from pipeline.engine.scheduler import BROKEN, Batch, Node, Run
from pipeline.engine.views import RunView, origin
from pipeline.explain.causes import Cause, is_superseded, said
from pipeline.explain.lines import Line, name_list
from pipeline.explain.nodes import Teller
from steps.pages.words import count, duration, elapsed

_MOST = 12  # causes, and lines about one
_TAIL = 5  # lines of a log


def story(run: Run, view: RunView, teller: Teller, owner: str) -> Iterator[Line]:
    """The lines. `owner`: who executes the run, or what can be done about that."""
    took = (
        elapsed(view.started_at, view.finished_at, view.finished_at) if view.started_at and view.finished_at else None
    )
    ended = f"{view.phase.lower()}{f' after {duration(took)}' if took is not None else ''}"
    yield Line(f"{view.id}, a run of {view.workflow}: {'interrupted' if view.interrupted else ended}", style="bold")
    if owner:
        yield Line(owner, 1)
    yield from _taken(run)
    yield from _unfinished(run, teller, interrupted=view.interrupted)
    found = teller.causes.all()
    for cause in found[:_MOST]:
        yield from _cause(cause, teller)
    if len(found) > _MOST:
        yield Line(f"and {len(found) - _MOST} more causes")
    if not found and run.over:
        counted = [node for node in run.nodes.values() if not is_superseded(node)]
        tried = " in the end" if len(counted) < len(run.nodes) else ""
        yield Line(f"{count(len(counted), 'node')}, and each succeeded{tried}.", 1)
    elif found:
        yield Line(f"More about one: pipeline explain {run.id} NODE", style="dim")


def _taken(run: Run) -> Iterator[Line]:
    taken = [origin(node.message) for node in run.nodes.values() if origin(node.message)]
    if taken:
        yield Line(f"{count(len(taken), 'node was', 'nodes were')} reused from run {taken[0]}.", 1)


def _unfinished(run: Run, teller: Teller, *, interrupted: bool) -> Iterator[Line]:
    live = [node for node in run.nodes.values() if not node.fulfilled and node.frame is None]
    running = [
        f"{teller.names[node.id]}{'' if interrupted else teller.took(node)}"
        for node in live
        if node.phase == "Running" and node.type in ("Pod", "HTTP", "Suspend") and not teller.waits(node)
    ]
    if running:
        yield Line(f"{'was running' if interrupted else 'running'}: {name_list(running)}", 1)
    for node in live[:_MOST]:
        if teller.waits(node):
            yield Line(f"{teller.names[node.id]}: {teller.waits(node)}", 1)
    for batch in [about for _, about in run.held_back if isinstance(about, Batch)][:_MOST]:
        names = name_list([task.name for task in batch.pending], 3)
        yield Line(f"{names}: waiting for room: {teller.room(batch.boundary.frame)}", 1)


def _cause(cause: Cause, teller: Teller) -> Iterator[Line]:
    first = next((node for node in cause.nodes if not is_superseded(node)), None)
    if cause.outside:
        yield Line(f"{cause.outside[:1].upper()}{cause.outside[1:]}.", style="red")
    elif first is not None:
        others = [teller.names[node.id] for node in cause.nodes[1:]]
        names = name_list([teller.names[first.id], *others], 3)
        yield Line(f"{names}: {_ended(first, teller)}", style="red" if first.phase in BROKEN else "yellow")
        if first.phase in BROKEN and first.type in ("Pod", "HTTP", "Retry"):
            yield from teller.log(first, _TAIL)
    lines = list(_consequences(cause, teller))
    yield from (Line(f"so {line}", 1) for line in lines[:_MOST])
    if len(lines) > _MOST:
        yield Line(f"and {len(lines) - _MOST} more", 1)


def _ended(node: Node, teller: Teller) -> str:
    """How a cause ended, and why."""
    message, (written, filled) = said(node), teller.condition(node)
    if written:
        return f"skipped, because {written} is false{f', with its values: {filled}' if filled != written else ''}"
    if node.phase == "Omitted":
        return f"omitted, because of what it depends on: {teller.wanted(node)}"
    tried = f" {len(node.attempts)} times" if len(node.attempts) > 1 else ""
    word = {"Error": "ended with an error", "Failed": "failed"}.get(node.phase, node.phase.lower())
    return f"{word}{tried}{f': {message}' if message else ''}"


def _consequences(cause: Cause, teller: Teller) -> Iterator[str]:
    omitted = [node for node in cause.suffers if node.phase == "Omitted"]
    failed = [node for node in cause.suffers if node.phase in BROKEN and _is_told(node)]
    other = [node for node in cause.suffers if node.phase == "Skipped"]
    for node in omitted:
        yield f"{teller.names[node.id]} was omitted: it depends on {teller.wanted(node)}"
    if failed:
        names = ["the run" if node is teller.run.root else teller.names[node.id] for node in failed]
        yield f"{name_list(names)} failed"
    for node in other:
        yield f"{teller.names[node.id]} was skipped"
    if cause.missing:
        names = [_missing(node, name, teller) for node, name in cause.missing]
        yield f"{name_list(names)} never came to be"


def _is_told(node: Node) -> bool:
    """Whether it is worth a word: neither a group of steps nor an attempt."""
    return node.type != "StepGroup" and not (node.owner is not None and node.owner.type == "Retry")


def _missing(node: Node, name: str, teller: Teller) -> str:
    return name if node is teller.run.root else f"{teller.names[node.id]}.{name}"
