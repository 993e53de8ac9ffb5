"""Exit hooks of tasks and steps: a node of its own when one has ended, before anything that waits for it.

https://argo-workflows.readthedocs.io/en/latest/walk-through/exit-handlers/
"""

from dataclasses import replace

from pipeline.engine.language import expr
from pipeline.engine.scheduler.entering import enter, has_room
from pipeline.engine.scheduler.nodes import create, link
from pipeline.engine.scheduler.reading import Reader
from pipeline.engine.scheduler.state import COMPLETED, Frame, Node, Run
from pipeline.engine.scheduler.tasks import NotReady, argued
from pipeline.engine.spec import Hook, Values


def begin(run: Run, node: Node) -> bool:
    """Start the exit hook of a node that has ended, now or when there is room; whether there is one."""
    boundary = node.boundary
    frame = boundary.frame if boundary is not None else None
    if boundary is None or frame is None or not node.task or node.type == "StepGroup" or node.phase not in COMPLETED:
        return False
    hook = node.hook if node.type != "TaskGroup" else frame.tasks[node.task].on_exit
    if hook is None or frame.tripped or run.strategy == "Terminate":
        return False
    if node.owner is not None and node.owner.type == "Retry":
        return False
    if not has_room(run, boundary):
        run.held_back.append(("ended", node))
        return True
    name = f"{node.name}.onExit"
    try:
        arguments = _arguments(run, frame, node, hook)
        if arguments is None:
            return False
        found = enter(run, name, hook.template, arguments, boundary=boundary, owner=boundary, exiting=True)
    except (NotReady, expr.NotEvaluated) as problem:
        found = create(run, name, "Skipped", "Error", template=hook.template, boundary=boundary, owner=boundary,
                       exiting=True, message=str(problem))  # fmt: skip
    found.exit_of = node
    link((node,), found)
    return True


def _arguments(run: Run, frame: Frame, node: Node, hook: Hook) -> Values | None:
    """What the hook is given; None where its condition does not hold."""
    reader = Reader(run, frame, node.task, node)
    if hook.expression and not expr.holds(hook.expression, reader):
        return None
    if hook.arguments is None:
        return run.arguments
    return argued(replace(frame.tasks[node.task], arguments=hook.arguments), reader).arguments
