"""Daemons: leaves that what follows does not wait for once they are ready. They end with the dag or steps that they are
part of; until then one that ends by itself has failed.

https://argo-workflows.readthedocs.io/en/latest/walk-through/daemon-containers/
"""

from collections.abc import Callable

from pipeline.engine.scheduler.state import Node, Run, Start


def ready(run: Run, node: Node) -> None:
    """A daemon is ready: tell its owner, unless this is known."""
    node.phase, node.started_at = "Running", run.now
    node.touch()
    if node in run.reviving:
        revived(run, node)
        return
    run.live.pop(node.name, None)
    run.daemons[node.name] = node
    node.daemoned = True
    if node.enclosing is not None:
        node.enclosing.active -= 1
    if node.owner is not None and node.is_attempt:
        node.owner.daemoned, node.owner.phase = True, "Running"
    run.todo.append(("ended", node))


def gone(run: Run, node: Node) -> None:
    """A daemon that was told to end has ended; what follows its dag or steps was waiting for that."""
    del run.retired[node.name]
    if node in run.reviving:
        revived(run, node)
    settled(run, node)


def settled(run: Run, node: Node) -> None:
    """A daemon has ended, and so has its exit hook."""
    run.late.pop(node.name, None)
    whole = node.boundary
    if whole is not None and whole.fulfilled and not whole.told and not lingers(run, whole):
        run.todo.append(("ended", whole))


def lingers(run: Run, whole: Node) -> bool:
    """Whether a daemon of a dag or steps is still about to end, or the exit hook of one that ended by itself."""
    return any(each.boundary is whole for each in (*run.retired.values(), *run.late.values()))


def revive(run: Run) -> None:
    """Start the daemons of a resumed run again, one after the other as they came to be; other leaves begin when the
    last one is ready."""
    run.reviving, run.postponed = list(run.daemons.values()), []
    for node in run.reviving:
        node.phase = "Pending"
        node.touch()
    _go_on(run)


def revived(run: Run, node: Node) -> None:
    """A daemon is ready again, or never will be."""
    was_first = run.reviving[0] is node
    run.reviving.remove(node)
    if was_first:
        _go_on(run)


def withdrawn(run: Run, ends: Callable[[Node], bool]) -> list[Node]:
    """What has not begun again, since a daemon before it is not ready, and never will, of what `ends`."""
    waiting = [*run.reviving[1:], *run.postponed]
    run.reviving = [*run.reviving[:1], *(node for node in run.reviving[1:] if not ends(node))]
    run.postponed = [node for node in run.postponed if not ends(node)]
    return [node for node in waiting if ends(node) and not node.fulfilled]


def start(run: Run, node: Node) -> None:
    """Start a leaf, now or when all daemons are ready again."""
    if run.reviving:
        run.postponed.append(node)
    else:
        run.commands.append(Start(node))


def _go_on(run: Run) -> None:
    if run.reviving:
        run.commands.append(Start(run.reviving[0]))
        return
    run.commands.extend(Start(each) for each in run.postponed if each.name in run.live)
    run.postponed = []
