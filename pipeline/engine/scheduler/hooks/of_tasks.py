"""Hooks of a task or step, each a node of its own: beside it once a condition holds, and when it has ended (`exit`).
What waits for the task waits for them too; how they end changes nothing.

https://argo-workflows.readthedocs.io/en/latest/lifecyclehook/
https://argo-workflows.readthedocs.io/en/latest/walk-through/exit-handlers/
"""

from dataclasses import replace

from pipeline.engine.language import expr
from pipeline.engine.scheduler.entering import enter, has_room
from pipeline.engine.scheduler.nodes import create, link
from pipeline.engine.scheduler.reading import Reader
from pipeline.engine.scheduler.state import COMPLETED, Frame, Node, Position, Run
from pipeline.engine.scheduler.tasks import NotReady, with_arguments
from pipeline.engine.spec import NOTHING, Hook, Task, Values


def watch(run: Run, node: Node, task: Task) -> None:
    """Begin the hooks of a node's task once their conditions hold, until the node is settled."""
    if task.hooks:
        node.hooks = task.hooks
        run.hooked[node.name] = node


def begin(run: Run, node: Node) -> bool:
    """Start the hooks of a node whose conditions hold now, as long as there is room; whether there is one."""
    frame, begun = node.enclosing, False
    for name, problem in _due(run, node):
        if frame is None or not has_room(run, node.boundary):
            break
        _begin(run, frame, node, name, problem)
        begun = True
    return begun


def _due(run: Run, node: Node) -> list[tuple[str, str]]:
    """The hooks that have not begun and whose conditions hold; or cannot be evaluated, with why."""
    frame, found = node.enclosing, []
    if frame is None or frame.tripped or (frame.template.dag is not None and node.phase == "Pending"):
        return []
    for name, hook in node.hooks.items():
        try:
            if _name(node, name) not in run.nodes and expr.holds(hook.expression, Reader(run, frame, node.task, node)):
                found.append((name, ""))
        except expr.NotEvaluated as problem:
            found.append((name, str(problem)))
    return found


def _name(node: Node, hook: str) -> str:
    return f"{node.name}.hooks.{hook}"


def _begin(run: Run, frame: Frame, node: Node, name: str, problem: str) -> None:
    hook, position = node.hooks[name], Position(node.boundary, node.boundary, exiting=node.exiting)
    try:
        arguments = _of_beside(run, frame, node, hook) if not problem else NOTHING
    except NotReady as missing:
        arguments, problem = NOTHING, str(missing)
    if problem:
        made = create(
            run, _name(node, name), "Skipped", "Error", template=hook.template, position=position, message=problem
        )
    else:
        made = enter(run, _name(node, name), hook.template, arguments, position)
    made.beside = node
    link((node,), made)


def _of_beside(run: Run, frame: Frame, node: Node, hook: Hook) -> Values:
    """The arguments of a hook; as in the controller, as they stand as long as the node has no outputs at all."""
    arguments = hook.arguments or NOTHING
    if node.last_attempt.outputs is None:
        return arguments
    reader = Reader(run, frame, node.task, node)
    return with_arguments(replace(frame.tasks[node.task], arguments=arguments), reader).arguments


def wait(run: Run, node: Node) -> bool:
    """Whether a node that has ended waits for hooks beside it; those whose conditions hold now begin."""
    if node.name not in run.hooked:
        return False
    begin(run, node)
    if _due(run, node):
        run.held_back.append(("ended", node))
        return True
    if any(child.beside is node and not child.fulfilled for child in node.children.values()):
        return True
    del run.hooked[node.name]
    return False


def begin_exit(run: Run, node: Node) -> bool:
    """Start the exit hook of a node that has ended, now or when there is room; whether it has one."""
    frame = node.enclosing
    hook = _hook(run, node, frame) if frame is not None else None
    if frame is None or hook is None:
        return False
    name = f"{node.name}.onExit"
    if name in run.nodes:
        return True  # the end of a hook beside it has begun this one already
    if not has_room(run, node.boundary):
        run.held_back.append(("ended", node))
        return True
    position = Position(node.boundary, node.boundary, exiting=True)
    try:
        arguments = _arguments(run, frame, node, hook)
        if arguments is None:
            return False
        made = enter(run, name, hook.template, arguments, position)
    except (NotReady, expr.NotEvaluated) as problem:
        made = create(run, name, "Skipped", "Error", template=hook.template, position=position, message=str(problem))
    made.exit_of = node
    if node.told:
        run.late[node.name] = node
    link((node,), made)
    return True


def _hook(run: Run, node: Node, frame: Frame) -> Hook | None:
    """The hook that runs now that a node has ended."""
    if not node.task or node.type == "StepGroup" or node.is_attempt or node.phase not in COMPLETED:
        return None
    if frame.tripped or run.strategy == "Terminate" or (node.boundary is not None and node.boundary.fulfilled):
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
