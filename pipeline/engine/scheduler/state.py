"""The state of one run, and what it asks for.

A `Run` is changed only by `scheduler.advance(run, event)`. It holds no clock and no file: times come with the events,
and what is to be done goes out as commands. So a run that is told the same events again is in the same state again,
which is what resuming and viewing are.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pipeline.engine.planning.plans import Plan
from pipeline.engine.scheduler.events import Outputs, Strategy
from pipeline.engine.spec import NOTHING, Hook, Task, Template, Values, Workflow

Phase = Literal["Pending", "Running", "Succeeded", "Failed", "Error", "Skipped", "Omitted"]
Type = Literal["Pod", "Suspend", "DAG", "Steps", "StepGroup", "TaskGroup", "Retry", "Skipped"]

BROKEN = frozenset(("Failed", "Error"))
COMPLETED = BROKEN | {"Succeeded"}
FULFILLED = COMPLETED | {"Skipped", "Omitted"}


# What the run asks for.


@dataclass(frozen=True, eq=False)
class Start:
    """Start this leaf, as soon as there is room."""

    node: "Node"


@dataclass(frozen=True, eq=False)
class Kill:
    """End this leaf, started or not, and say so with `Ended`."""

    node: "Node"


@dataclass(frozen=True, eq=False)
class Lock:
    """Get these mutexes for this node, and say so with `Locked`."""

    node: "Node"
    mutexes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Unlock:
    """Give back what this node has, or do not wait for it any more."""

    node: "Node"


Command = Start | Kill | Lock | Unlock

# What is still to be done within one event: begin a node, make the nodes of a batch, look at a task whose dependencies
# have ended, fill a group of steps, start another attempt, judge a retry node, tell a node's owner that it has ended.
Verb = Literal["begin", "make", "ready", "group", "attempt", "judge", "ended"]


@dataclass(slots=True, eq=False)
class Node:
    """One node of Argo's node tree.

    `boundary`: the dag or steps node it belongs to. `owner`: the node that hears of its end: the dag, the group or
    the retry node it was made for; None for the root and the exit handler. `hook`: what runs when it has ended;
    `exit_of`: the node whose exit hook it is.
    """

    id: str
    name: str
    display_name: str
    template: str
    type: Type
    phase: Phase
    boundary: "Node | None"
    owner: "Node | None"
    task: str = ""  # of the dag, or step
    hook: Hook | None = None
    exit_of: "Node | None" = None
    exiting: bool = False  # belongs to an exit handler
    attempt: int = 0
    message: str = ""
    created_at: float = 0.0
    started_at: float | None = None
    finished_at: float | None = None
    children: dict[str, "Node"] = field(default_factory=dict)
    parents: list["Node"] = field(default_factory=list)
    outbound: tuple["Node", ...] = ()
    inputs: Values = NOTHING
    outputs: Outputs | None = None
    bound: Template | None = None  # the template with its inputs filled in, until the node has ended
    frame: "Frame | None" = None  # progress of a dag or steps
    left: int = 0  # of a fan-out or a group of steps: what has not ended
    attempts: list["Node"] = field(default_factory=list)  # of a retry node
    condemned: str = ""  # the message with which it fails once its process has ended
    lock: Literal["", "waiting", "held"] = ""
    mutexes: tuple[str, ...] = ()  # that it waits for or holds
    due_at: float | None = None  # when a retry's backoff or a suspension is over
    version: int = 0  # grows with each change, for views that keep what has not changed

    @property
    def fulfilled(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.phase in FULFILLED

    def touch(self) -> None:
        """Note that it has changed."""
        self.version += 1


@dataclass(slots=True, eq=False)
class Batch:
    """What is to be made of one task of `dag` (or step): itself, or its items. `owner` hears of their ends."""

    dag: Node
    task: str
    owner: Node
    pending: deque[Task]


@dataclass(slots=True, eq=False)
class Frame:
    """Progress of a dag or steps. `template`: with its inputs filled in.

    Of a dag: `waiting`, how many of its dependencies a task lacks; `open`. Of steps: `group`, the present one, and its
    `number`; `items`, the nodes of a fan-out. `problem`: for which the present group, or the dag, ends with Error.
    """

    template: Template
    plan: Plan
    tasks: Mapping[str, Task]
    waiting: dict[str, int] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)  # by task
    items: dict[str, list[Node]] = field(default_factory=dict)  # by step
    open: int = 0  # tasks that may run, or have, and whose end has not been dealt with
    active: int = 0  # Pods, DAGs and Steps of it that are Pending or Running
    number: int = 0
    group: Node | None = None
    problem: str = ""
    tripped: bool = False  # failFast: nothing more starts
    depth: int = 0


@dataclass(slots=True, eq=False)
class Run:
    """One run. `variables`: the `workflow.…` ones."""

    id: str
    workflow: Workflow
    arguments: Values
    plans: Mapping[str, Plan]
    phase: Literal["Pending", "Running", "Succeeded", "Failed", "Error"] = "Pending"
    message: str = ""
    now: float = 0.0
    started_at: float | None = None
    finished_at: float | None = None
    paused_seconds: float = 0.0  # while no engine had it; does not count against the deadline
    deadline_passed: bool = False
    strategy: Strategy | None = None
    nodes: dict[str, Node] = field(default_factory=dict)  # by name, in the order they came to be
    ids: set[str] = field(default_factory=set)
    live: dict[str, Node] = field(default_factory=dict)  # leaves that have not ended
    locking: dict[str, Node] = field(default_factory=dict)  # nodes with mutexes, waiting or held
    retrying: dict[str, Node] = field(default_factory=dict)  # retry nodes in their backoff
    suspended: dict[str, Node] = field(default_factory=dict)
    gate: Node | None = None  # stands for the run itself while it waits for its mutexes, or holds them
    active_pods: int = 0
    todo: list[tuple[Verb, Any]] = field(default_factory=list)  # a stack: what follows from the present event
    held_back: list[tuple[Verb, Any]] = field(default_factory=list)  # what waits for room (parallelism), in order
    tripped: dict[str, Node] = field(default_factory=dict)  # dags that failFast has stopped
    commands: list[Command] = field(default_factory=list)
    root: Node | None = None
    exit: Node | None = None
    variables: dict[str, str] = field(default_factory=dict)
    outputs: Outputs = field(default_factory=lambda: Outputs({}, {}))  # those with a globalName

    @property
    def over(self) -> bool:
        """Whether the run has ended."""
        return self.phase in COMPLETED

    @property
    def deadline(self) -> float | None:
        """When `activeDeadlineSeconds` is over."""
        if self.workflow.deadline_seconds is None or self.started_at is None:
            return None
        return self.started_at + self.workflow.deadline_seconds + self.paused_seconds

    @property
    def next_tick(self) -> float | None:
        """When a `Tick` is wanted; None where none is."""
        waiting = (*self.retrying.values(), *self.suspended.values())
        due = [node.due_at for node in waiting if node.due_at is not None]
        if self.deadline is not None and not self.deadline_passed and not self.over:
            due.append(self.deadline)
        return min(due, default=None)
