"""Exit hooks of tasks and steps: when a node has ended, a node of its own, before anything that waits for the first.

https://argo-workflows.readthedocs.io/en/latest/walk-through/exit-handlers/
"""

from dataclasses import replace

from pipeline.engine.language import expr
from pipeline.engine.scheduler.entering import enter, has_room
from pipeline.engine.scheduler.nodes import create, link
from pipeline.engine.scheduler.reading import Reader
from pipeline.engine.scheduler.state import COMPLETED, Frame, Node, Position, Run
from pipeline.engine.scheduler.tasks import NotReady, with_arguments
from pipeline.engine.spec import Hook, Values


def begin(run: Run, node: Node) -> bool:
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
