"""No row is learned from whose target was not known when the first scored forecast had to be made."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from steps.errors import CheckFailed
from steps.learning import enough, split
from tests.steps.support.synthetic import LEARNING, LOCATIONS, dataset, dataset_of, features, observations

DAY = pd.Timedelta(hours=24)


def test_the_embargo_holds_before_the_holdout() -> None:
    data = dataset()
    learned, scored = (data.rows[part()] for part in (data.training, data.holdout))
    assert learned["target_at"].max() < scored["target_at"].min() - DAY
    # what was learned last came true before the first scored forecast was made
    assert learned["target_at"].max() < scored["time"].min()


def test_the_holdout_is_the_last_share_of_the_time() -> None:
    data = dataset()
    first, last = data.rows["target_at"].min(), data.rows["target_at"].max()
    assert data.holdout_from == last - 0.2 * (last - first)
    lost = ~(data.training() | data.holdout())
    assert 0 < lost.sum() <= 24 * len(LOCATIONS)


@pytest.mark.parametrize("count", [1, 3, 5])
def test_folds_roll_forward_and_never_leak(count: int) -> None:
    data = dataset()
    times = data.rows["target_at"][data.training()]
    folds = split.folds(times, count, DAY)
    assert len(folds) == count
    seen = np.zeros(len(times), dtype=int)
    for before, fold in zip([None, *folds], folds, strict=False):
        assert not (fold.learn & fold.score).any()
        assert times[fold.learn].max() < times[fold.score].min() - DAY
        assert before is None or times[before.score].max() < times[fold.score].min()
        assert before is None or fold.learn.sum() > before.learn.sum()
        seen += fold.score
    assert seen.max() == 1
    # side by side over the last 60 %, the very last row too
    tail = times >= times.min() + 0.4 * (times.max() - times.min())
    assert (seen == tail.to_numpy()).all()


def test_a_row_s_target_is_the_value_that_came() -> None:
    table = observations(days=20)
    data = dataset_of(features(table))
    no2 = table[table["parameter"] == "no2"].set_index(["location", "time"])["value"]
    keys = data.rows.set_index(["location", "time"]).index
    np.testing.assert_array_equal(data.value, no2.loc[keys])
    later = data.rows.set_index(["location", "target_at"]).index
    np.testing.assert_array_equal(data.target, no2.loc[later])
    # every hour whose value is there and comes again a day later, and no other
    both = no2.index.isin([(place, time - DAY) for place, time in no2.index])
    assert len(data.rows) == both.sum()


def test_a_location_without_the_target_has_no_rows_and_the_others_go_on() -> None:
    table = observations(days=20)
    without = table[(table["location"] == LOCATIONS[0]) | (table["parameter"] != "no2")]
    assert set(dataset_of(features(without)).rows["location"]) == {LOCATIONS[0]}


def test_no_target_anywhere_is_one_line() -> None:
    table = observations(days=5)
    with pytest.raises(CheckFailed, match="of 240 hours none is observed both then and 24 hours later") as told:
        dataset_of(features(table[table["parameter"] != "no2"]))
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("days", [2, 4, 7])
def test_too_few_days_are_one_line(days: int) -> None:
    data = dataset_of(features(observations(days=days)))
    with pytest.raises(CheckFailed, match=r"are too few: (the split|fold \d of 5) has \d+ to learn from") as told:
        enough.check(data, LEARNING.folds, "the rows")
    assert "\n" not in str(told.value)


def test_enough_days_pass() -> None:
    enough.check(dataset_of(features(observations(days=21))), LEARNING.folds, "the rows")


def test_a_holdout_that_nothing_comes_before_is_too_few() -> None:
    data = dataset()
    with pytest.raises(CheckFailed, match="the split has 0 to learn from"):
        enough.check(replace(data, holdout_from=data.rows["target_at"].min()), 5, "the rows")
