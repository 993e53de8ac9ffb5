"""Properties of the pure scheduler, on random dags and steps with random outcomes, orders, retries, pauses, exit hooks,
kills and resumptions.

Each node is started at most once for each attempt and engine, never before what it depends on; every run ends; in
which order leaves end, and where an engine died, changes nothing in the tree.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.engine.manifest import checks
from pipeline.engine.scheduler.events import (
    Began,
    Ended,
    Event,
    Locked,
    Outputs,
    Ready,
    Resumed,
    Running,
    Stopped,
    Tick,
    from_json,
    to_json,
)
from pipeline.engine.scheduler.scheduler import advance, new_run
from pipeline.engine.scheduler.state import FULFILLED, Frame, Kill, Lock, Node, Run, Start, StepsFrame, Unlock
from pipeline.engine.spec import NOTHING, Backoff, Container, Dag, Hook, Retry, Suspend, Task, Template, Workflow
from tests.engine.laboratory import End

RESULTS = ("", ".Succeeded", ".Failed", ".Errored", ".Skipped", ".Omitted")
LEAVES = {
    "plain": Template("plain", container=Container(("x",))),
    "again": Template("again", container=Container(("x",)), retry=Retry(limit="2")),
    "waits": Template("waits", container=Container(("x",)), retry=Retry("1", "Always", backoff=Backoff("10", "2"))),
    "picky": Template(
        "picky", container=Container(("x",)), retry=Retry("3", expression="asInt(lastRetry.exitCode) not in [2]")
    ),
    "alone": Template("alone", container=Container(("x",)), mutexes=("m",)),
    "server": Template("server", container=Container(("x",)), daemon=True),
    "pause": Template("pause", suspend=Suspend("5")),
}
HOOKS = st.sampled_from((None, None, None, Hook("plain"), Hook("again")))
BESIDE = st.sampled_from(({}, {}, {"h": Hook("plain", NOTHING, "true")}, {"h": Hook("again", NOTHING, "true")}))


@st.composite
def dags(draw: st.DrawFn, name: str, templates: list[str], fail_fast: bool) -> Template:
    """A dag of up to seven tasks, each of which may depend on those before it. `fail_fast`: the template's, after
    which the order of ends matters."""
    tasks = []
    for number in range(draw(st.integers(1, 7))):
        before = draw(st.lists(st.sampled_from(range(number)), unique=True, max_size=3)) if number else []
        parts = [
            draw(st.sampled_from(("", "", "!"))) + f"t{other}" + draw(st.sampled_from(RESULTS)) for other in before
        ]
        task = Task(
            f"t{number}",
            draw(st.sampled_from(templates)),
            depends=draw(st.sampled_from((" && ", " || "))).join(parts),
            when=draw(st.sampled_from(("", "", "", "1 == 1", "1 == 2", "broken when"))),
            items=draw(st.sampled_from(((), (), (), (1, 2), (1, 2, 3, 4)))),
            on_exit=draw(HOOKS),
            hooks=draw(BESIDE),
        )
        tasks.append(task)
    return Template(name, dag=Dag(tuple(tasks), fail_fast=draw(st.booleans())), **draw(limits(fail_fast)))


@st.composite
def steps(draw: st.DrawFn, name: str, templates: list[str], fail_fast: bool) -> Template:
    """Up to three groups of up to three steps."""
    groups = []
    for number in range(draw(st.integers(1, 3))):
        group = [
            Task(
                f"s{number}{letter}",
                draw(st.sampled_from(templates)),
                when=draw(st.sampled_from(("", "", "1 == 1", "1 == 2"))),
                items=draw(st.sampled_from(((), (), (1, 2)))),
                continue_on_failed=draw(st.booleans()),
                continue_on_error=draw(st.booleans()),
                on_exit=draw(HOOKS),
                hooks=draw(BESIDE),
            )
            for letter in "abc"[: draw(st.integers(1, 3))]
        ]
        groups.append(tuple(group))
    return Template(name, steps=tuple(groups), **draw(limits(fail_fast)))


def limits(fail_fast: bool) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "parallelism": st.sampled_from((None, None, 1, 2)),
            "retry": st.sampled_from((None, None, Retry(limit="1"))),
            "fail_fast": st.booleans() if fail_fast else st.just(False),
        }
    )


@st.composite
def workflows(draw: st.DrawFn, fail_fast: bool = False) -> Workflow:
    leaves = list(LEAVES)
    kinds = st.sampled_from((dags, steps))
    inner = draw(draw(kinds)("inner", leaves, fail_fast))
    middle = draw(draw(kinds)("middle", [*leaves, "inner"], fail_fast))
    main = draw(draw(kinds)("main", [*leaves, "inner", "middle"], fail_fast))
    workflow = Workflow(
        "w", "Workflow", "w.yaml", "main",
        {**LEAVES, "inner": inner, "middle": middle, "main": main},
        on_exit=draw(st.sampled_from(("", "plain", "inner"))),
        parallelism=draw(st.sampled_from((None, None, 1, 3))),
        mutexes=draw(st.sampled_from(((), (), ("w",)))),
    )  # fmt: skip
    checks.check(workflow)
    return workflow


@dataclass
class World:
    """What surrounds the scheduler: leaves end in a random order, as their names say they do."""

    workflow: Workflow
    outcomes: int  # seed: how each leaf ends
    order: int  # seed: in which order things happen
    deaths: float = 0.0  # how likely the engine dies before an event
    stops_after: int | None = None

    def run(self) -> "World":
        self.random = Random(self.order)
        self.state = new_run("w-1", "u", self.workflow, NOTHING, 1e6)
        self.events: list[Event] = []
        self.started: set[tuple[int, str]] = set()
        self.engine = 0
        self.leaves: list[str] = []
        self.ready: list[str] = []
        self.begun: set[str] = set()
        self.locks: dict[str, str] = {}
        self.wanting: dict[str, Lock] = {}
        self.tell(Began(1e6))
        self.go_on()
        return self

    def go_on(self) -> None:
        while not self.state.over:
            assert len(self.events) < 5000, "the run does not end"
            event = self.next()
            assert event is not None, "nothing runs, and the run is not over"
            self.tell(event)

    def next(self) -> Event | None:
        now = self.state.now + 1
        if self.stops_after is not None and len(self.events) == self.stops_after:
            return Stopped(now, "Stop")
        if self.random.random() < self.deaths:
            return self.die(now)
        free = [name for name, lock in self.wanting.items() if self.locks.get(lock.mutexes[0], name) == name]
        choices = [("leaf", name) for name in self.leaves] + [("lock", name) for name in free]
        if self.state.next_tick is not None:
            choices.append(("tick", ""))
        if not choices:
            return None
        kind, name = self.random.choice(choices)
        return {"lock": self.lock, "tick": self.tick, "leaf": self.leaf}[kind](now, name)

    def lock(self, now: float, name: str) -> Event:
        self.locks[self.wanting.pop(name).mutexes[0]] = name
        return Locked(now, name)

    def tick(self, now: float, _: str) -> Event:
        assert self.state.next_tick is not None
        return Tick(max(now, self.state.next_tick))

    def leaf(self, now: float, name: str) -> Event:
        if name in self.state.retired:
            self.leaves.remove(name)
            return Ended(now, name, "Failed")
        node = self.state.live.get(name) or self.state.daemons[name]
        if node.phase == "Pending" and not node.condemned and name not in self.begun:
            self.begun.add(name)
            return Running(now, name)
        end = self.end(now, name)
        if node.bound is not None and node.bound.daemon and end.phase == "Succeeded" and not node.condemned:
            self.ready.append(name)
            self.leaves.remove(name)
            return Ready(now, name)
        self.leaves.remove(name)
        return end

    def end(self, now: float, name: str) -> Ended:
        own = Random(f"{self.outcomes} {name}")
        ends: tuple[End, ...] = ("Succeeded", "Succeeded", "Failed", "Error")
        phase = own.choice(ends)
        code = "0" if phase == "Succeeded" else own.choice(("1", "2"))
        return Ended(now, name, phase, "", Outputs(exit_code=code))

    def die(self, now: float) -> Event:
        """The engine dies; another one is told all that was committed."""
        self.state = replayed(self.workflow, self.events)
        self.engine += 1
        self.leaves.clear()
        self.ready.clear()
        self.begun.clear()
        self.wanting.clear()
        return Resumed(now)

    def tell(self, event: Event) -> None:
        self.events.append(from_json(type(event).__name__, event.at, to_json(event)[1]))
        for command in advance(self.state, event):
            match command:
                case Start():
                    self.check_start(command.node)
                    self.leaves.append(command.node.name)
                case Kill() if command.node.name in self.ready:  # a daemon, which ends only then
                    self.ready.remove(command.node.name)
                    self.leaves.append(command.node.name)
                case Lock():
                    self.wanting[command.node.name] = command
                case Unlock():
                    self.wanting.pop(command.node.name, None)
                    self.locks = {mutex: name for mutex, name in self.locks.items() if name != command.node.name}
        limit = self.workflow.parallelism
        assert limit is None or len(self.state.live) <= limit

    def check_start(self, node: Node) -> None:
        assert (self.engine, node.name) not in self.started, f"{node.name} is started twice"
        self.started.add((self.engine, node.name))
        if self.state.reviving:
            assert node is self.state.reviving[0], f"{node.name} starts before the daemons of the run do again"
            return
        inner = node
        while inner.boundary is not None:
            frame = inner.boundary.frame
            assert frame is not None
            whole = inner.owner if inner.owner is not None and inner.owner.type == "Retry" else inner
            if whole.beside is not None:
                pass
            elif whole.exit_of is not None:
                assert whole.exit_of.fulfilled, f"{node.name} starts before what it follows has ended"
            elif inner.type != "StepGroup":
                for other in before(frame, inner.task):
                    assert other.fulfilled, f"{node.name} starts before {other.name} has ended"
            active = [each for each in self.state.nodes.values() if each.boundary is inner.boundary]
            running = [each for each in active if each.type in ("Pod", "DAG", "Steps") and not each.fulfilled]
            most = frame.template.parallelism
            retried = any(each.owner is not None and each.owner.type == "Retry" for each in running)
            assert most is None or retried or len(running) <= most
            inner = inner.boundary

    @property
    def crowded(self) -> bool:
        """Whether daemons have left no room for others, which may depend on who came first."""
        return any("leaves no room" in node.message for node in self.state.nodes.values())

    @property
    def tree(self) -> dict[str, tuple[str, str]]:
        return {name: (node.type, node.phase) for name, node in self.state.nodes.items()}


def before(frame: Frame, task: str) -> list[Node]:
    """The nodes that must have ended before a task or step begins, their hooks included."""
    if isinstance(frame, StepsFrame):
        groups = frame.template.steps
        assert groups is not None
        names = [step.name for group in groups[: frame.number] for step in group]
        found = [node for name in names for node in frame.items.get(name) or [frame.nodes[name]]]
    else:
        found = [frame.nodes[other] for other in frame.plan.conditions[task].tasks]
    awaited = [node for node in found if not (node.told and node.template == "server")]  # not of a daemon's own end
    hooks = [child for node in awaited for child in node.children.values() if node in (child.exit_of, child.beside)]
    return [*found, *hooks]


def replayed(workflow: Workflow, events: list[Event]) -> Run:
    run = new_run("w-1", "u", workflow, NOTHING, 1e6)
    for event in events:
        advance(run, event)
    return run


seeds = st.integers(0, 2**32)


def every_run_ends_and_every_node_with_it(workflow: Workflow, outcomes: int, order: int) -> None:
    world = World(workflow, outcomes, order).run()
    assert all(node.phase in FULFILLED for node in world.state.nodes.values())
    assert world.locks == {}
    assert not world.state.live
    assert not world.state.locking
    assert not world.state.retrying
    assert not world.state.suspended


def the_order_in_which_leaves_end_changes_nothing(workflow: Workflow, outcomes: int, one: int, other: int) -> None:
    first, second = World(workflow, outcomes, one).run(), World(workflow, outcomes, other).run()
    if first.crowded or second.crowded:
        return
    assert first.tree == second.tree
    assert first.state.phase == second.state.phase


def an_engine_that_dies_again_and_again_changes_nothing(
    workflow: Workflow, outcomes: int, one: int, other: int, deaths: float
) -> None:
    spared = World(workflow, outcomes, one).run()
    mended = World(workflow, outcomes, other, deaths=deaths).run()
    if spared.crowded or mended.crowded:
        return
    assert spared.tree == mended.tree
    assert spared.state.phase == mended.state.phase


def the_same_events_make_the_same_run(workflow: Workflow, outcomes: int, order: int) -> None:
    world = World(workflow, outcomes, order, deaths=0.1).run()
    again = replayed(workflow, world.events)
    assert whole(again) == whole(world.state)


def whole(run: Run) -> dict[str, tuple[Any, ...]]:
    return {name: (node.id, node.type, node.phase, node.message, [*node.children]) for name, node in run.nodes.items()}


def a_run_that_is_stopped_ends(workflow: Workflow, outcomes: int, order: int, moment: int, deaths: float) -> None:
    world = World(workflow, outcomes, order, deaths, stops_after=moment).run()
    assert all(node.phase in FULFILLED for node in world.state.nodes.values())
    assert not world.state.live


def test_an_exit_hook_begins_once_where_a_hook_beside_it_ends_with_its_node() -> None:
    beside = Task("a", "plain", hooks={"h": Hook("plain", NOTHING, "true")}, on_exit=Hook("again"))
    templates = {**LEAVES, "main": Template("main", steps=((beside,),))}
    stopped = World(Workflow("w", "Workflow", "w.yaml", "main", templates), 0, 0, 0.2, stops_after=2)
    for order in range(20):
        replace(stopped, order=order).run()


PROPERTIES: dict[Callable[..., None], dict[str, st.SearchStrategy[Any]]] = {
    every_run_ends_and_every_node_with_it: {"workflow": workflows(fail_fast=True), "order": seeds},
    the_order_in_which_leaves_end_changes_nothing: {"one": seeds, "other": seeds},
    an_engine_that_dies_again_and_again_changes_nothing: {
        "one": seeds, "other": seeds, "deaths": st.sampled_from((0.05, 0.2)),
    },
    the_same_events_make_the_same_run: {"order": seeds},
    a_run_that_is_stopped_ends: {
        "workflow": workflows(fail_fast=True), "order": seeds, "moment": st.integers(1, 30),
        "deaths": st.sampled_from((0.0, 0.2)),
    },
}  # fmt: skip


def hold(law: Callable[..., None], examples: int) -> None:
    """Try a property on that many random runs."""
    healthy = settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    healthy(given(**{"workflow": workflows(), "outcomes": seeds, **PROPERTIES[law]})(law))()


@pytest.mark.parametrize("law", PROPERTIES, ids=lambda law: law.__name__)
def test_properties(law: Callable[..., None]) -> None:
    hold(law, 25)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("law", PROPERTIES, ids=lambda law: law.__name__)
def test_properties_many_times(law: Callable[..., None]) -> None:
    hold(law, 1000)
