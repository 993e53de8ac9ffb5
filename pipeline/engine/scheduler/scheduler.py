"""The middle of the engine: a run's state and an event → the changed state and what to do. No clock, no files; the same
events always make the same run.

It makes the node tree that Argo's controller makes of the same manifest: the same names, types and phases. The
controller looks at the whole tree again and again; this follows from each event only what the event changes, so the
work grows with the number of nodes. What follows is kept on a stack, so that a long chain is no deep recursion.
"""

from collections.abc import Callable
from typing import Any, Final

from pipeline.engine.planning.plans import plans
from pipeline.engine.planning.run_variables import run_variables
from pipeline.engine.scheduler import batches, dags, handlers, retries, steps
from pipeline.engine.scheduler.beginning import begin
from pipeline.engine.scheduler.dag_ends import fail_fast
from pipeline.engine.scheduler.entering import has_room
from pipeline.engine.scheduler.events import Event
from pipeline.engine.scheduler.hooks import of_tasks, of_workflow
from pipeline.engine.scheduler.pods import containers, crowding, daemons
from pipeline.engine.scheduler.run_ends import conclude, hook_ended, main_ended
from pipeline.engine.scheduler.state import Batch, Command, Node, Run, Type, Verb
from pipeline.engine.spec import Values, Workflow


def new_run(
    run_id: str,
    uid: str,
    workflow: Workflow,
    arguments: Values,
    created_at: float,
    *,
    scheduled_at: float | None = None,
) -> Run:
    """A run that has not begun. `arguments`: every parameter of the workflow, with its value. `scheduled_at`: the time
    for which a schedule started it."""
    variables = run_variables(run_id, workflow, arguments, uid=uid, created_at=created_at, scheduled_at=scheduled_at)
    run = Run(run_id, workflow, arguments, plans(workflow.templates), variables, halted=workflow.suspended)
    run.has_daemons = any(template.daemon for template in workflow.templates.values())
    return run


def advance(run: Run, event: Event) -> list[Command]:
    """Take in one event; what to do now.

    Raises:
        PipelineError: the event does not fit the run, so it is from another version of the engine.
    """
    handlers.handle(run, event)
    if run.halted:
        run.put_off.append(run.todo)
        run.todo = []
    else:
        _settle(run)
    commands, run.commands = run.commands, []
    return commands


def _settle(run: Run) -> None:
    """Do all that follows, until nothing does."""
    while True:
        while run.todo:
            verb, about = run.todo.pop()
            _VERBS[verb](run, about)
        for name, whole in list(run.tripped.items()):
            fail_fast(run, whole)
            if whole.fulfilled:
                del run.tripped[name]
        if not run.todo and not _use_room(run) and not _begin_hooks(run) and not crowding.end(run):
            return


def _begin_hooks(run: Run) -> bool:
    """Start the hooks whose conditions hold now, of tasks and of the workflow; whether there is one."""
    if any(of_tasks.begin(run, node) for node in list(run.hooked.values())):
        return True
    return run.root is not None and not run.root.fulfilled and of_workflow.begin(run)


def _use_room(run: Run) -> bool:
    """Take up the first thing held back for which there is room now; whether there is one."""
    for position, (verb, about) in enumerate(run.held_back):
        if has_room(run, _boundary_of(verb, about)):
            del run.held_back[position]
            run.todo.append((verb, about))
            return True
        if not has_room(run, None):
            return False
    return False


def _boundary_of(verb: Verb, about: Batch | Node) -> Node | None:
    """Whose parallelism holds something back, besides the workflow's."""
    return about.boundary if isinstance(about, Batch) or verb == "ended" else None


def _ended(run: Run, node: Node) -> None:
    """Tell a node's owner of its end, once its hooks have run, the exit hook last."""
    if run.containers and node.type == "Pod" and not node.daemoned:
        containers.close(run, node)
    if daemons.lingers(run, node):
        return
    if node.exit_of is not None:
        _tell_owner(run, node.exit_of)
    elif node.beside is not None:
        if node.beside.fulfilled and node.beside.name in run.hooked:
            _ended(run, node.beside)
    elif not of_tasks.wait(run, node) and not of_tasks.begin_exit(run, node):
        _tell_owner(run, node)


def _tell_owner(run: Run, node: Node) -> None:
    owner = node.owner
    if node.told and not node.is_attempt:
        daemons.settled(run, node)  # it ended by itself
        return
    node.told = True
    if owner is not None:
        if not owner.fulfilled or owner.daemoned:
            _OWNERS[owner.type](run, owner, node)
    elif node is run.exit:
        conclude(run)
    elif node.name in run.hooks:
        hook_ended(run)
    else:
        main_ended(run, node)


# What each type of node does when one that it owns has ended.
_OWNERS: Final[dict[Type, Callable[[Run, Node, Node], None]]] = {
    "Retry": lambda run, retry, _: retries.judge(run, retry),
    "TaskGroup": lambda run, group, _: dags.item_ended(run, group),
    "StepGroup": lambda run, group, _: steps.step_ended(run, group),
    "Steps": steps.group_ended,
    "DAG": lambda run, dag, node: dags.task_ended(run, dag, node.task),
}
_VERBS: Final[dict[Verb, Callable[[Run, Any], None]]] = {
    "begin": begin,
    "make": batches.make,
    "ready": lambda run, about: dags.start(run, *about),
    "fill": steps.fill,
    "attempt": retries.attempt,
    "judge": retries.judge,
    "ended": _ended,
}
