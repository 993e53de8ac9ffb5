"""A dag's progress: which tasks start when others have ended, and how a fan-out becomes nodes.

https://argo-workflows.readthedocs.io/en/latest/walk-through/dag/
"""

from collections import deque
from functools import partial

from pipeline.engine.planning import items
from pipeline.engine.scheduler.batches import parents
from pipeline.engine.scheduler.dag_ends import end
from pipeline.engine.scheduler.nodes import create, finish, link
from pipeline.engine.scheduler.reading import NotJson, Reader
from pipeline.engine.scheduler.state import BROKEN, Batch, Frame, Node, Phase, Run
from pipeline.engine.scheduler.tasks import NotReady, fill_in, result_of


def begin(run: Run, dag: Node, frame: Frame) -> None:
    """Start a dag: its tasks that depend on nothing are ready."""
    dag.frame = frame
    frame.waiting = {name: len(condition.tasks) for name, condition in frame.plan.conditions.items()}
    _set_ready(run, dag, [name for name, left in frame.waiting.items() if left == 0])


def _set_ready(run: Run, dag: Node, names: list[str]) -> None:
    if dag.frame is not None:
        dag.frame.open += len(names)
    run.todo.extend(("ready", (dag, name)) for name in reversed(names))


def ready(run: Run, dag: Node, name: str) -> None:
    """What a task waited for has ended: omit it, or make what it says."""
    frame = dag.frame
    if frame is None or frame.tripped:
        return
    if not frame.plan.conditions[name].holds(partial(result_of, frame)):
        _settled(run, dag, name, "Omitted", "omitted: depends condition not met")
        return
    reader = Reader(run, frame, name)
    try:
        task = fill_in(frame.tasks[name], reader)
        tasks = items.expand(task, reader, in_dag=True)
    except (NotReady, items.NotExpanded) as problem:
        if isinstance(problem.__cause__, NotJson):
            frame.problem = str(problem)
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
    link(parents(dag, frame, name), node)
    return node


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
        end(run, dag, frame)
