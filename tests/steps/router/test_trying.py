"""How the calls of a challenger are judged, with times that are made up."""

import asyncio
from collections.abc import Callable

import pytest
from multidict import CIMultiDict

from steps.router.calls import Answer, Caller
from steps.router.metrics import Metrics
from steps.router.routes import Server
from steps.router.trial import Memory, Trial
from steps.router.trying import Attempt, Trying

CHALLENGER = Server("challenger", "http://127.0.0.1:1", "2", "key")


def judged(judge: Callable[[Trying, Trial], None]) -> Trial:
    """What becomes of a challenger that is judged so, beside a champion that takes 10 ms."""

    async def run() -> Trial:
        caller = Caller()
        trying = Trying(caller, Metrics(), Memory(None), limit=1)
        trying.follow(CHALLENGER, new_champion=True)
        trial = trying.trial
        assert trial is not None
        trial.up()
        for _ in range(20):
            trying.champion_took(0.01)
        judge(trying, trial)
        await trying.close()
        await caller.close()
        return trial

    return asyncio.run(run())


def good(seconds: float) -> Attempt:
    return Attempt(Answer(200, CIMultiDict(), b"", seconds), None, 1)


def times(calls: int, attempt: Attempt, champion: float = 0) -> Callable[[Trying, Trial], None]:
    """The same call so many times."""

    def judge(trying: Trying, trial: Trial) -> None:
        for _ in range(calls):
            trying.judge(trial, attempt, champion)

    return judge


@pytest.mark.parametrize(("calls", "state"), [(1, "suspected"), (10, "withdrawn")])
def test_a_slow_one_is_suspected_at_once_and_withdrawn_after_ten(calls: int, state: str) -> None:
    trial = judged(times(calls, good(0.2)))
    assert trial.state == state
    assert (trial.alarm is not None and trial.alarm.why == "slowness") == (state == "withdrawn")


def test_what_is_a_few_milliseconds_slower_is_fine() -> None:
    trial = judged(times(50, good(0.05)))
    assert (trial.state, trial.calls, trial.slow) == ("on trial", 50, 0)


@pytest.mark.parametrize(("champion", "failed"), [(0.4, 3), (0.6, 0)])
def test_it_took_too_long_only_where_the_champion_did_not(champion: float, failed: int) -> None:
    assert judged(times(3, Attempt(None, "timeout", 1), champion)).failed == failed


def test_what_comes_late_of_one_that_was_replaced_is_nobodys() -> None:
    def replaced(trying: Trying, trial: Trial) -> None:
        trying.follow(Server("challenger", CHALLENGER.url, "3", "another"), new_champion=False)
        for _ in range(5):
            trying.judge(trial, Attempt(None, "unreachable", 1))

    assert judged(replaced).calls == 0
