"""Scores that would lie do not come about: a leak is caught, or what it touches is refused, or nothing is promoted."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest

from steps.checking import agreement
from steps.checking.leaks import lookahead
from steps.errors import CheckFailed
from steps.features import hourly
from steps.learning import trials
from steps.learning.dataset import Series, label
from steps.learning.judge import judge
from steps.summaries.decision import Verdict
from tests.steps.support import leaks
from tests.steps.support.synthetic import LEARNING, LOCATIONS, dataset_of, features, observations

DAYS = 90
RECIPE = {"alpha": 300.0, "pooling": 0.5, "root": 0.5}


def judged(data: Series) -> Verdict:
    """What becomes of one recipe on that data, with nothing live."""
    return judge(data, LEARNING, [trials.evaluate(data, LEARNING, "linear", 0, RECIPE)], None).verdict


def build(observed: pd.DataFrame) -> pd.DataFrame:
    return hourly.build(observed, parameter="no2", learning=LEARNING, location=LOCATIONS[0])


def test_good_data_are_promoted_and_raise_no_doubt() -> None:
    rows = features(observations(DAYS))
    assert judged(dataset_of(rows)).promoted
    assert agreement.doubts(rows) == {}


def test_a_shuffled_target_is_not_promoted() -> None:
    data = dataset_of(features(observations(DAYS)))
    judgement = judged(replace(data, rows=leaks.shuffled(data.rows)))
    assert not judgement.promoted
    assert "no better than training mean" in judgement.words


@pytest.mark.parametrize(
    "wrong", [partial(leaks.looking_ahead, hours=24), partial(leaks.looking_ahead, hours=1), leaks.of_the_whole_month]
)
def test_a_feature_that_knows_later_hours_is_caught(wrong: Callable[..., Any]) -> None:
    observed = observations(40)
    ahead = partial(wrong(hourly.build), parameter="no2", learning=LEARNING, location=LOCATIONS[0])
    words = lookahead.found(observed, ahead(observed), ahead)
    assert words is not None
    assert words.startswith(("change_next at 2021-", "relative at 2021-"))
    assert "with the hours after it, and" in words


def test_a_row_that_is_there_only_with_later_hours_is_caught() -> None:
    observed, wrong = observations(40), leaks.with_a_next_hour(build)
    words = lookahead.found(observed, wrong(observed), wrong)
    assert words is not None
    assert words.startswith("the row of 2021-")


@pytest.mark.parametrize("locations", [LOCATIONS, LOCATIONS[:1]])
def test_ours_know_none(locations: tuple[int, ...]) -> None:
    for seed in range(3):
        observed = observations(40, locations, seed)
        assert lookahead.found(observed, build(observed), build) is None


def test_ours_know_none_where_hours_are_missing_either() -> None:
    observed = observations(40)
    hours = np.sort(observed["time"].unique())
    for part in (hours[::2], hours[: len(hours) // 3], hours[:0]):
        left = observed[observed["time"].isin(part) | (observed["location"] != LOCATIONS[0])]
        assert lookahead.found(left, build(left), build) is None


@pytest.mark.parametrize("days", [1, -1, 2])
def test_a_clock_that_is_days_off_is_found(days: int) -> None:
    observed = observations(DAYS, (*LOCATIONS, 103))
    told = agreement.shifted(features(leaks.clock_early(observed, days * leaks.DAY)))
    assert list(told) == [101], "the others agree with each other"
    assert told[101].reason.startswith(
        f"its hours are stamped {24 * abs(days)} hours {'early' if days > 0 else 'late'}"
    )


def test_of_two_locations_it_is_said_that_they_disagree() -> None:
    told = agreement.shifted(features(leaks.clock_early(observations(DAYS))))
    assert list(told) == [101, 102]


def test_without_the_check_a_clock_that_is_off_would_have_made_scores_lie() -> None:
    """Which is why it is checked: the neighbour's value is the future's."""
    observed = observations(DAYS)
    honest, leaking = (judged(dataset_of(features(table))) for table in (observed, leaks.clock_early(observed)))
    assert leaking.scores[-1].by("rmse") < 0.9 * honest.scores[-1].by("rmse")


def test_a_constant_target_is_not_promoted_and_nothing_breaks() -> None:
    rows = features(leaks.constant(observations(DAYS)))
    assert agreement.doubts(rows) == {}
    judgement = judged(dataset_of(rows))
    assert not judgement.promoted
    assert "no better than" in judgement.words
    assert judgement.bands is not None


def test_one_station_alone_is_learned_from() -> None:
    rows = features(leaks.one_station(observations(DAYS)))
    assert not [name for name in rows if str(name).startswith("others_")]
    assert agreement.doubts(rows) == {}
    assert judged(dataset_of(rows)).promoted


def test_over_a_gap_no_row_is_made_and_no_target_is_known_too_early() -> None:
    data = dataset_of(features(leaks.gap(observations(200), days=60)))
    assert ((data.rows["target_at"] - data.rows["time"]) == data.horizon).all()
    assert data.rows["time"].diff().max() > pd.Timedelta(days=59)
    part = np.flatnonzero(data.training())
    folds = data.folds(part, LEARNING.folds)
    assert 0 < len(folds) < LEARNING.folds, "a stretch of nothing is no fold"
    for fold in folds:
        learned, scored = (data.rows.iloc[part[one]] for one in (fold.learn, fold.score))
        assert learned["target_at"].max() < scored["time"].min()
    held = data.rows[data.holdout()]
    assert data.rows[data.training()]["target_at"].max() < held["time"].min()
    assert judged(data).scores[-1].rows == len(held)


def test_from_a_day_alone_there_is_nothing_to_learn() -> None:
    with pytest.raises(CheckFailed, match="none is observed both then and 24 hours later"):
        label(features(observations(1)), LEARNING.horizon_hours)


@pytest.mark.parametrize("factor", [1 / 1912, 1000.0])
def test_a_unit_that_changed_without_a_word_is_found(factor: float) -> None:
    told = agreement.jumped(features(leaks.unit_changed(observations(DAYS), factor)))
    assert list(told) == [101, 102]
    assert "1 month is like that, as if the unit had changed" in told[101].reason


def test_clean_air_and_a_month_of_few_hours_are_no_change_of_unit() -> None:
    """Zeros are most of what a low-cost sensor reads there."""
    random = np.random.default_rng(1)
    hours = pd.date_range("2021-03-01T01:00Z", "2021-06-03T21:00Z", freq="h", unit="us")
    values = np.where(random.random(len(hours)) < 0.45, 0.0, random.gamma(0.5, 1.5, len(hours)))
    may, june = hours.month == 5, hours.month == 6
    values[june] = 0.0
    values[may] *= random.random(may.sum()) < 0.4
    rows = pd.DataFrame({"location": 101, "time": hours, "value": values})
    medians = rows.groupby(rows["time"].dt.month)["value"].median()
    assert medians[3] > 0 == medians[5] == medians[6], "by their medians these would be two units"
    assert agreement.jumped(rows) == {}
    few = rows.assign(value=np.where(june, 5000.0, values))
    assert agreement.jumped(few) == {}, "69 hours say nothing of a month"
    many = rows.assign(value=values * np.where(may, 1000.0, 1.0))
    assert len(agreement.jumped(many)) == 1, "a unit that changed is found in clean air, too"


def test_without_the_embargo_a_target_would_be_known_too_early() -> None:
    """The distance is the horizon: with less, a learned target would be a later hour than the first forecast's."""
    data = dataset_of(features(observations(DAYS)))
    learned, held = data.rows[data.training()], data.rows[data.holdout()]
    assert learned["target_at"].max() < held["time"].min()
    assert held["time"].min() - learned["target_at"].max() <= pd.Timedelta(hours=2), "and no more is given away"
