"""How a dag ends: its phase from those of its last tasks, its outputs, and the early end that failFast makes."""

from collections import deque
from dataclasses import replace
from typing import Final

from pipeline.engine.events import Outputs
from pipeline.engine.nodes import finish, outbound
from pipeline.engine.reading import Reader
from pipeline.engine.spec import Artifact
from pipeline.engine.state import BROKEN, COMPLETED, Frame, Node, Phase, Run
from pipeline.engine.tasks import NotReady, located

_FAILED_FAST: Final = "template has failed or errored children and failFast enabled"


def fail_fast(run: Run, dag: Node) -> None:
    """End a dag that failFast has stopped, once nothing of it is active."""
    frame = dag.frame
    if frame is None or dag.fulfilled or frame.active:
        return
    for node in list(run.nodes.values()):
        if node.boundary is dag and not node.fulfilled:
            finish(run, node, "Failed", _FAILED_FAST)
    _set_outbound(dag, frame)
    finish(run, dag, "Failed", _FAILED_FAST)


def _set_outbound(dag: Node, frame: Frame) -> None:
    targets = [frame.nodes[name] for name in frame.plan.targets if name in frame.nodes]
    dag.outbound = tuple(last for node in targets for last in outbound(node))


def end(run: Run, dag: Node, frame: Frame) -> None:
    """End a dag all of whose tasks have ended."""
    _set_outbound(dag, frame)
    phase = "Failed" if run.strategy is not None and not dag.exiting else _phase(dag, frame)
    if phase != "Succeeded":
        finish(run, dag, phase)
        return
    try:
        outputs = _outputs(run, frame)
    except (NotReady, ValueError) as problem:
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


def _outputs(run: Run, frame: Frame) -> Outputs | None:
    declared = frame.template.outputs
    if not declared.parameters and not declared.artifacts:
        return None
    reader = Reader(run, frame)
    parameters: dict[str, str] = {}
    for parameter in declared.parameters:
        source = parameter.value_from
        tag = source.parameter.removeprefix("{{").removesuffix("}}").strip() if source is not None else ""
        value = reader(tag)
        if not isinstance(value, str):
            value = source.default if source is not None else None
        if value is None:
            raise NotReady(f"output parameter '{parameter.name}': {{{{{tag}}}}} has no value, and there is no default")
        parameters[parameter.name] = value
    artifacts: dict[str, Artifact] = {}
    for artifact in declared.artifacts:
        try:
            found = located(artifact, reader)
        except NotReady as problem:
            raise NotReady(f"unable to resolve outputs from scope: {problem}") from None
        if found is not None:
            artifacts[artifact.name] = replace(found, name=artifact.name)
    return Outputs(parameters, artifacts)
