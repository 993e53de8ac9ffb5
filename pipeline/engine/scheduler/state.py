"""The state of one run, and what it asks for.

Only `scheduler.advance(run, event)` changes a `Run`. It holds no clock and no file: times come with the events, and
what has to happen outside goes out as commands. So the same events always lead to the same state, which is how runs are
resumed and viewed.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from pipeline.engine.planning.plans import Plan
from pipeline.engine.scheduler.events import Outputs, Strategy
from pipeline.engine.spec import NOTHING, Hook, Memoize, Task, Template, Values, Workflow

Phase = Literal["Pending", "Running", "Succeeded", "Failed", "Error", "Skipped", "Omitted"]
Type = Literal["Pod", "HTTP", "Suspend", "DAG", "Steps", "StepGroup", "TaskGroup", "Retry", "Skipped", "Container"]

BROKEN = frozenset(("Failed", "Error"))
COMPLETED = BROKEN | {"Succeeded"}
FULFILLED = COMPLETED | {"Skipped", "Omitted"}


# What the run asks for.


@dataclass(frozen=True, eq=False)
class Start:
    """Start this leaf as soon as there is room."""

    node: "Node"


@dataclass(frozen=True, eq=False)
class Kill:
    """End this leaf, started or not, and report it with `Ended`."""

    node: "Node"


@dataclass(frozen=True, eq=False)
class Lock:
    """Acquire these mutexes for this node, and report it with `Locked`."""

    node: "Node"
    mutexes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Unlock:
    """Release what this node holds, or stop waiting for it."""

    node: "Node"


@dataclass(frozen=True, eq=False)
class Recall:
    """Look for what this node has put out before, and report it with `Recalled`."""

    node: "Node"
    memoize: Memoize


@dataclass(frozen=True, eq=False)
class Remember:
    """Keep what this node has put out."""

    node: "Node"
    memoize: Memoize


Command = Start | Kill | Lock | Unlock | Recall | Remember

# What is left to do within one event: begin a node, make the nodes of a batch, start a task whose dependencies have
# ended, fill a group of steps, make another attempt, judge a retry node, tell a node's owner that the node has ended.
Verb = Literal["begin", "make", "ready", "fill", "attempt", "judge", "ended"]


class Position(NamedTuple):
    """Where a node belongs. `boundary`: the dag or steps that it is part of. `owner`: the node that is told of its end:
    the dag, group, fan-out or retry node that it was made for. The root and the exit handler have neither."""

    boundary: "Node | None" = None
    owner: "Node | None" = None
    task: str = ""  # of the dag, or step
    exiting: bool = False  # belongs to an exit handler


@dataclass(slots=True, eq=False)
class Node:
    """One node of Argo's node tree; for the fields of its position see `Position`."""

    id: str
    name: str
    display_name: str
    template: str
    type: Type
    phase: Phase
    boundary: "Node | None" = None
    owner: "Node | None" = None
    task: str = ""
    exiting: bool = False
    hook: Hook | None = None  # what runs when it has ended
    exit_of: "Node | None" = None  # the node whose exit hook it is
    hooks: Mapping[str, Hook] = field(default_factory=dict)  # by name: what runs beside it
    beside: "Node | None" = None  # the node whose hook it is
    attempt: int = 0
    message: str = ""
    created_at: float = 0.0
    started_at: float | None = None
    finished_at: float | None = None
    children: dict[str, "Node"] = field(default_factory=dict)
    parents: list["Node"] = field(default_factory=list)
    outbound: tuple["Node", ...] = ()  # of a dag or steps: the nodes that what follows hangs below
    inputs: Values = NOTHING
    outputs: Outputs | None = None
    bound: Template | None = None  # the template with its inputs filled in, until the node has ended
    frame: "Frame | None" = None  # progress of a dag or steps
    left: int = 0  # of a fan-out or a group of steps: how many nodes have not ended
    attempts: list["Node"] = field(default_factory=list)  # of a retry node
    daemoned: bool = False  # a daemon that is ready; what follows goes on
    told: bool = False  # its owner knows that it has ended, or is ready
    condemned: str = ""  # the message with which it fails once its process has ended
    lock: Literal["", "waiting", "held"] = ""
    mutexes: tuple[str, ...] = ()  # that it waits for or holds
    recalled: str | None = None  # the run whose outputs it has; empty: looked for, and none found
    due_at: float | None = None  # when a retry's backoff or a suspension ends
    supplied: Mapping[str, str] = field(default_factory=dict)  # what a person has given to a suspension
    version: int = 0  # grows with each change, so that views need not rebuild what has not changed

    @property
    def fulfilled(self) -> bool:
        """Whether nothing waits for it any more."""
        return self.phase in FULFILLED or (self.daemoned and self.phase != "Pending")

    @property
    def is_attempt(self) -> bool:
        """Whether it is an attempt of a retry node."""
        return self.owner is not None and self.owner.type == "Retry"

    @property
    def last_attempt(self) -> "Node":
        """Its last attempt; the node itself if it is not retried."""
        return self.attempts[-1] if self.attempts else self

    @property
    def enclosing(self) -> "Frame | None":
        """The progress of the dag or steps that it is part of."""
        return self.boundary.frame if self.boundary is not None else None

    def touch(self) -> None:
        """Note that it has changed."""
        self.version += 1


@dataclass(slots=True, eq=False)
class Batch:
    """What is to be made of one task or step of `boundary`: itself, or its items. `owner` is told of their ends."""

    boundary: Node
    task: str
    owner: Node
    pending: deque[Task]


@dataclass(slots=True, eq=False)
class Frame:
    """Progress of a dag or steps. `template`: with its inputs filled in. `nodes`: by task or step."""

    template: Template
    plan: Plan
    tasks: Mapping[str, Task]
    depth: int
    nodes: dict[str, Node] = field(default_factory=dict)
    active: int = 0  # its Pods, DAGs and Steps that are Pending or Running
    problem: str = ""  # why the dag, or the present group of steps, ends with Error
    tripped: bool = False  # by failFast: nothing more starts


@dataclass(slots=True, eq=False)
class DagFrame(Frame):
    """Progress of a dag. `waiting`: how many of its dependencies each task still lacks. `open`: how many tasks may run,
    or have run, and have not been settled."""

    waiting: dict[str, int] = field(default_factory=dict)
    open: int = 0


@dataclass(slots=True, eq=False)
class StepsFrame(Frame):
    """Progress of steps. `group`: the present one, and its `number`. `items`: the nodes of each fan-out, by step."""

    number: int = 0
    group: Node | None = None
    items: dict[str, list[Node]] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Run:
    """One run. `variables`: the `workflow.…` ones."""

    id: str
    workflow: Workflow
    arguments: Values
    plans: Mapping[str, Plan]
    variables: dict[str, str]
    phase: Literal["Pending", "Running", "Succeeded", "Failed", "Error"] = "Pending"
    message: str = ""
    now: float = 0.0
    started_at: float | None = None
    finished_at: float | None = None
    paused_seconds: float = 0.0  # while no engine ran it; does not count against the deadline
    deadline_passed: bool = False
    strategy: Strategy | None = None  # with which it was stopped
    halted: bool = False  # a person suspended it: nothing begins
    root: Node | None = None
    exit: Node | None = None
    hooks: dict[str, Node] = field(default_factory=dict)  # those of the workflow that have begun, by name
    hooked: dict[str, Node] = field(default_factory=dict)  # nodes with hooks of their own, until they are settled
    gate: Node | None = None  # stands for the run itself while it waits for its mutexes, or holds them
    outputs: Outputs = field(default_factory=lambda: Outputs({}, {}))  # those with a globalName
    nodes: dict[str, Node] = field(default_factory=dict)  # by name, in the order in which they were made
    ids: set[str] = field(default_factory=set)
    live: dict[str, Node] = field(default_factory=dict)  # leaves that have not ended
    has_daemons: bool = False  # it may have some
    daemons: dict[str, Node] = field(default_factory=dict)  # leaves that are ready, and run on
    containers: dict[str, Node] = field(default_factory=dict)  # those of containerSets that have not ended
    retired: dict[str, Node] = field(default_factory=dict)  # daemons that are told to end
    late: dict[str, Node] = field(default_factory=dict)  # daemons that ended by themselves, and whose exit hook runs
    reviving: list[Node] = field(default_factory=list)  # daemons of a resumed run that are not ready again
    postponed: list[Node] = field(default_factory=list)  # leaves that wait for these
    locking: dict[str, Node] = field(default_factory=dict)  # nodes with mutexes, waiting or held
    recalling: dict[str, Node] = field(default_factory=dict)  # memoized nodes that wait for what is known of them
    retrying: dict[str, Node] = field(default_factory=dict)  # retry nodes in their backoff
    suspended: dict[str, Node] = field(default_factory=dict)
    tripped: dict[str, Node] = field(default_factory=dict)  # dags and steps that failFast has stopped
    todo: list[tuple[Verb, Any]] = field(default_factory=list)  # a stack: what follows from the present event
    held_back: list[tuple[Verb, Any]] = field(default_factory=list)  # what waits for room (parallelism), in order
    put_off: list[list[tuple[Verb, Any]]] = field(default_factory=list)  # what followed from events while it was halted
    commands: list[Command] = field(default_factory=list)

    @property
    def over(self) -> bool:
        """Whether the run has ended."""
        return self.phase in COMPLETED

    @property
    def progress(self) -> str:
        """How many of its leaves that have come to be are over, as `2/5`."""
        leaves = [node for node in self.nodes.values() if node.type == "Pod"]
        return f"{sum(node.fulfilled for node in leaves)}/{len(leaves)}"

    @property
    def deadline(self) -> float | None:
        """When `activeDeadlineSeconds` ends."""
        if self.workflow.deadline_seconds is None or self.started_at is None:
            return None
        return self.started_at + self.workflow.deadline_seconds + self.paused_seconds

    @property
    def next_tick(self) -> float | None:
        """When the next `Tick` is wanted, if at all."""
        waiting = (*self.retrying.values(), *self.suspended.values()) if not self.halted else ()
        due = [node.due_at for node in waiting if node.due_at is not None]
        if self.deadline is not None and not self.deadline_passed and not self.over:
            due.append(self.deadline)
        return min(due, default=None)
