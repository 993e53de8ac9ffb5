"""Two models told apart by the days that both have predicted."""

import numpy as np
import pandas as pd
import pytest

from steps.monitoring import versus
from steps.monitoring.versus import TAKES, judged

RANDOM = np.random.default_rng(4)


def days(count: int, factor: float, *, spread: float = 0.1, hours: int = 24) -> pd.DataFrame:
    """Days on which the other model's error is `factor` times the champion's, give or take."""
    own = RANDOM.uniform(4, 9, count)
    other = own * factor * np.exp(RANDOM.normal(0, spread, count))
    when = pd.date_range("2003-01-01", periods=count, tz="UTC")
    return pd.DataFrame({"location": 1, "day": when, "hours": hours, "own": own, "other": other})


def test_a_better_model_is_told_within_weeks_and_the_days_after_that_count_no_more() -> None:
    found = judged(days(120, 0.9), 120)
    assert (found.verdict, found.proved) == ("better", True)
    assert 10 < len(found.days) < 45
    assert found.better[-1] >= TAKES > found.better[-2]
    assert found.gain == pytest.approx(0.1, abs=0.05)


def test_a_worse_model_is_told_likewise_and_never_taken_for_a_better_one() -> None:
    runs = [judged(days(60, 1.1), 60) for _ in range(60)]
    assert {found.verdict for found in runs} == {"worse"}
    assert sum(found.proved for found in runs) > 50


def test_equal_models_are_rarely_told_apart() -> None:
    runs = [judged(days(60, 1.0), 60) for _ in range(150)]
    assert sum(found.proved for found in runs) <= 7, "one in twenty at most"


def test_once_the_time_is_over_the_estimate_tells_and_without_an_end_nothing_does() -> None:
    for factor, verdict in ((0.995, "better"), (1.005, "worse")):
        told = days(30, factor, spread=0)
        assert (judged(told, 30).verdict, judged(told, 30).proved) == (verdict, False)
        assert judged(told, 31).verdict is None and judged(told, None).verdict is None


def test_days_that_are_not_whole_count_neither_as_evidence_nor_as_time() -> None:
    found = judged(pd.concat([days(20, 0.5, hours=11), days(3, 0.5).assign(location=2)]), 20)
    assert (len(found.days), found.verdict) == (3, None)


def test_without_a_day_there_is_nothing_to_say() -> None:
    found = judged(days(0, 1.0), 30)
    assert (found.days, found.gain, found.verdict, found.proved) == ((), None, None, False)


def test_what_is_far_off_counts_as_a_tenth_and_two_perfect_models_are_equal() -> None:
    own, other = np.array([0.0, 5.0, 0.0]), np.array([0.0, 0.0, 5.0])
    assert versus.score(own, other).tolist() == [0.5, 1.0, 0.0]
    assert versus.evidence(np.array([0.5, 0.5])).tolist() == pytest.approx([1.0, 1.0])
