"""A daily series as a dataset: what is naive about it, how it is judged, and when its days count."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from steps.errors import CheckFailed
from steps.learning import split, trials
from steps.learning.dataset import Series, label
from steps.learning.judge import judge
from steps.monitoring import scores, watching
from steps.summaries.decision import Recipe, Usual
from steps.summaries.intervals import DAY, HOUR
from tests.steps.support.daily import declared, features, observations

LEARNING = declared().learning
OBSERVED = observations()


def dataset() -> Series:
    rows = label(features(OBSERVED, LEARNING), LEARNING.horizon_hours, DAY)
    cut = split.holdout_from(rows["target_at"], LEARNING.holdout_share)
    return Series("0" * 32, "sold", "pcs", 24, cut, rows, frequency="daily")


def test_the_same_weekday_is_a_naive_predictor() -> None:
    data = dataset()
    learned, scored = data.training(), data.holdout()
    naive = dict(data.naive(learned, scored))
    assert list(naive) == ["persistence", "training mean", "same weekday"]
    rows = data.rows.loc[scored].reset_index(drop=True)
    one = rows.iloc[40]
    before = OBSERVED[(OBSERVED["location"] == one["location"]) & (OBSERVED["parameter"] == "sold")].set_index("time")
    assert naive["same weekday"][40] == before["value"][one["target_at"] - pd.Timedelta(days=7)]
    error = {name: np.abs(answers - data.target[scored]).mean() for name, answers in naive.items()}
    assert error["same weekday"] < error["persistence"]
    assert [name for name, _ in Series.naive(_hourly(data), learned, scored)] == ["persistence", "training mean"]


def _hourly(data: Series) -> Series:
    return Series(data.fingerprint, "sold", "pcs", 24, data.holdout_from, data.rows)


def test_a_missing_week_before_is_answered_by_the_last_value() -> None:
    data = dataset()
    row = data.rows[data.rows["location"] == 1].iloc[100]
    week_before = row["target_at"] - pd.Timedelta(days=7)
    known = (data.rows["location"] == 1) & (
        (data.rows["time"] == week_before) | (data.rows["target_at"] == week_before)
    )
    without = Series("0" * 32, "sold", "pcs", 24, data.holdout_from, data.rows[~known], frequency="daily")
    there = ((without.rows["location"] == 1) & (without.rows["time"] == row["time"])).to_numpy()
    assert dict(without.naive(~there, there))["same weekday"].tolist() == [row["value"]]


def test_it_is_judged_by_weeks_and_shown_by_day() -> None:
    data = dataset()
    tried = trials.evaluate(data, LEARNING, "linear", 0, {})
    verdict = judge(data, LEARNING, [tried], Recipe(family="linear", parameters={}), live=None).verdict
    assert verdict.frequency == "daily"
    assert verdict.span.endswith("blocks of 7 days")
    assert verdict.bands is not None and 0.6 < verdict.bands.coverage < 0.97
    assert set(verdict.residual_groups) == {"weekday", "season", "location"}
    assert [one.group for one in verdict.residual_groups["weekday"]] == [
        "Mon",
        "Tue",
        "Wed",
        "Thu",
        "Fri",
        "Sat",
        "Sun",
    ]
    times = verdict.forecast["1"].time
    assert {(later - one).total_seconds() for one, later in pairwise(times)} == {86400}
    assert verdict.usual is not None and verdict.usual.days > 60
    assert Series.restore(data.summary({}), data.rows) == data


def test_its_days_count_with_one_value() -> None:
    days = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=40, tz="UTC"), "location": 1, "hours": 1})
    days = days.assign(error=5.0, persistence=5.0, outside=0.0)
    assert len(scores.whole(days, DAY)) == 40 and scores.whole(days, HOUR).empty
    error, bands = watching.watch(days, Usual(score=0.3, days=100), 0.8, DAY)
    assert len(error.days) == len(bands.days) == 40 and error.alarms and not bands.alarms


def test_nothing_to_learn_from_is_said_in_days() -> None:
    rows = features(observations(20), LEARNING)
    rows = rows[rows["time"] == rows["time"].max()]
    with pytest.raises(CheckFailed, match="of 2 days none is observed both then and 1 day later"):
        label(rows, 24, DAY)
