"""Steps: groups one after the other, each of nodes side by side.

A group ends when all of its nodes have; the next begins if none of them failed (except with `continueOn`). A group that
cannot be filled ends with Error, but here only after what had already started has ended: a cluster leaves that behind.
https://argo-workflows.readthedocs.io/en/latest/walk-through/steps/
"""

from collections import deque

from pipeline.engine.planning import items
from pipeline.engine.scheduler.nodes import create, finish, link, outbound, set_outbound
from pipeline.engine.scheduler.outputs import NotPutOut, outputs_of, publish
from pipeline.engine.scheduler.reading import Reader
from pipeline.engine.scheduler.state import BROKEN, Batch, Node, Position, Run, StepsFrame
from pipeline.engine.scheduler.tasks import NotReady, fill_in
from pipeline.engine.spec import Task


def begin(run: Run, steps: Node, frame: StepsFrame) -> None:
    """Start steps: open their first group."""
    steps.frame = frame
    _open(run, steps, frame, 0)


def _open(run: Run, steps: Node, frame: StepsFrame, number: int) -> None:
    above = outbound(frame.group) if frame.group is not None else (steps,)
    position = Position(steps, steps, exiting=steps.exiting)
    group = create(run, f"{steps.name}[{number}]", "StepGroup", "Running", template="", position=position)
    group.started_at = run.now
    link(above, group)
    frame.number, frame.group = number, group
    run.todo.append(("fill", group))


def _present_group(frame: StepsFrame) -> tuple[Task, ...]:
    return frame.template.steps[frame.number] if frame.template.steps is not None else ()


def fill(run: Run, group: Node) -> None:
    """Make the nodes of a group that has opened."""
    steps, frame = group.boundary, group.enclosing
    if steps is None or not isinstance(frame, StepsFrame) or group.fulfilled:
        return
    batches: list[Batch] = []
    empty: list[str] = []
    try:
        for step in _present_group(frame):
            found = _expanded(run, frame, step)
            if found:
                batches.append(Batch(steps, step.name, group, deque(found)))
            else:
                empty.append(step.name)
    except NotReady as problem:
        finish(run, group, "Error", f"Failed to resolve references: {problem}")
        return
    except items.NotExpanded as problem:
        finish(run, group, "Error", str(problem))
        return
    group.left = len(empty) + sum(len(batch.pending) for batch in batches)
    for name in empty:
        template, position = frame.tasks[name].template, Position(steps, group, name, steps.exiting)
        node = create(run, f"{group.name}.{name}", "Skipped", "Skipped", template=template, position=position,
                      message="Skipped, empty params")  # fmt: skip
        frame.nodes[name] = node
        link((group,), node)
    run.todo.extend(("make", batch) for batch in reversed(batches))


def _expanded(run: Run, frame: StepsFrame, step: Task) -> list[Task]:
    reader = Reader(run, frame, step.name)
    return items.expand(fill_in(step, reader), reader)


def drop(run: Run, batch: Batch) -> None:
    """Make no more of a batch, because its group has a problem."""
    batch.owner.left -= len(batch.pending)
    batch.pending.clear()
    _end_when_done(run, batch.owner)


def step_ended(run: Run, group: Node) -> None:
    """A node of a group has ended; after the last one the group has."""
    group.left -= 1
    _end_when_done(run, group)


def _end_when_done(run: Run, group: Node) -> None:
    frame = group.enclosing
    if group.left or frame is None or frame.tripped or group.fulfilled:
        return
    if frame.problem:
        finish(run, group, "Error", frame.problem)
        return
    for child in group.children.values():
        if child.phase in BROKEN and not frame.tasks[child.task].continues_on(child.phase):
            finish(run, group, "Failed", f"child '{child.id}' failed")
            return
    finish(run, group, "Succeeded")


def group_ended(run: Run, steps: Node, group: Node) -> None:
    """A group has ended: the next begins, or the steps have ended too."""
    frame = steps.frame
    if not isinstance(frame, StepsFrame) or frame.template.steps is None or steps.fulfilled or frame.tripped:
        return
    if group.phase in BROKEN:
        set_outbound(steps, frame)
        finish(run, steps, "Failed", group.message)
        return
    problem = _not_json(run, frame)
    if problem:
        finish(run, steps, "Error", problem)
    elif frame.number + 1 < len(frame.template.steps):
        _open(run, steps, frame, frame.number + 1)
    else:
        _end(run, steps, frame)


def _not_json(run: Run, frame: StepsFrame) -> str:
    """Why the results of a fan-out of the present group cannot be combined; empty if they can."""
    reader = Reader(run, frame)
    for step in _present_group(frame):
        if step.name in frame.items and step.name in frame.plan.printed:
            try:
                reader(f"steps.{step.name}.outputs.result")
            except ValueError as problem:
                return str(problem)
    return ""


def _end(run: Run, steps: Node, frame: StepsFrame) -> None:
    set_outbound(steps, frame)
    try:
        outputs = outputs_of(run, frame)
    except NotPutOut as problem:
        finish(run, steps, "Error", str(problem))
        return
    if outputs is not None:
        publish(run, frame.template, outputs)
    finish(run, steps, "Succeeded", outputs=outputs)
