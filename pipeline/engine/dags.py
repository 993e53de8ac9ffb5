"""A dag's progress: which tasks start when others have ended, how a fan-out becomes nodes, and how the dag ends.

https://argo-workflows.readthedocs.io/en/latest/walk-through/dag/
"""

from collections import deque
from dataclasses import replace
from functools import partial
from typing import Final

from pipeline.engine import items, when
from pipeline.engine.binding import ABSENT_ARGUMENT
from pipeline.engine.entering import enter, has_room
from pipeline.engine.events import Outputs
from pipeline.engine.nodes import create, finish, link, outbound
from pipeline.engine.reading import Reader
from pipeline.engine.spec import Artifact, Task, Values
from pipeline.engine.state import BROKEN, COMPLETED, Batch, Frame, Node, Phase, Run
from pipeline.engine.variables import ABSENT, Unresolved, replace_all, tags

_FAILED_FAST: Final = "template has failed or errored children and failFast enabled"


class _Problem(Exception):
    """A task that cannot start."""


def begin(run: Run, dag: Node) -> None:
    """Start a dag: its tasks that depend on nothing are ready."""
    template, plan = dag.bound, run.plans[dag.template]
    assert template is not None and template.dag is not None  # noqa: S101 - what makes a node a DAG
    depth = dag.boundary.frame.depth if dag.boundary is not None and dag.boundary.frame is not None else 0
    dag.phase = "Running"
    dag.started_at = run.now
    dag.touch()
    dag.frame = Frame(
        template=template,
        plan=plan,
        tasks={task.name: task for task in template.dag.tasks},
        waiting={name: len(condition.tasks) for name, condition in plan.conditions.items()},
        depth=depth + 1,
    )
    _set_ready(run, dag, [name for name, left in dag.frame.waiting.items() if left == 0])


def _set_ready(run: Run, dag: Node, names: list[str]) -> None:
    if dag.frame is not None:
        dag.frame.open += len(names)
    run.todo.extend(("ready", (dag, name)) for name in reversed(names))


def ready(run: Run, dag: Node, name: str) -> None:
    """What a task waited for has ended: omit it, or make what it says."""
    frame = dag.frame
    if frame is None or frame.tripped:
        return
    if not frame.plan.conditions[name].holds(partial(_result, frame)):
        _settled(run, dag, name, "Omitted", "omitted: depends condition not met")
        return
    reader = Reader(run, frame, name)
    try:
        task = _filled_in(frame.tasks[name], reader)
        tasks = items.expand(task, reader)
    except (_Problem, items.NotExpanded) as problem:
        _settled(run, dag, name, "Error", str(problem))
        return
    owner = dag
    if task.expands:
        if not tasks:
            _settled(run, dag, name, "Skipped", "Skipped, empty params")
            return
        owner = _task_node(run, dag, name, "Running", "", group=True)
        owner.left = len(tasks)
    run.todo.append(("make", Batch(dag, name, owner, deque(tasks))))


def _result(frame: Frame, name: str, result: str) -> bool:
    node = frame.nodes[name]
    if result in ("AnySucceeded", "AllFailed"):
        phases = [child.phase for child in node.children.values()] if node.type == "TaskGroup" else []
        if result == "AnySucceeded":
            return "Succeeded" in phases
        return bool(phases) and all(phase == "Failed" for phase in phases)
    return node.phase == {"Errored": "Error"}.get(result, result)


def _settled(run: Run, dag: Node, name: str, phase: Phase, message: str) -> None:
    """The node of a task that does not run."""
    _task_node(run, dag, name, phase, message)


def _task_node(run: Run, dag: Node, name: str, phase: Phase, message: str, *, group: bool = False) -> Node:
    frame = dag.frame
    assert frame is not None  # noqa: S101 - the dag has begun
    task = frame.tasks[name]
    node = create(
        run,
        f"{dag.name}.{name}",
        "TaskGroup" if group else "Skipped",
        phase,
        template=task.template,
        boundary=dag,
        owner=dag,
        task=name,
        exiting=dag.exiting,
        message=message,
    )
    node.started_at = run.now if group else None
    frame.nodes[name] = node
    link(_parents(dag, frame, name), node)
    return node


def _parents(dag: Node, frame: Frame, name: str) -> list[Node]:
    before = frame.plan.conditions[name].tasks
    return [last for other in before for last in outbound(frame.nodes[other])] if before else [dag]


def make(run: Run, batch: Batch) -> None:
    """Make the next node of a batch; come back for the others, at once or when there is room."""
    dag, frame = batch.dag, batch.dag.frame
    if frame is None or frame.tripped:
        return
    task = batch.pending[0]
    name = f"{dag.name}.{task.name}"
    phase: Phase = "Skipped"
    try:
        proceed, message = when.holds(task.when), f"when '{task.when}' evaluated false"
    except when.NotEvaluated as error:
        proceed, message, phase = False, str(error), "Error"
    if proceed and not has_room(run, dag):
        run.held_back.append(("make", batch))
        return
    batch.pending.popleft()
    if batch.pending:
        run.todo.append(("make", batch))
    place = {"boundary": dag, "owner": batch.owner, "task": batch.task, "exiting": dag.exiting}
    if proceed:
        node = enter(run, name, task.template, task.arguments, **place)  # type: ignore[arg-type]
    else:
        node = create(run, name, "Skipped", phase, template=task.template, message=message, **place)  # type: ignore[arg-type]
    if batch.owner is dag:
        frame.nodes[batch.task] = node
        link(_parents(dag, frame, batch.task), node)
    else:
        link((batch.owner,), node)


def _filled_in(task: Task, reader: Reader) -> Task:
    """`task` with what others have put out; only its `when` where that says no."""
    try:
        condition = replace_all(task.when, reader, _must_have_value)
        try:
            if not when.holds(condition):
                return replace(task, when=condition)
        except when.NotEvaluated as error:
            if not task.expands:
                raise _Problem(str(error)) from None
        parameters = tuple(
            replace(parameter, value=ABSENT_ARGUMENT) if _is_absent(parameter.value, reader) else parameter
            for parameter in task.arguments.parameters
        )
        task = replace(task, arguments=Values(parameters, task.arguments.artifacts))
        filled: Task = replace_all(task, reader, _must_have_value)
    except (Unresolved, ValueError) as error:
        raise _Problem(_explained(str(error))) from None
    artifacts = [_located(artifact, reader) for artifact in filled.arguments.artifacts]
    held = tuple(artifact for artifact in artifacts if artifact is not None)
    return replace(filled, arguments=Values(filled.arguments.parameters, held))


def _must_have_value(tag: str) -> bool:
    return tag.startswith(("tasks.", "steps.")) and ".outputs.artifacts." not in tag


def _explained(problem: str) -> str:
    if problem.startswith("failed to resolve {{tasks."):
        return f"{problem}: it has no value, and a cluster would wait for it for ever; guard the task with a 'when'"
    return problem


def _is_absent(value: str | None, reader: Reader) -> bool:
    if value is None or not (value.startswith("{{") and value.endswith("}}")):
        return False
    found = list(tags(value))
    return len(found) == 1 and len(found[0]) == len(value) - 4 and reader(found[0].strip()) is ABSENT


def _located(artifact: Artifact, reader: Reader) -> Artifact | None:
    if not artifact.source:
        return artifact
    tag = artifact.source.removeprefix("{{").removesuffix("}}").strip()
    found = reader.artifact(tag)
    if found is None:
        if artifact.optional:
            return None
        raise _Problem(f'Unable to resolve: "{tag}"')
    return replace(found, name=artifact.name)


def item_ended(run: Run, group: Node) -> None:
    """An item of a fan-out has ended; after the last one the fan-out has."""
    group.left -= 1
    if group.left == 0:
        broken = [child.phase for child in group.children.values() if child.phase in BROKEN]
        finish(run, group, broken[-1] if broken else "Succeeded")


def task_ended(run: Run, dag: Node, name: str) -> None:
    """A task has ended: others may be ready, or the dag has ended too."""
    frame = dag.frame
    if frame is None or dag.fulfilled:
        return
    frame.open -= 1
    if frame.tripped:
        return
    followers = frame.plan.followers[name]
    for follower in followers:
        frame.waiting[follower] -= 1
    _set_ready(run, dag, [follower for follower in followers if frame.waiting[follower] == 0])
    if frame.open == 0:
        _end(run, dag, frame)


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


def _end(run: Run, dag: Node, frame: Frame) -> None:
    _set_outbound(dag, frame)
    phase = "Failed" if run.strategy is not None and not dag.exiting else _phase(dag, frame)
    if phase != "Succeeded":
        finish(run, dag, phase)
        return
    try:
        outputs = _outputs(run, frame)
    except (_Problem, ValueError) as problem:
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
            raise _Problem(f"output parameter '{parameter.name}': {{{{{tag}}}}} has no value, and there is no default")
        parameters[parameter.name] = value
    artifacts: dict[str, Artifact] = {}
    for artifact in declared.artifacts:
        try:
            found = _located(artifact, reader)
        except _Problem as problem:
            raise _Problem(f"unable to resolve outputs from scope: {problem}") from None
        if found is not None:
            artifacts[artifact.name] = replace(found, name=artifact.name)
    return Outputs(parameters, artifacts)
