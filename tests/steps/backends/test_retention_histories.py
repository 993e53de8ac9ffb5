"""Whatever happened to a project, and whenever its store is tidied and killed: what is needed is there to the bit."""

import sys
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from steps.backends import retention
from tests.steps.support.tidied_world import HOUR, FakeStore, World

pytestmark = pytest.mark.usefixtures("database_environment")

ACTIONS = ("arrive", "refuse", "add_rows", "train", "release", "roll_back", "tidy")
HISTORIES = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 40)), min_size=10, max_size=60)
SETTINGS: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}
PROJECTS = (f"p{number}" for number in count())


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> FakeStore:
    made = FakeStore()
    made.stand_in(monkeypatch)
    return made


@pytest.fixture
def forgotten(monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, int]]:
    """The versions that a registry was told to forget, which is no real one."""
    told: set[tuple[str, int]] = set()

    class FakeRegistry:
        def __init__(self, project: str) -> None:
            self.project = project

        def forget(self, version: int) -> None:
            told.add((self.project, version))

    monkeypatch.setitem(sys.modules, "steps.backends.tracking", SimpleNamespace(Tracking=FakeRegistry))
    return told


def check(store: FakeStore, forgotten: set[tuple[str, int]], history: list[tuple[str, int]]) -> None:
    store.there.clear()
    world = World(next(PROJECTS), store)
    for action, number in history:
        getattr(world, action)(number)
        assert action != "tidy" or world.lost() == []
        assert {version for project, version in forgotten if project == world.project}.isdisjoint(
            world.was_live | set(world.decisions) | {world.on_trial}
        )

    def tidy() -> set[tuple[str, str]]:
        for kind in retention.found([world.project], store.now + HOUR):
            for one in kind.sets:
                retention.remove(one)
        return set(store.there)

    store.now += HOUR
    once = tidy()
    assert world.lost() == []
    assert retention.found([world.project], store.now + HOUR) == []
    assert tidy() == once


@settings(max_examples=25, derandomize=True, phases=[Phase.generate], **SETTINGS)
@given(history=HISTORIES)
def test_what_is_live_or_restorable_is_there_to_the_bit(
    store: FakeStore, forgotten: set[tuple[str, int]], history: list[tuple[str, int]]
) -> None:
    check(store, forgotten, history)


@pytest.mark.soak
@settings(max_examples=1000, **SETTINGS)
@given(history=HISTORIES)
def test_what_is_live_or_restorable_is_there_to_the_bit_in_many_histories(
    store: FakeStore, forgotten: set[tuple[str, int]], history: list[tuple[str, int]]
) -> None:
    check(store, forgotten, history)
