"""What many waiting files cost: the same requests for each, and no more statements than for a few."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from steps.inbox import taking
from steps.inbox.announced import Announced
from tests.steps.support.inbox_world import World, check, forget, install

REQUESTS = 4  # read it, put it in its place, look whether it is still there, delete it


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


class Counting(World):
    """A world that counts its moments: requests and transactions."""

    moments = 0

    @contextmanager
    def point(self) -> Iterator[None]:
        self.moments += 1
        with super().point():
            yield


@pytest.fixture
def worlds(database: str, monkeypatch: pytest.MonkeyPatch) -> list[Counting]:
    """Where the present world is kept."""
    present = [Counting(False)]
    install(monkeypatch, lambda: present[0])
    forget()  # makes the tables
    return present


def taken(worlds: list[Counting], files: int, gone: int) -> tuple[int, int]:
    """How many moments and statements a run needs for so many files that wait, and so many that were announced and are
    gone."""
    world = worlds[0] = Counting(False)
    forget()
    for number in range(files):
        world.drop(f"{number}.csv", f"{number}".encode())
    lost = [Announced((f"abalone/new/gone-{number}.csv",), "e", "") for number in range(gone)]
    world.moments = 0
    with counted() as statements:
        taking.take(world.taker("run-1"), lost)
    found = world.moments, len(statements)
    world.settle()
    if not gone:
        check(world)
    return found


def test_each_file_costs_the_same_and_no_statement(worlds: list[Counting]) -> None:
    few, many = taken(worlds, 30, 0), taken(worlds, 90, 0)
    assert many[0] - few[0] == 60 * REQUESTS
    assert many[1] == few[1]


def test_each_file_that_is_gone_costs_one_look_and_no_statement(worlds: list[Counting]) -> None:
    few, many = taken(worlds, 5, 30), taken(worlds, 5, 90)
    assert many[0] - few[0] == 60
    assert many[1] == few[1]
