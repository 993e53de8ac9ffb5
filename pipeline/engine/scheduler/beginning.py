"""How a node begins: it acquires its mutexes, asks what is remembered of it, then becomes attempts, a dag, steps, a
pause, or a leaf that starts."""

from typing import Final

from pipeline.engine.planning.plans import plan, with_targets
from pipeline.engine.scheduler import dags, steps, suspensions
from pipeline.engine.scheduler.entering import has_room
from pipeline.engine.scheduler.locks import lock
from pipeline.engine.scheduler.nodes import finish
from pipeline.engine.scheduler.pods import containers, daemons
from pipeline.engine.scheduler.state import DagFrame, Node, Recall, Run, StepsFrame
from pipeline.engine.spec import Template

DEADLINE: Final = "Step exceeded its deadline"


def begin(run: Run, node: Node) -> None:
    """Begin a node: acquire its mutexes first, then start what its template says."""
    template = node.bound
    if template is None:
        return
    if template.mutexes and not node.is_attempt and node.lock != "held":
        lock(run, node, template.mutexes)
    elif template.memoize is not None and not node.is_attempt and node.recalled is None:
        run.recalling[node.name] = node
        run.commands.append(Recall(node, template.memoize))
    elif node.type == "Retry":
        node.phase = "Running"
        node.started_at = run.now
        run.todo.append(("attempt", node))
    elif template.suspend is not None:
        _begin_pause(run, node, template)
    elif template.tasks:
        _begin_tasks(run, node, template)
    else:
        _begin_leaf(run, node)
    node.touch()


def _begin_tasks(run: Run, node: Node, template: Template) -> None:
    node.phase = "Running"
    node.started_at = run.now
    declared, known = run.workflow.templates[node.template].dag, run.plans[node.template]
    if declared is not None and declared.has_late_targets:
        template = with_targets(template)
        try:
            known = plan(template)
        except KeyError as name:
            finish(run, node, "Error", f"dag.target names {name}, which is not a task")
            return
    depth = node.enclosing.depth + 1 if node.enclosing is not None else 1
    tasks = {task.name: task for task in template.tasks}
    if template.dag is not None:
        dags.begin(run, node, DagFrame(template, known, tasks, depth))
    else:
        steps.begin(run, node, StepsFrame(template, known, tasks, depth))


def _begin_pause(run: Run, node: Node, template: Template) -> None:
    if run.strategy is not None and not exempt(run, node):
        finish(run, node, "Failed", f"Stopped with strategy '{run.strategy}'")
    elif run.deadline_passed and not node.exiting:
        finish(run, node, "Failed", DEADLINE)
    else:
        suspensions.begin(run, node, template)


def _begin_leaf(run: Run, node: Node) -> None:
    if run.strategy is not None and not exempt(run, node):
        finish(run, node, "Failed", f"workflow shutdown with strategy: {run.strategy}")
    elif run.deadline_passed and not node.exiting:
        finish(run, node, "Failed", DEADLINE)
    elif not has_room(run, None):
        run.held_back.append(("begin", node))  # while it waited for a mutex, others have taken its room
    else:
        run.live[node.name] = node
        containers.make(run, node)
        daemons.start(run, node)


def exempt(run: Run, node: Node) -> bool:
    """Whether a node continues although the run was stopped: as part of an exit handler, unless it is terminated."""
    return node.exiting and run.strategy != "Terminate"
