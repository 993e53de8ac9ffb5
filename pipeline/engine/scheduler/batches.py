"""From a task or step that is to run to its node, or to those of its items: at once, or when there is room."""

from pipeline.engine.language import when
from pipeline.engine.scheduler import steps
from pipeline.engine.scheduler.entering import TOO_DEEP, enter, has_room
from pipeline.engine.scheduler.nodes import create, link, outbound
from pipeline.engine.scheduler.state import Batch, Frame, Node, Phase, Run


def make(run: Run, batch: Batch) -> None:
    """Make the next node of a batch; come back for the others."""
    frame = batch.dag.frame
    if frame is None or frame.tripped:
        return
    if frame.problem and batch.owner.type == "StepGroup":
        steps.drop(run, batch)
        return
    task = batch.pending[0]
    name = f"{(batch.owner if batch.owner.type == 'StepGroup' else batch.dag).name}.{task.name}"
    phase: Phase = "Skipped"
    try:
        proceed, message = when.holds(task.when), f"when '{task.when}' evaluated false"
    except when.NotEvaluated as error:
        proceed, message, phase = False, str(error), "Error"
    if proceed and not has_room(run, batch.dag):
        run.held_back.append(("make", batch))
        return
    batch.pending.popleft()
    if batch.pending:
        run.todo.append(("make", batch))
    place = {"boundary": batch.dag, "owner": batch.owner, "task": batch.task, "exiting": batch.dag.exiting}
    if proceed:
        node = enter(run, name, task.template, task.arguments, **place)  # type: ignore[arg-type]
    else:
        node = create(run, name, "Skipped", phase, template=task.template, message=message, **place)  # type: ignore[arg-type]
    node.hook = task.on_exit
    _adopt(batch, frame, node)
    if batch.owner.type == "StepGroup" and node.type == "Skipped" and node.phase == "Error":
        frame.problem = _problem(node, proceed)


def _adopt(batch: Batch, frame: Frame, node: Node) -> None:
    if batch.owner is batch.dag:
        frame.nodes[batch.task] = node
        link(parents(batch.dag, frame, batch.task), node)
        return
    if batch.owner.type == "StepGroup":
        if frame.tasks[batch.task].expands:
            frame.items.setdefault(batch.task, []).append(node)
        else:
            frame.nodes[batch.task] = node
    link((batch.owner,), node)


def parents(dag: Node, frame: Frame, name: str) -> list[Node]:
    """The nodes below which a task of a dag hangs."""
    before = frame.plan.conditions[name].tasks
    return [last for other in before for last in outbound(frame.nodes[other])] if before else [dag]


def _problem(node: Node, proceed: bool) -> str:
    """Why a group of steps ends with Error when one of its nodes could not begin; empty where that one just failed."""
    if not proceed:
        return node.message
    return (
        "" if node.message == TOO_DEEP else f"step group deemed errored due to child {node.name} error: {node.message}"
    )
