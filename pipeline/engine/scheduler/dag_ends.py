"""How a dag ends: its phase from those of its last tasks, its outputs, and the early end that failFast makes."""

from collections import deque
from typing import Final

from pipeline.engine.scheduler.nodes import finish, set_outbound
from pipeline.engine.scheduler.outputs import NotPutOut, outputs_of, publish
from pipeline.engine.scheduler.state import BROKEN, COMPLETED, DagFrame, Frame, Node, Phase, Run

FAILED_FAST: Final = "template has failed or errored children and failFast enabled"


def fail_fast(run: Run, whole: Node) -> None:
    """End a dag or steps that failFast has stopped, once nothing in it is active."""
    frame = whole.frame
    if frame is not None and not whole.fulfilled and not frame.active:
        end_early(run, whole, frame, "Failed", FAILED_FAST)


def end_early(run: Run, whole: Node, frame: Frame, phase: Phase, message: str) -> None:
    """End a dag or steps with all in it that has not ended; nothing in it begins any more, no hook either. Its daemons
    end as they do at any end."""
    frame.tripped = True
    for node in reversed(list(run.nodes.values())):
        if not node.fulfilled and not node.daemoned and _is_within(node, whole):
            if node.frame is not None:
                node.frame.tripped = True
            finish(run, node, phase, message)
    set_outbound(whole, frame)
    finish(run, whole, phase, message)


def _is_within(node: Node, whole: Node) -> bool:
    above = node.boundary
    while above is not None and above is not whole:
        above = above.boundary
    return above is whole


def end(run: Run, dag: Node, frame: DagFrame) -> None:
    """End a dag, all of whose tasks have ended."""
    set_outbound(dag, frame)
    phase = "Failed" if run.strategy is not None and not dag.exiting else _phase(dag, frame)
    if phase != "Succeeded":
        finish(run, dag, phase, frame.problem)
        return
    for node in frame.nodes.values():
        last = node.last_attempt
        if last.type == "DAG" and last.frame is not None and last.outputs is not None:
            publish(run, last.frame.template, last.outputs)
    try:
        outputs = outputs_of(run, frame)
    except NotPutOut as problem:
        finish(run, dag, "Error", str(problem))
        return
    finish(run, dag, "Succeeded", outputs=outputs)


def _phase(dag: Node, frame: DagFrame) -> Phase:
    """The dag's phase: that of its targets."""
    branches = _branches(dag)
    result: Phase = "Succeeded"
    for name in frame.plan.targets:
        branch = branches.get(frame.nodes[name].id)
        if branch is None:
            return "Error"  # nothing leads to it, so nothing can be said about it
        if branch in BROKEN and not frame.tasks[name].continues_on(branch):
            result = branch
            if frame.template.dag is not None and frame.template.dag.fail_fast:
                break
    return result


def _branches(dag: Node) -> dict[str, Phase]:
    """The phase of each node of a dag, by id; if it did not run, that of what it hangs below, broken ones first."""
    found: dict[str, Phase] = {}
    todo: deque[tuple[Node, Phase]] = deque((child, "Succeeded") for child in dag.children.values())
    seen = {(child.id, phase) for child, phase in todo}
    while todo:
        node, phase = todo.popleft()
        if node.phase in COMPLETED:
            phase = node.phase
        if found.get(node.id) not in BROKEN:
            found[node.id] = phase
        for child in [child for each in node.attempts or (node,) for child in each.children.values()]:
            if (child.id, phase) not in seen:
                seen.add((child.id, phase))
                todo.append((child, phase))
    return found
