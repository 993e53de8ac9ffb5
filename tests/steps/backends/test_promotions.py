"""Decisions and what becomes of them, on both databases."""

import threading
from typing import Any

import pytest

from steps.backends import promotions
from steps.backends.database import begin
from steps.errors import BadInput, CheckFailed, StepError

pytestmark = pytest.mark.usefixtures("database")

MODEL = {"model_uri": "s3://artifacts/m", "digest": "d" * 32, "recipe": {"family": "linear"}}


def decide(fingerprint: str, *, version: int | None = None, project: str = "openaq", **more: Any) -> int:
    with begin() as connection:
        number = promotions.reserve(connection, project, fingerprint, "no2").decision
        found = {"promoted": version is not None, "words": "", "scores": [{"name": "x", "rmse": 1.5}]}
        if version is not None:
            found |= {**MODEL, "version": version}
        promotions.settle(connection, project, number, **{"recipe": {}, **found, **more})
    return number


def release(decision: int) -> None:
    with begin() as connection:
        assert promotions.admit(connection, "openaq", decision)
        promotions.verified(connection, "openaq", decision, f"http://server/{decision}")
        promotions.go_live(connection, "openaq", decision)


def live() -> tuple[int, int] | None:
    with begin() as connection:
        found = promotions.champion(connection, "openaq")
    return None if found is None else (found.decision, found.version)


def test_decisions_are_numbered_per_project() -> None:
    assert [decide("a"), decide("b"), decide("a", project="wine"), decide("c")] == [1, 2, 1, 3]


def test_one_dataset_has_one_decision() -> None:
    assert decide("a") == decide("a")
    with begin() as connection:
        assert promotions.find(connection, "openaq", "b") is None


def test_numbers_given_at_the_same_moment_differ() -> None:
    decide("the first, which makes the table", project="wine")
    numbers: list[int] = []
    barrier = threading.Barrier(4)

    def work(name: str) -> None:
        barrier.wait()
        for _ in range(20):
            try:
                numbers.append(decide(name))
                return
            except StepError:  # another one won; the engine would try again
                continue

    threads = [threading.Thread(target=work, args=(f"f{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == [1, 2, 3, 4]


def test_nothing_is_live_until_the_alias_has_moved() -> None:
    number = decide("a", version=7)
    with begin() as connection:
        promotions.admit(connection, "openaq", number)
        promotions.verified(connection, "openaq", number, "http://server/1")
    assert live() is None
    with begin() as connection:
        promotions.go_live(connection, "openaq", number)
        assert promotions.champion(connection, "openaq") == promotions.Champion(
            decision=1,
            version=7,
            model_uri="s3://artifacts/m",
            digest="d" * 32,
            recipe={"family": "linear"},
            parameter="no2",
            url="http://server/1",
        )


def test_the_newest_live_decision_supersedes_the_others() -> None:
    release(decide("a", version=1))
    release(decide("b", version=2))
    assert live() == (2, 2)
    with begin() as connection:
        assert promotions.get(connection, "openaq", 1).ended == "superseded by 2"


def test_a_lower_decision_is_turned_away_after_a_higher_one() -> None:
    older, newer = decide("a", version=1), decide("b", version=2)
    with begin() as connection:
        assert promotions.admit(connection, "openaq", newer)
        assert not promotions.admit(connection, "openaq", older)
        assert promotions.admit(connection, "openaq", newer), "a deployment may be tried again"


def test_what_was_not_promoted_is_never_admitted() -> None:
    number = decide("a")
    with pytest.raises(BadInput, match="decision 1 of openaq promoted no model"), begin() as connection:
        promotions.admit(connection, "openaq", number)
    with pytest.raises(BadInput, match="has no decision 9"), begin() as connection:
        promotions.admit(connection, "openaq", 9)


def test_rolling_back_twice_returns() -> None:
    release(decide("a", version=1))
    release(decide("b", version=2))
    for version in (1, 2, 1):
        with begin() as connection:
            decision = promotions.roll_back(connection, "openaq")
        assert decision.version == version
        release(decision.decision)
        assert live() == (decision.decision, version)


def test_a_rollback_is_a_decision_that_an_older_one_cannot_undo() -> None:
    release(decide("a", version=1))
    release(decide("b", version=2))
    late = decide("c", version=3)
    with begin() as connection:
        back = promotions.roll_back(connection, "openaq")
        assert (back.decision, back.kind, back.version, back.digest) == (4, "rollback", 1, "d" * 32)
        assert promotions.admit(connection, "openaq", back.decision)
        assert not promotions.admit(connection, "openaq", late)


def test_a_rollback_that_was_killed_is_taken_up_again() -> None:
    release(decide("a", version=1))
    release(decide("b", version=2))
    with begin() as connection:
        first = promotions.roll_back(connection, "openaq").decision
    with begin() as connection:
        assert promotions.roll_back(connection, "openaq").decision == first
        promotions.end(connection, "openaq", first, "failed verify")
    with begin() as connection:
        assert promotions.roll_back(connection, "openaq").decision == first + 1


def test_a_rollback_that_is_taken_up_again_is_whose_who_asks_now() -> None:
    release(decide("a", version=1))
    release(decide("b", version=2))
    with begin() as connection:
        promotions.roll_back(connection, "openaq", run="r-1", by="ann", why="too high")
        again = promotions.roll_back(connection, "openaq", run="r-2", by="bob", why="too low")
    assert (again.decision, again.run, again.by) == (3, "r-2", "bob")
    assert again.words == "Rolled back from version 2 to version 1: too low"


def test_a_rollback_may_name_any_version_that_was_verified() -> None:
    for version in (1, 2, 3):
        release(decide(f"{version}", version=version))
    decide("never released", version=4)
    with begin() as connection:
        back = promotions.roll_back(connection, "openaq", to=1)
    assert (back.version, back.restores, back.replaces) == (1, 1, 3)
    release(back.decision)
    for version, words in ((1, "is live already"), (4, "was never live; these were: 1, 2, 3"), (9, "was never live")):
        with pytest.raises(CheckFailed, match=words), begin() as connection:
            promotions.roll_back(connection, "openaq", to=version)
    with begin() as connection:
        assert promotions.roll_back(connection, "openaq", to=3).version == 3, "forward again"


def test_what_was_rolled_back_is_set_aside_until_something_else_is_live() -> None:
    release(decide("a", version=1))
    release(decide("b", version=2))
    with begin() as connection:
        back = promotions.roll_back(connection, "openaq").decision
        assert promotions.set_aside(connection, "openaq") is None, "it is not live yet"
    release(back)
    with begin() as connection:
        aside = promotions.set_aside(connection, "openaq")
    assert aside and (aside.decision, aside.version) == (2, 2)
    release(decide("c", version=3))
    with begin() as connection:
        assert promotions.set_aside(connection, "openaq") is None


def test_a_version_s_dataset_is_known_however_it_came_to_be_live() -> None:
    release(decide("a", version=1))
    release(decide("b", version=2))
    with begin() as connection:
        back = promotions.roll_back(connection, "openaq")
        assert (back.fingerprint, promotions.dataset(connection, "openaq", back.version)) == (None, "a")
        assert promotions.dataset(connection, "openaq", 9) is None


def test_all_decisions_are_listed_with_their_makers() -> None:
    decide("a", version=1, run="openaq-train-1", by="schedule")
    decide("b")
    decide("c", project="wine")
    with begin() as connection:
        found = [(one.decision, one.run, one.by) for one in promotions.listed(connection, "openaq")]
    assert found == [(2, None, None), (1, "openaq-train-1", "schedule")]


@pytest.mark.parametrize("released", [0, 1])
def test_with_nothing_to_go_back_to_a_rollback_says_so(released: int) -> None:
    for number in range(released):
        release(decide(f"{number}", version=number))
    wanted = "is the only one of openaq that was ever live" if released else "no model of openaq is live"
    with pytest.raises(CheckFailed, match=wanted), begin() as connection:
        promotions.roll_back(connection, "openaq")
