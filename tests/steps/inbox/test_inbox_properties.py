"""Whatever is dropped, announced, held up, overtaken and killed: every accepted row is in the history once, and every
file at its place once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.steps.support.inbox_world import BAD, LEASE, SHIFTED, Actor, World, check, forget, install

NAMES = ("a.csv", "b.csv", "{{=1+1}}.csv", "a.csv.reason.json", "a" * 250)
BODIES = (b"1", b"1,2,3", b"3,4", b"2,2,5", b"5,6,7,8", BAD, f"9,{SHIFTED}".encode(), b"10,11,1")

MOVES = st.one_of(
    st.tuples(st.just("drop"), st.integers(0, len(NAMES) - 1), st.integers(0, len(BODIES) - 1)),
    st.tuples(st.just("start"), st.lists(st.integers(0, 9), max_size=2), st.booleans()),
    st.tuples(st.just("step"), st.integers(0, 2), st.integers(1, 12)),
    st.tuples(st.just("kill"), st.integers(0, 2), st.none()),
    st.tuples(st.just("sleep"), st.none(), st.none()),
    st.tuples(st.just("release"), st.none(), st.none()),
    st.tuples(st.just("retract"), st.integers(0, 4), st.none()),
)
RACES = st.tuples(
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, len(BODIES) - 1)), min_size=1, max_size=3),
    st.integers(4, 60),  # points that the first run passes before it is held up
    st.integers(0, 90),  # that the second one passes then
    st.one_of(st.none(), st.tuples(st.integers(0, 1), st.integers(0, len(BODIES) - 1))),
    st.booleans(),  # whether the lease of the first runs out then
    st.integers(0, 40),  # that the first passes next
    st.booleans(),  # whether the first is killed there
    st.booleans(),  # whether a person releases a file and a third run takes it, before the first goes on
)
STORIES = st.tuples(st.booleans(), st.lists(MOVES, min_size=4, max_size=40))


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[World]]:
    """Where the present world is kept; the database is one for all, emptied for each."""
    place, present = tmp_path_factory.mktemp("world"), [World(False)]
    with pytest.MonkeyPatch.context() as patch:
        shared = Path("/dev/shm") if Path("/dev/shm").is_dir() else place
        patch.setenv("DATABASE_URL", f"sqlite:///{shared}/inbox-{place.name}-{id(present)}.db")
        install(patch, lambda: present[0])
        yield present
        for left in shared.glob(f"inbox-{place.name}-{id(present)}.db*"):
            left.unlink()


def play(worlds: list[World], story: tuple[bool, list[tuple[str, Any, Any]]]) -> None:
    versioned, moves = story
    world = worlds[0] = World(versioned)
    forget()
    for kind, first, second in moves:
        alive = world.alive()
        if kind == "drop":
            world.drop(NAMES[first], BODIES[second])
        elif kind == "start" and len(alive) < 3:
            world.start(first, again=second and not alive)
        elif kind == "step" and alive:
            for _ in range(second):
                alive[first % len(alive)].step()
        elif kind == "kill" and alive:
            alive[first % len(alive)].kill()
        elif kind == "sleep":
            world.seconds += LEASE
        elif kind == "release":
            world.release()
        elif kind == "retract":
            world.retract(first)
    world.settle()
    check(world)


def overtake(worlds: list[World], race: Any) -> None:
    versioned, drops, before, between, late, overtaken, after, killed, released = race
    world = worlds[0] = World(versioned)
    forget()
    for name, body in drops:
        world.drop(NAMES[name], BODIES[body])
    world.start([])
    first = world.actors[0]
    step(first, before)
    if overtaken:
        world.seconds += LEASE
    if late:
        world.drop(NAMES[late[0]], BODIES[late[1]])
    world.start([0])
    second = world.actors[1]
    step(second, between)
    if released:
        second.finish()
        world.release()
        world.start([])
        world.actors[2].finish()
    step(first, after)
    if killed and not first.over:
        first.kill()
    second.finish()
    first.finish()
    world.settle()
    check(world, strays=overtaken and killed)


def step(actor: Actor, points: int) -> None:
    for _ in range(points):
        actor.step()


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(STORIES)
def test_nothing_is_lost_and_nothing_doubled(worlds: list[World], story: Any) -> None:
    play(worlds, story)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@settings(max_examples=10_000, suppress_health_check=list(HealthCheck))
@given(STORIES)
def test_nothing_is_lost_and_nothing_doubled_in_ten_thousand_stories(worlds: list[World], story: Any) -> None:
    play(worlds, story)


@pytest.mark.parametrize("versioned", [pytest.param(False, marks=pytest.mark.soak), True])
def test_a_kill_at_every_point_of_one_run(worlds: list[World], versioned: bool) -> None:
    """One run over four files, ended at its first point, its second, …, until it gets through."""
    for steps in range(1, 400):
        world = worlds[0] = World(versioned)
        forget()
        for name, body in (("a.csv", BODIES[1]), ("b.csv", BODIES[2]), ("c.csv", BAD), ("d.csv", BODIES[1])):
            world.drop(name, body)
        world.start([])
        for _ in range(steps):
            world.actors[0].step()
        through = world.actors[0].over
        world.settle()
        check(world)
        if through:
            return
    pytest.fail("the run never got through")


def test_a_kill_at_every_point_of_taking_a_file_back(worlds: list[World]) -> None:
    """Of three files with rows in common the first is taken back, while one more waits that has one of its rows. After
    one request and before the next is the same moment, so each second point is enough."""
    for steps in range(1, 400, 2):
        world = worlds[0] = World(False)
        forget()
        for name, body in (("a.csv", b"1,2,3"), ("b.csv", b"3,4"), ("c.csv", b"2,9")):
            world.drop(name, body)
        world.start([])
        world.actors[0].finish()
        world.retract(0)
        world.drop("d.csv", b"1,4")
        world.start([])
        for _ in range(steps):
            world.actors[1].step()
        through = world.actors[1].over
        world.settle()
        check(world)
        if through:
            return
    pytest.fail("the run never got through")


@pytest.mark.parametrize("held", ["the one that takes", "the one that takes back"])
def test_a_file_is_taken_back_while_another_with_its_rows_arrives(worlds: list[World], held: str) -> None:
    """One run is held up at its first moment, its second, …, while the other goes on to its end."""
    for steps in range(1, 400, 2):
        world = worlds[0] = World(False)
        forget()
        world.drop("a.csv", b"1,2,3")
        world.start([])
        world.actors[0].finish()
        world.drop("b.csv", b"1,2")
        world.start([])
        takes = world.actors[1]
        if held == "the one that takes":
            step(takes, steps)
        while held == "the one that takes back" and not world.holds():
            takes.step()
        world.retract(0)
        world.start([])
        back = world.actors[2]
        if held == "the one that takes back":
            step(back, steps)
        through = back.over or takes.over
        for actor in (back, takes) if held == "the one that takes" else (takes, back):
            actor.finish()
        world.settle()
        check(world)
        if through:
            return
    pytest.fail("the run never got through")


@pytest.mark.soak
def test_two_runs_with_a_row_in_common(worlds: list[World]) -> None:
    """One is held up at its first point, its second, …, while the other goes through from beginning to end."""
    for steps in range(1, 400):
        world = worlds[0] = World(False)
        forget()
        world.drop("a.csv", BODIES[1])
        world.start([])
        step(world.actors[0], steps)
        through = world.actors[0].over
        world.drop("b.csv", BODIES[2])
        world.start([])
        world.actors[1].finish()
        world.actors[0].finish()
        world.settle()
        check(world)
        if through:
            return
    pytest.fail("the run never got through")


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(RACES)
@pytest.mark.soak
def test_a_run_that_is_held_up_until_its_lease_runs_out(worlds: list[World], race: Any) -> None:
    """It goes on while another, which took over from it, is at some other point, and one more file is dropped."""
    overtake(worlds, race)


@pytest.mark.soak
@pytest.mark.timeout(600)
@settings(max_examples=3_000, suppress_health_check=list(HealthCheck))
@given(RACES)
def test_a_run_that_is_held_up_in_three_thousand_races(worlds: list[World], race: Any) -> None:
    overtake(worlds, race)
