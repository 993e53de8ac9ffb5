"""From a template and arguments to a node that is about to begin; and whether there is room for one more."""

from typing import Final

from pipeline.engine.language import durations
from pipeline.engine.planning.binding import NotBound, bind
from pipeline.engine.scheduler.nodes import create, display_name, fnv1a
from pipeline.engine.scheduler.state import Node, Run, Type
from pipeline.engine.spec import Template, Values

DEEPEST: Final = 99  # dags and steps within each other, as in the controller
TOO_DEEP: Final = f"Maximum recursion depth exceeded: {DEEPEST} templates within each other"


def enter(
    run: Run,
    name: str,
    template_name: str,
    arguments: Values,
    *,
    boundary: Node | None,
    owner: Node | None,
    task: str = "",
    exiting: bool = False,
) -> Node:
    """A node for a template. Where its inputs cannot be had it has ended with Error."""
    template = run.workflow.templates[template_name]
    local = {"node.name": name}
    if task and boundary is not None and boundary.frame is not None:
        local[f"{boundary.frame.template.prefix}.name"] = display_name(name, boundary)
    if template.leaf and template.retry is None:
        local["pod.name"] = pod_name(run, name, template.name)
    problem = ""
    try:
        if _depth(boundary) >= DEEPEST:
            raise NotBound(TOO_DEEP)
        bound = bind(template, arguments, run.variables, local)
    except NotBound as error:
        problem = str(error)
        if owner is not None and owner.type in ("DAG", "TaskGroup") and problem != TOO_DEEP:
            problem = f"task '{name}' errored: {problem}"
    kind: Type = "Skipped" if problem else node_type(template, retries=True)
    phase = "Error" if problem else "Pending" if kind in ("Pod", "Suspend") or template.mutexes else "Running"
    node = create(
        run,
        name,
        kind,
        phase,  # type: ignore[arg-type]  # one of the three above
        template=template_name,
        boundary=boundary,
        owner=owner,
        task=task,
        exiting=exiting,
        message=problem,
    )
    if not problem:
        node.bound = bound
        node.inputs = bound.inputs
        node.display_name = bound.display_name or node.display_name
        run.todo.append(("begin", node))
    return node


def node_type(template: Template, *, retries: bool) -> Type:
    """The type of a template's node; with `retries`, of the one that holds its attempts."""
    if retries and template.retry is not None:
        return "Retry"
    if template.leaf:
        return "Pod"
    return "Suspend" if template.suspend is not None else "DAG" if template.dag is not None else "Steps"


def has_room(run: Run, boundary: Node | None) -> bool:
    """Whether `parallelism` lets one more node start in a dag (None: just another attempt, which only the workflow's
    limit holds back)."""
    limit = run.workflow.parallelism
    if limit is not None and run.active_pods >= limit:
        return False
    frame = boundary.frame if boundary is not None else None
    if frame is None or frame.template.parallelism is None or frame.template.parallelism <= 0:
        return True
    return frame.active < frame.template.parallelism


def timeout(node: Node) -> float | None:
    """Until when a leaf may take at most, by its `timeout`, which counts while it waits too."""
    seconds = durations.seconds(node.bound.timeout) if node.bound is not None and node.bound.timeout else None
    return node.created_at + seconds if seconds is not None else None


def pod_name(run: Run, node_name: str, template_name: str) -> str:
    """What the pod of a node is called on a cluster."""
    if node_name == run.id:
        return run.id
    return f"{f'{run.id}-{template_name}'[:242]}-{fnv1a(node_name)}"


def _depth(boundary: Node | None) -> int:
    return boundary.frame.depth if boundary is not None and boundary.frame is not None else 0
