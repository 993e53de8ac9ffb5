"""The service alarm: soon where it must, and not where nothing is wrong."""

import random

import pytest

from steps.router.alarm import LEVEL, Pace, ServiceAlarm


def calls_until_alarm(failing: float, slow: float, *, good_before: int = 0, most: int = 2_000, seed: int = 1) -> int:
    """How many calls of which such shares are bad; `most` if there is no alarm in so many."""
    draw, alarm = random.Random(seed), ServiceAlarm()
    for _ in range(good_before):
        alarm.see(failed=False, slow=False)
    for number in range(1, most + 1):
        failed = draw.random() < failing
        alarm.see(failed=failed, slow=None if failed else draw.random() < slow)
        if alarm.why is not None:
            return number
    return most


@pytest.mark.parametrize("good_before", [0, 10, 5_000])
def test_what_always_fails_is_found_at_the_third_call_however_long_it_was_good(good_before: int) -> None:
    assert calls_until_alarm(1, 0, good_before=good_before) == 3


@pytest.mark.parametrize("good_before", [0, 10, 5_000])
def test_what_is_always_slow_is_found_at_the_tenth(good_before: int) -> None:
    assert calls_until_alarm(0, 1, good_before=good_before) in (9, 10)


@pytest.mark.parametrize(("failing", "slow"), [(0.2, 0.1), (0, 0.8)])
def test_most_of_what_is_half_broken_is_found_in_sixty_calls(failing: float, slow: float) -> None:
    found = [calls_until_alarm(failing, slow, good_before=100, seed=seed) for seed in range(100)]
    assert sum(each <= 60 for each in found) >= 90


def test_what_is_right_is_left_alone() -> None:
    """By proof at most 2,000/100,000 of them: 2 of 100 at the worst that is right, and none where a tenth is slow."""
    worst = [calls_until_alarm(0.01, 0.2, seed=seed) for seed in range(50)]
    usual = [calls_until_alarm(0.001, 0.1, seed=seed) for seed in range(50)]
    assert sum(each < 2_000 for each in worst) <= 2
    assert min(usual) == 2_000


def test_it_says_why() -> None:
    alarm = ServiceAlarm()
    for _ in range(3):
        alarm.see(failed=True, slow=None)
    assert alarm.why == "failures"
    assert alarm.failures.evidence >= LEVEL > alarm.slowness.evidence


def test_slow_is_measured_by_the_champion() -> None:
    pace = Pace()
    for number in range(19):
        pace.see(0.1 if number % 2 else 0.2)
    assert pace.limit is None, "too little is known"
    pace.see(0.2)
    assert pace.limit == pytest.approx(0.4)
    for _ in range(200):
        pace.see(0.001)
    assert pace.limit == pytest.approx(0.051), "what is a few milliseconds slower costs nobody anything"
