"""Trials in the table, on both databases."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from steps.backends import challengers, promotions
from steps.backends.database import begin
from steps.conclude.endings import Ending
from steps.errors import StepError
from tests.steps.support.released import begin_trial, decide, release, trial

pytestmark = pytest.mark.usefixtures("database")


def test_one_is_on_trial_at_a_time_and_a_repeated_end_changes_nothing() -> None:
    release(decide("a", 1))
    older, newer = begin_trial("b", 2), begin_trial("c", 3, recipe={"family": "lightgbm"})
    with begin() as connection:
        standing = challengers.on_trial(connection, "openaq")
        assert standing is not None and standing.model.decision == newer
        assert set(challengers.listed(connection, "openaq")) == {older, newer}
    ended = trial(older)
    with begin() as connection:
        challengers.end(connection, ended, "withdrawn", "late")
    assert trial(older) == ended and ended.outcome == "replaced"
    with pytest.raises(sa.exc.IntegrityError), begin() as connection:
        connection.execute(sa.update(challengers.challengers).values(ended_at=None))


def test_what_the_monitor_saw_is_kept() -> None:
    release(decide("a", 1))
    number = begin_trial("b", 2)
    with begin() as connection:
        challengers.looked(connection, trial_in(connection, number), counted=9, better=3.5, worse=0.25, gain=0.125)
    found = trial(number)
    assert (found.counted, found.better, found.worse, found.gain, found.since is not None) == (
        9,
        3.5,
        0.25,
        0.125,
        True,
    )


def test_who_may_only_read_sees_the_trials() -> None:
    """As the pages on a cluster do."""
    release(decide("a", 1))
    number = begin_trial("b", 2)
    with begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        assert set(challengers.listed(connection, "openaq")) == {number}


def trial_in(connection: sa.Connection, number: int) -> challengers.Trial:
    found = challengers.get(connection, "openaq", number)
    assert found is not None
    return found


def test_two_runs_that_end_a_trial_at_once_make_one_decision() -> None:
    release(decide("a", 1))
    number = begin_trial("b", 2)

    def end(name: str) -> int | None:
        try:
            with begin() as connection:
                return Ending("openaq", name, "monitor", "it was closer").take_over(connection, number)
        except StepError:
            return None  # another was first; its engine tries again, and finds nothing left to do

    with ThreadPoolExecutor(4) as pool:
        made = [one for one in pool.map(end, "abcd") if one is not None]
    with begin() as connection:
        kinds = [one.kind for one in promotions.listed(connection, "openaq")]
    assert len(made) == 1 and kinds == ["takeover", "train", "train"]
