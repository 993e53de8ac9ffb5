"""Steps: groups one after the other, each of nodes side by side.

A group ends when all of it has; the next begins if none of it failed (`continueOn` apart). Where a group cannot be
filled it ends with Error, but here only after what had already started: a cluster leaves that behind.
https://argo-workflows.readthedocs.io/en/latest/walk-through/steps/
"""

from collections import deque

from pipeline.engine.planning import items
from pipeline.engine.scheduler.nodes import create, finish, link, outbound
from pipeline.engine.scheduler.outputs import NotPutOut, outputs_of, publish
from pipeline.engine.scheduler.reading import Reader
from pipeline.engine.scheduler.state import BROKEN, Batch, Frame, Node, Run
from pipeline.engine.scheduler.tasks import NotReady, fill_in
from pipeline.engine.spec import Task


def begin(run: Run, steps: Node, frame: Frame) -> None:
    """Start steps: their first group is open."""
    steps.frame = frame
    _open(run, steps, frame, 0)


def _open(run: Run, steps: Node, frame: Frame, number: int) -> None:
    parents = _last_of(frame) if frame.group is not None else (steps,)
    group = create(
        run,
        f"{steps.name}[{number}]",
        "StepGroup",
        "Running",
        template="",
        boundary=steps,
        owner=steps,
        exiting=steps.exiting,
    )
    group.started_at = run.now
    link(parents, group)
    frame.number, frame.group = number, group
    run.todo.append(("group", group))


def _last_of(frame: Frame) -> tuple[Node, ...]:
    """The nodes below which comes what follows the present group."""
    group = frame.group
    if group is None:
        return ()
    return tuple(last for child in group.children.values() for last in outbound(child)) or (group,)


def fill(run: Run, group: Node) -> None:
    """Make the nodes of a group that has opened."""
    steps = group.boundary
    frame = steps.frame if steps is not None else None
    if steps is None or frame is None or frame.template.steps is None or group.fulfilled:
        return
    batches: list[Batch] = []
    empty: list[str] = []
    for step in frame.template.steps[frame.number]:
        try:
            found = _expanded(run, frame, step)
        except NotReady as problem:
            finish(run, group, "Error", f"Failed to resolve references: {problem}")
            return
        except items.NotExpanded as problem:
            finish(run, group, "Error", str(problem))
            return
        if found:
            batches.append(Batch(steps, step.name, group, deque(found)))
        else:
            empty.append(step.name)
    group.left = len(empty) + sum(len(batch.pending) for batch in batches)
    for name in empty:
        node = create(run, f"{group.name}.{name}", "Skipped", "Skipped", template=frame.tasks[name].template,
                      boundary=steps, owner=group, task=name, exiting=steps.exiting,
                      message="Skipped, empty params")  # fmt: skip
        frame.nodes[name] = node
        link((group,), node)
    run.todo.extend(("make", batch) for batch in reversed(batches))


def _expanded(run: Run, frame: Frame, step: Task) -> list[Task]:
    reader = Reader(run, frame, step.name)
    return items.expand(fill_in(step, reader), reader)


def drop(run: Run, batch: Batch) -> None:
    """Make no more of a batch, since its group has a problem."""
    batch.owner.left -= len(batch.pending)
    batch.pending.clear()
    _look(run, batch.owner)


def step_ended(run: Run, group: Node) -> None:
    """A node of a group has ended; after the last one the group has."""
    group.left -= 1
    _look(run, group)


def _look(run: Run, group: Node) -> None:
    frame = group.boundary.frame if group.boundary is not None else None
    if group.left or frame is None or frame.tripped or group.fulfilled:
        return
    if frame.problem:
        finish(run, group, "Error", frame.problem)
        return
    for child in group.children.values():
        if child.phase in BROKEN and not _goes_on(frame.tasks[child.task], child):
            finish(run, group, "Failed", f"child '{child.id}' failed")
            return
    finish(run, group, "Succeeded")


def _goes_on(step: Task, node: Node) -> bool:
    return step.continue_on_failed if node.phase == "Failed" else step.continue_on_error


def group_ended(run: Run, steps: Node, group: Node) -> None:
    """A group has ended: the next begins, or the steps have ended too."""
    frame = steps.frame
    if frame is None or frame.template.steps is None or steps.fulfilled or frame.tripped:
        return
    if group.phase in BROKEN:
        set_outbound(steps, frame)
        finish(run, steps, "Failed", group.message)
        return
    problem = _no_json(run, frame)
    if problem:
        finish(run, steps, "Error", problem)
    elif frame.number + 1 < len(frame.template.steps):
        _open(run, steps, frame, frame.number + 1)
    else:
        _end(run, steps, frame)


def _no_json(run: Run, frame: Frame) -> str:
    """Why what the items of the present group have printed cannot come together; empty where it can."""
    reader = Reader(run, frame)
    for step in frame.template.steps[frame.number] if frame.template.steps is not None else ():
        if step.name in frame.items and step.name in frame.plan.printed:
            try:
                reader(f"steps.{step.name}.outputs.result")
            except ValueError as problem:
                return str(problem)
    return ""


def _end(run: Run, steps: Node, frame: Frame) -> None:
    set_outbound(steps, frame)
    try:
        outputs = outputs_of(run, frame)
    except NotPutOut as problem:
        finish(run, steps, "Error", str(problem))
        return
    if outputs is not None:
        publish(run, frame.template, outputs)
    finish(run, steps, "Succeeded", outputs=outputs)


def set_outbound(steps: Node, frame: Frame) -> None:
    """Note below which nodes comes what follows the steps."""
    steps.outbound = _last_of(frame) if frame.group is not None and frame.group.children else ()
