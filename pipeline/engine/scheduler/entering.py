"""From a template and arguments to a node that is about to begin; and whether there is room for one more."""

from typing import Final

from pipeline.engine.language import durations
from pipeline.engine.planning.binding import NotBound, bind
from pipeline.engine.scheduler.nodes import create, display_name, fnv1a
from pipeline.engine.scheduler.state import Node, Phase, Position, Run, Type
from pipeline.engine.spec import MEMO_KEY, Memoize, Template, Values

DEEPEST: Final = 99  # levels of dags and steps within each other, as in the controller
TOO_DEEP: Final = f"Maximum recursion depth exceeded: {DEEPEST} templates within each other"


def enter(run: Run, name: str, template_name: str, arguments: Values, position: Position) -> Node:
    """A node for a template. If its inputs cannot be had, it has already ended with Error."""
    template = run.workflow.templates[template_name]
    try:
        bound = _bound(run, name, template, arguments, position)
    except NotBound as error:
        in_dag = position.owner is not None and position.owner.type in ("DAG", "TaskGroup") and str(error) != TOO_DEEP
        problem = f"task '{name}' errored: {error}" if in_dag else str(error)
        return create(run, name, "Skipped", "Error", template=template_name, position=position, message=problem)
    kind: Type = "Retry" if template.retry is not None else node_type(template)
    phase: Phase = "Pending" if kind in ("Pod", "HTTP", "Suspend") or template.mutexes else "Running"
    node = create(run, name, kind, phase, template=template_name, position=position)
    node.bound, node.inputs = bound, bound.inputs
    node.display_name = bound.display_name or node.display_name
    run.todo.append(("begin", node))
    return node


def _bound(run: Run, name: str, template: Template, arguments: Values, position: Position) -> Template:
    frame = position.boundary.frame if position.boundary is not None else None
    if frame is not None and frame.depth >= DEEPEST:
        raise NotBound(TOO_DEEP)
    local = {"node.name": name}
    if position.task and frame is not None:
        local[f"{frame.template.prefix}.name"] = display_name(name, position.boundary)
    if template.leaf and template.retry is None:
        local["pod.name"] = pod_name(run, name, template.name)
    bound = bind(template, arguments, run.variables, local, run.workflow.config_maps)
    if bound.memoize is not None:
        _check(bound.memoize)
    return bound


def _check(memoize: Memoize) -> None:
    """What only its variables show.

    Raises:
        NotBound: the key or the age is none.
    """
    if not MEMO_KEY.fullmatch(memoize.key):
        raise NotBound(f"invalid cache key: {memoize.key}")
    if memoize.max_age and durations.of_go(memoize.max_age) is None:
        raise NotBound(f'invalid maxAge: time: invalid duration "{memoize.max_age}"')


def node_type(template: Template) -> Type:
    """The type of a template's node; with retries, of each attempt."""
    if template.http is not None:
        return "HTTP"
    if template.leaf:
        return "Pod"
    if template.suspend is not None:
        return "Suspend"
    return "DAG" if template.dag is not None else "Steps"


def has_room(run: Run, boundary: Node | None) -> bool:
    """Whether `parallelism` lets one more node start in a dag or steps (None: another attempt, which only the
    workflow's limit holds back). A daemon that is ready takes room, as on a cluster."""
    limit = run.workflow.parallelism
    if limit is not None and len(run.live) + len(run.daemons) >= limit:
        return False
    frame = boundary.frame if boundary is not None else None
    if frame is None or frame.template.parallelism is None or frame.template.parallelism <= 0:
        return True
    running_on = sum(each.boundary is boundary for each in run.daemons.values()) if run.has_daemons else 0
    return frame.active + running_on < frame.template.parallelism


def timeout(node: Node) -> float | None:
    """When the `timeout` of a leaf ends, which counts while it waits too."""
    seconds = durations.seconds(node.bound.timeout) if node.bound is not None and node.bound.timeout else None
    return node.created_at + seconds if seconds is not None else None


def pod_name(run: Run, node_name: str, template_name: str) -> str:
    """What the pod of a node is called on a cluster."""
    if node_name == run.id:
        return run.id
    return f"{f'{run.id}-{template_name}'[:242]}-{fnv1a(node_name)}"
