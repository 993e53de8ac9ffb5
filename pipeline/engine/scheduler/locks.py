"""Mutexes: acquired before a node begins, released when it ends.

The journal knows who holds which, because they hold across runs.
https://argo-workflows.readthedocs.io/en/latest/synchronization/
"""

from pipeline.engine.scheduler.nodes import finish
from pipeline.engine.scheduler.state import Lock, Node, Run
from pipeline.engine.spec import SEMAPHORE


def lock(run: Run, node: Node, mutexes: tuple[str, ...]) -> None:
    """Ask for the mutexes of a node; it is an error if something that it is part of holds one of them."""
    above, wanted = node.boundary, {name for name in mutexes if not name.startswith(SEMAPHORE)}
    held, holder = wanted.intersection(run.workflow.mutexes), "the workflow itself"
    while above is not None and not held:
        held, holder = wanted.intersection(_mutexes(above)), above.name
        above = above.boundary
    if held:
        finish(run, node, "Error", f"mutex {min(held)} is held by {holder}, of which this is a part; "
                                   "a cluster would wait forever")  # fmt: skip
        return
    ask_for(run, node, mutexes)


def ask_for(run: Run, node: Node, mutexes: tuple[str, ...]) -> None:
    """Ask for mutexes; `Locked` reports that the node has them."""
    node.lock, node.mutexes = "waiting", mutexes
    run.locking[node.name] = node
    run.commands.append(Lock(node, mutexes))


def _mutexes(node: Node) -> tuple[str, ...]:
    return node.frame.template.mutexes if node.frame is not None else ()
