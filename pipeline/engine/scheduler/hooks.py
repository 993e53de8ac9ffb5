"""Hooks: a node of its own when a task or step has ended, before anything that waits for it (`exit`); and beside the
whole workflow once a condition holds, for which the run's end waits.

https://argo-workflows.readthedocs.io/en/latest/walk-through/exit-handlers/
https://argo-workflows.readthedocs.io/en/latest/lifecyclehook/
"""

from dataclasses import replace

from pipeline.engine.language import expr
from pipeline.engine.scheduler.entering import enter, has_room
from pipeline.engine.scheduler.nodes import create, link
from pipeline.engine.scheduler.reading import Reader
from pipeline.engine.scheduler.state import COMPLETED, Frame, Node, Position, Run
from pipeline.engine.scheduler.tasks import NotReady, with_arguments
from pipeline.engine.spec import NOTHING, Hook, Values


def begin_exit(run: Run, node: Node) -> bool:
    """Start the exit hook of a node that has ended, now or when there is room; whether it has one."""
    frame = node.enclosing
    hook = _hook(run, node, frame) if frame is not None else None
    if frame is None or hook is None:
        return False
    if not has_room(run, node.boundary):
        run.held_back.append(("ended", node))
        return True
    name, position = f"{node.name}.onExit", Position(node.boundary, node.boundary, exiting=True)
    try:
        arguments = _arguments(run, frame, node, hook)
        if arguments is None:
            return False
        made = enter(run, name, hook.template, arguments, position)
    except (NotReady, expr.NotEvaluated) as problem:
        made = create(run, name, "Skipped", "Error", template=hook.template, position=position, message=str(problem))
    made.exit_of = node
    link((node,), made)
    return True


def _hook(run: Run, node: Node, frame: Frame) -> Hook | None:
    """The hook that runs now that a node has ended."""
    if not node.task or node.type == "StepGroup" or node.is_attempt or node.phase not in COMPLETED:
        return None
    if frame.tripped or run.strategy == "Terminate":
        return None
    return node.hook if node.type != "TaskGroup" else frame.tasks[node.task].on_exit


def _arguments(run: Run, frame: Frame, node: Node, hook: Hook) -> Values | None:
    """The arguments of the hook; None if its condition does not hold."""
    reader = Reader(run, frame, node.task, node)
    if hook.expression and not expr.holds(hook.expression, reader):
        return None
    if hook.arguments is None:
        return run.arguments
    return with_arguments(replace(frame.tasks[node.task], arguments=hook.arguments), reader).arguments


def begin(run: Run) -> bool:
    """Start the hooks of the workflow whose conditions hold now; whether there is one."""
    begun = False
    for name, hook in (run.workflow.hooks or {}).items() if run.root is not None else ():
        node_name = f"{run.id}.hooks.{name}"
        if run.root is None or node_name in run.hooks:
            continue
        try:
            if not expr.holds(hook.expression, run.variables.get):
                continue
            node = enter(run, node_name, hook.template, hook.arguments or NOTHING, Position())
        except expr.NotEvaluated as problem:
            node = create(
                run, node_name, "Skipped", "Error", template=hook.template, position=Position(), message=str(problem)
            )
        link((run.root,), node)
        run.hooks[node_name] = node
        begun = True
    return begun


def ended(run: Run) -> bool:
    """Whether all that have started have ended."""
    return all(node.fulfilled for node in run.hooks.values())
