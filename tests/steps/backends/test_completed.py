"""What is complete counts for those who depend on the same, and only once the run that took it over has ended."""

import pytest

from steps.backends.warehouse import completed
from steps.backends.warehouse.completed import Complete

pytestmark = pytest.mark.usefixtures("database")

OURS, OTHERS = {1: "ours", 2: "ours too"}, {1: "others"}
MARCH = frozenset({"2021-03"})
SPRING = MARCH | {"2021-04"}


def known(depends: dict[int, str]) -> dict[int, Complete]:
    return completed.known("openaq", "no2", depends)


def take(depends: dict[int, str], owner: str) -> None:
    completed.take("openaq", "no2", depends, owner=owner)


def end(depends: dict[int, str], revision: int, months: frozenset[str], owner: str) -> None:
    found = dict.fromkeys(depends, Complete(revision, months))
    completed.end("openaq", "no2", depends, found, owner=owner)


def test_it_counts_once_the_run_has_ended() -> None:
    take(OURS, "a")
    assert known(OURS) == {}
    end(OURS, 3, MARCH, "a")
    assert known(OURS) == {1: Complete(3, MARCH), 2: Complete(3, MARCH)}
    assert known(OTHERS) == {}
    assert completed.known("openaq", "pm25", OURS) == {}
    end(OURS, 4, SPRING, "b")
    assert known(OURS)[1] == Complete(4, SPRING)


def test_one_that_is_behind_changes_nothing() -> None:
    take(OURS, "a")
    end(OURS, 5, SPRING, "a")
    end(OURS, 4, MARCH, "b")
    assert known(OURS)[2] == Complete(5, SPRING)


def test_what_another_has_taken_over_does_not_count() -> None:
    take(OURS, "a")
    end(OURS, 3, MARCH, "a")
    take(OTHERS, "b")
    assert known(OURS) == {2: Complete(3, MARCH)}
    end(OURS, 4, SPRING, "c")  # had begun before
    assert known(OURS) == {2: Complete(4, SPRING)}
    end(OTHERS, 4, SPRING, "b")
    assert known(OTHERS) == {1: Complete(4, SPRING)}


def test_of_two_that_took_it_over_the_later_one_ends_it() -> None:
    take(OURS, "a")
    take(OURS, "b")
    end(OURS, 4, SPRING, "a")
    assert known(OURS) == {}
    end(OURS, 3, MARCH, "b")
    assert known(OURS)[1] == Complete(3, MARCH)
