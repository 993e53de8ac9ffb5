"""Hooks of the workflow: each a node of its own beside the whole of it once a condition holds; the run's end waits.

https://argo-workflows.readthedocs.io/en/latest/lifecyclehook/
"""

from pipeline.engine.language import expr
from pipeline.engine.scheduler.entering import enter
from pipeline.engine.scheduler.nodes import create, link
from pipeline.engine.scheduler.state import Position, Run
from pipeline.engine.spec import NOTHING


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
