"""A dag's progress: which tasks start when others have ended, and how a fan-out becomes nodes.

https://argo-workflows.readthedocs.io/en/latest/walk-through/dag/
"""

from collections import deque
from functools import partial

from pipeline.engine.planning import items
from pipeline.engine.scheduler.batches import parents
from pipeline.engine.scheduler.dag_ends import end
from pipeline.engine.scheduler.hooks import of_tasks
from pipeline.engine.scheduler.nodes import create, finish, link
from pipeline.engine.scheduler.reading import NotJson, Reader
from pipeline.engine.scheduler.state import BROKEN, Batch, DagFrame, Node, Phase, Position, Run, Type
from pipeline.engine.scheduler.tasks import NotReady, fill_in, result_of


def begin(run: Run, dag: Node, frame: DagFrame) -> None:
    """Start a dag: its tasks that depend on nothing are ready."""
    dag.frame = frame
    frame.waiting = {name: len(condition.tasks) for name, condition in frame.plan.conditions.items()}
    _set_ready(run, dag, frame, [name for name, left in frame.waiting.items() if left == 0])


def _set_ready(run: Run, dag: Node, frame: DagFrame, names: list[str]) -> None:
    frame.open += len(names)
    run.todo.extend(("ready", (dag, name)) for name in reversed(names))


def start(run: Run, dag: Node, name: str) -> None:
    """Start a task whose dependencies have ended, or omit it."""
    frame = dag.frame
    if not isinstance(frame, DagFrame) or frame.tripped:
        return
    if not frame.plan.conditions[name].holds(partial(result_of, frame)):
        _task_node(run, dag, frame, name, phase="Omitted", message="omitted: depends condition not met")
        return
    reader = Reader(run, frame, name)
    try:
        task = fill_in(frame.tasks[name], reader)
        tasks = items.expand(task, reader, in_dag=True)
    except (NotReady, items.NotExpanded) as problem:
        if isinstance(problem.__cause__, NotJson):
            frame.problem = str(problem)
        _task_node(run, dag, frame, name, phase="Error", message=str(problem))
        return
    if not tasks:
        _task_node(run, dag, frame, name, phase="Skipped", message="Skipped, empty params")
        return
    owner = dag
    if task.expands:
        owner = _task_node(run, dag, frame, name, kind="TaskGroup", phase="Running")
        owner.started_at, owner.left = run.now, len(tasks)
    run.todo.append(("make", Batch(dag, name, owner, deque(tasks))))


def _task_node(
    run: Run, dag: Node, frame: DagFrame, name: str, *, kind: Type = "Skipped", phase: Phase, message: str = ""
) -> Node:
    """A node that stands for a whole task: for all its items, or because it does not run."""
    template, position = frame.tasks[name].template, Position(dag, dag, name, dag.exiting)
    node = create(run, f"{dag.name}.{name}", kind, phase, template=template, position=position, message=message)
    frame.nodes[name] = node
    link(parents(dag, frame, name), node)
    of_tasks.watch(run, node, frame.tasks[name])
    return node


def item_ended(run: Run, group: Node) -> None:
    """An item of a fan-out has ended; after the last one the fan-out has."""
    group.left -= 1
    if group.left == 0:
        broken = [each.phase for each in group.children.values() if each.owner is group and each.phase in BROKEN]
        finish(run, group, broken[-1] if broken else "Succeeded")


def task_ended(run: Run, dag: Node, name: str) -> None:
    """A task has ended: others may be ready, or the dag has ended too."""
    frame = dag.frame
    if not isinstance(frame, DagFrame) or dag.fulfilled:
        return
    frame.open -= 1
    if frame.tripped:
        return
    followers = frame.plan.followers[name]
    for follower in followers:
        frame.waiting[follower] -= 1
    _set_ready(run, dag, frame, [follower for follower in followers if frame.waiting[follower] == 0])
    if frame.open == 0:
        end(run, dag, frame)
