"""The containers of a containerSet: nodes below that of their pod, which tell nobody of their ends.

https://argo-workflows.readthedocs.io/en/latest/container-set-template/
"""

from pipeline.engine.scheduler.nodes import create, link
from pipeline.engine.scheduler.state import BROKEN, Node, Phase, Position, Run


def make(run: Run, pod: Node) -> None:
    """Make the nodes of a pod's containers; nothing if it is of no set."""
    found = pod.bound.container_set if pod.bound is not None else None
    for part in found.parts if found is not None else ():
        name, position = _name(pod, part.name), Position(pod, pod, exiting=pod.exiting)
        run.containers[name] = create(run, name, "Container", "Pending", template=pod.template, position=position)
    for part in found.parts if found is not None else ():
        above = [run.containers[_name(pod, each)] for each in part.dependencies] or [pod]
        link(above, run.containers[_name(pod, part.name)])


def _name(pod: Node, container: str) -> str:
    return f"{pod.name}.{container}"


def running(run: Run, name: str) -> None:
    """A container has begun."""
    node = run.containers[name]
    node.phase, node.started_at = "Running", run.now
    node.touch()


def ended(run: Run, name: str, phase: Phase, message: str) -> None:
    """A container has ended."""
    node = run.containers.pop(name)
    node.phase, node.message, node.finished_at = phase, message, run.now
    node.touch()


def begin_again(run: Run, pod: Node) -> None:
    """A pod begins anew, with all its containers."""
    for node in _of(pod):
        run.containers[node.name] = node
        node.phase, node.message, node.started_at, node.finished_at = "Pending", "", None, None
        node.touch()


def close(run: Run, pod: Node) -> None:
    """A pod has ended: so have those of its containers of which nothing was heard."""
    for node in _of(pod):
        if node.name in run.containers:
            broken = pod.phase in BROKEN
            message = "Pod Failed whilst container running" if broken else ""
            ended(run, node.name, "Failed" if broken else pod.phase, message)


def _of(pod: Node) -> list[Node]:
    found, todo = {}, [pod]
    while todo:
        for child in todo.pop().children.values():
            if child.type == "Container" and child.boundary is pod and child.id not in found:
                found[child.id] = child
                todo.append(child)
    return list(found.values())
