"""From a task or step that is ready to its node, or to the nodes of its items: at once, or when there is room."""

from pipeline.engine.language import when
from pipeline.engine.scheduler import steps
from pipeline.engine.scheduler.entering import TOO_DEEP, enter, has_room
from pipeline.engine.scheduler.hooks import of_tasks
from pipeline.engine.scheduler.nodes import create, link, outbound
from pipeline.engine.scheduler.state import Batch, Frame, Node, Phase, Position, Run, StepsFrame
from pipeline.engine.spec import Task


def make(run: Run, batch: Batch) -> None:
    """Make the next node of a batch; come back for the others."""
    boundary, frame = batch.boundary, batch.boundary.frame
    if frame is None or frame.tripped:
        return
    in_group = isinstance(frame, StepsFrame)
    if frame.problem and in_group:
        steps.drop(run, batch)
        return
    task = batch.pending[0]
    excuse = _excuse(task)
    if excuse is None and not has_room(run, boundary):
        run.held_back.append(("make", batch))
        return
    batch.pending.popleft()
    if batch.pending:
        run.todo.append(("make", batch))
    name = f"{(batch.owner if in_group else boundary).name}.{task.name}"
    position = Position(boundary, batch.owner, batch.task, boundary.exiting)
    if excuse is None:
        node = enter(run, name, task.template, task.arguments, position)
    else:
        phase, message = excuse
        node = create(run, name, "Skipped", phase, template=task.template, position=position, message=message)
    node.hook = task.on_exit
    if excuse is None if in_group else batch.owner is boundary:
        of_tasks.watch(run, node, task)
    _adopt(batch, frame, node)
    if in_group and node.type == "Skipped" and node.phase == "Error":
        frame.problem = node.message if excuse is not None else _problem(node)


def _excuse(task: Task) -> tuple[Phase, str] | None:
    """The phase and message of a task that its `when` keeps from running; None if it runs."""
    try:
        return None if when.holds(task.when) else ("Skipped", f"when '{task.when}' evaluated false")
    except when.NotEvaluated as error:
        return "Error", str(error)


def _problem(node: Node) -> str:
    """Why a group of steps ends with Error when one of its nodes could not begin; empty if the group just fails."""
    if node.message == TOO_DEEP:
        return ""
    return f"step group deemed errored due to child {node.name} error: {node.message}"


def _adopt(batch: Batch, frame: Frame, node: Node) -> None:
    if batch.owner is batch.boundary:
        frame.nodes[batch.task] = node
        link(parents(batch.boundary, frame, batch.task), node)
        return
    if isinstance(frame, StepsFrame):
        if frame.tasks[batch.task].expands:
            frame.items.setdefault(batch.task, []).append(node)
        else:
            frame.nodes[batch.task] = node
    link((batch.owner,), node)


def parents(dag: Node, frame: Frame, name: str) -> list[Node]:
    """The nodes below which a task of a dag hangs."""
    before = frame.plan.conditions[name].tasks
    return [last for other in before for last in outbound(frame.nodes[other])] if before else [dag]
