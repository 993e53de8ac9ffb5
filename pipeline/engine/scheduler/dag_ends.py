"""How a dag ends: its phase from those of its last tasks, its outputs, and the early end that failFast makes."""

from collections import deque
from typing import Final

from pipeline.engine.scheduler import steps
from pipeline.engine.scheduler.nodes import finish, outbound
from pipeline.engine.scheduler.outputs import NotPutOut, outputs_of, publish
from pipeline.engine.scheduler.state import BROKEN, COMPLETED, Frame, Node, Phase, Run

_FAILED_FAST: Final = "template has failed or errored children and failFast enabled"


def fail_fast(run: Run, dag: Node) -> None:
    """End a dag or steps that failFast has stopped, once nothing of them is active."""
    frame = dag.frame
    if frame is None or dag.fulfilled or frame.active:
        return
    for node in list(run.nodes.values()):
        if node.boundary is dag and not node.fulfilled:
            finish(run, node, "Failed", _FAILED_FAST)
    (set_outbound if dag.type == "DAG" else steps.set_outbound)(dag, frame)
    finish(run, dag, "Failed", _FAILED_FAST)


def set_outbound(dag: Node, frame: Frame) -> None:
    """Note below which nodes comes what follows the dag."""
    targets = [frame.nodes[name] for name in frame.plan.targets if name in frame.nodes]
    dag.outbound = tuple(last for node in targets for last in outbound(node))


def end(run: Run, dag: Node, frame: Frame) -> None:
    """End a dag all of whose tasks have ended."""
    set_outbound(dag, frame)
    phase = "Failed" if run.strategy is not None and not dag.exiting else _phase(dag, frame)
    if phase != "Succeeded":
        finish(run, dag, phase, frame.problem)
        return
    for node in frame.nodes.values():
        last = node.attempts[-1] if node.attempts else node
        if last.type == "DAG" and last.frame is not None and last.outputs is not None:
            publish(run, last.frame.template, last.outputs)
    try:
        outputs = outputs_of(run, frame)
    except NotPutOut as problem:
        finish(run, dag, "Error", str(problem))
        return
    finish(run, dag, "Succeeded", outputs=outputs)


def _phase(dag: Node, frame: Frame) -> Phase:
    """The dag's phase: that of its targets. One that did not run has the phase of what it hangs below, broken first."""
    targets: dict[str, Phase | None] = {frame.nodes[name].id: None for name in frame.plan.targets}
    todo: deque[tuple[Node, Phase]] = deque((child, "Succeeded") for child in dag.children.values())
    seen = {(child.id, phase) for child, phase in todo}
    while todo:
        node, phase = todo.popleft()
        if node.phase in COMPLETED:
            phase = node.phase
        if node.id in targets and targets[node.id] not in BROKEN:
            targets[node.id] = phase
        below = node.attempts[-1] if node.attempts else node
        for child in below.children.values():
            if (child.id, phase) not in seen:
                seen.add((child.id, phase))
                todo.append((child, phase))
    result: Phase = "Succeeded"
    assert frame.template.dag is not None  # noqa: S101 - what makes a frame
    for name in frame.plan.targets:
        branch = targets[frame.nodes[name].id]
        task = frame.tasks[name]
        if branch is None:
            return "Error"  # nothing leads to it, so nothing can be said of it
        if branch not in BROKEN:
            continue
        if (branch == "Failed" and task.continue_on_failed) or (branch == "Error" and task.continue_on_error):
            continue
        result = branch
        if frame.template.dag.fail_fast:
            break
    return result
