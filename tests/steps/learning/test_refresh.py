"""Whether the live model is fitted again on what came since, and on which rows that is judged."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.projects.openaq import OPENAQ
from pipeline.projects.wine import WINE
from steps.contract import declaration
from steps.learning import refresh, split
from steps.learning.dataset import Series, label
from steps.learning.judge import refit
from steps.learning.refresh import Live
from steps.learning.table_dataset import Table
from steps.summaries.decision import Recipe

SERIES = declaration.parse(OPENAQ.declaration()).learning
TABLES = declaration.parse_table(WINE.declaration()).learning
LINEAR = Recipe(family="linear", parameters={"alpha": 30.0, "interactions": False})
SVC = Recipe(family="linear-svc", parameters={"c": 1.0})
START = datetime(2003, 1, 1, 1, tzinfo=UTC)


def series(hours: int, *, turned: range = range(0)) -> Series:
    """One location whose wind says what comes a day later; in the hours `turned` it says the opposite."""
    random = np.random.default_rng(3)
    wind = random.normal(0, 1, 4000)[:hours]
    sign = np.ones(hours)
    sign[list(turned)] = -1
    value = 40 + 5 * sign * np.roll(wind, 24) + random.normal(0, 1, 4000)[:hours]
    times = pd.date_range(START, periods=hours, freq="h")
    rows = label(pd.DataFrame({"location": 1, "time": times, "value": value, "wx_wind": wind}), 24)
    cut = split.holdout_from(rows["target_at"], SERIES.holdout_share)
    return Series(f"{hours:032x}", "no2", "µg/m³", 24, cut, rows)


def table(rows: int, seed: int = 1) -> Table:
    """Two classes, told by one of two numbers, for most rows."""
    random = np.random.default_rng(seed)
    told = random.normal(0, 1, (5000, 2))[:rows]
    target = (told[:, 0] + random.normal(0, 0.3, 5000)[:rows] > 0) * 1.0
    digests = [f"{number:032x}" for number in (random.integers(0, 2**62, 5000) << 1)[:rows]]
    digests = [digest[::-1] for digest in digests]
    frame = pd.DataFrame({"a": told[:, 0], "b": told[:, 1], "row": digests, "target": target})
    return Table(f"{rows:032x}", "quality", "", "classification", 0.2, rows, frame)


def live(learned: Series | Table) -> Live:
    learning, recipe = (SERIES, LINEAR) if isinstance(learned, Series) else (TABLES, SVC)
    return Live(3, recipe, refit(learned, learning, recipe), learned)


def weighed(dataset: Series | Table, learned: Series | Table, short: str = "") -> refresh.Renewal:
    return refresh.weigh(dataset, SERIES if isinstance(dataset, Series) else TABLES, live(learned), short)


def test_enough_new_rows_refresh_a_series() -> None:
    found = weighed(series(1400), series(1200))
    assert found.released
    assert found.words.startswith("Refreshed with 200 new rows: on 9 days that neither had learned from, the champion")


def test_a_week_refreshes_a_long_series_whatever_its_share() -> None:
    assert weighed(series(3800 + 168), series(3800)).released
    few = weighed(series(3800 + 100), series(3800))
    assert not few.released
    assert few.words == (
        "Not refreshed: 100 rows are new since version 3 was fitted, 2.6% of what it learned from; wanted 5% or 7 days."
    )


def test_what_has_learned_from_bad_weeks_does_not_replace_a_better_model() -> None:
    found = weighed(series(2200, turned=range(1250, 1800)), series(1200))
    assert not found.released
    assert found.words.startswith("Not refreshed: on 15 days that neither had learned from")
    assert found.words.endswith("which is better by more than chance.")


def test_a_recipe_that_fails_the_gate_s_other_conditions_is_not_fitted_again() -> None:
    found = weighed(
        series(1400), series(1200), "RMSE 9.00 on 9 rows it had not seen, no better than persistence (8.00)"
    )
    assert not found.released
    assert "no better than persistence" in found.words


def test_too_few_days_are_waited_for() -> None:
    found = weighed(series(1200 + 70), series(1200))
    assert (found.released, found.words) == (
        False,
        "Not refreshed yet: 3 days that neither had learned from are too few to compare them on.",
    )


def test_earlier_rows_alone_cannot_be_compared_on() -> None:
    whole = series(1400)
    late = Series(**{**vars(whole), "rows": whole.rows.iloc[300:].reset_index(drop=True)})
    found = weighed(whole, late)
    assert not found.released
    assert found.words.startswith("Not refreshed yet: 300 new rows are no later than what version 3 learned from")


def test_nothing_new_is_not_worth_a_word() -> None:
    assert weighed(series(1200), series(1200)) == refresh.Renewal(False)


def test_a_table_is_compared_on_every_row_that_the_live_model_has_not_seen() -> None:
    found = weighed(table(900), table(300))
    assert found.released
    assert found.words.startswith(
        "Refreshed with 600 new rows: on 600 rows that neither had learned from (cross-fitted), "
    )


def test_what_was_taken_back_must_go_though_nothing_is_new() -> None:
    whole = table(900)
    rest = Table(**{**vars(whole), "rows": whole.rows.iloc[30:].reset_index(drop=True)})
    taught = replace(live(whole), taken_back=30)
    found = refresh.weigh(rest, TABLES, taught, "")
    assert found.released
    assert found.words == "Refreshed without 30 rows that were taken back: version 3 had learned from them."
    assert not refresh.weigh(rest, TABLES, taught, "accuracy 0.1").released


def test_the_live_model_is_scored_on_what_came_after_it() -> None:
    dataset = series(1400)
    found = refresh.afterwards(dataset, live(series(1200)))
    assert found is not None and (found.version, found.score.rows) == (3, 200)
    assert 0 < found.score.by("rmse") < 2
    assert refresh.afterwards(dataset, live(dataset)) is None


def test_a_feature_that_is_gone_is_missing_to_the_live_model() -> None:
    dataset, before = series(1400), live(series(1200))
    gone = Series(**{**vars(dataset), "rows": dataset.rows.rename(columns={"wx_wind": "wx_other"})})
    found = refresh.afterwards(gone, before)
    assert found is not None and found.score.by("rmse") > 3


@given(st.integers(1, 400), st.integers(1, 400), st.integers(0, 5))
def test_no_row_is_learned_from_that_is_scored(known: int, new: int, seed: int) -> None:
    dataset, earlier = table(known + new, seed), table(known, seed)
    later = dataset.later(earlier)
    folds = dataset.guard(later)
    assert not any((fold.learn & fold.score).any() for fold in folds)
    scored: Any = np.sum([fold.score for fold in folds], axis=0)
    assert (scored == later).all(), "each later row once, no other"


def test_a_copy_of_what_the_live_model_knows_is_not_new_to_it_and_copies_are_scored_together() -> None:
    dataset = table(600)
    originals = dataset.rows["row"].to_list()
    copies = [*originals[:500], *originals[:40], *originals[400:460]]  # of known rows, then of later ones
    frame = dataset.rows.assign(copy_of=copies)
    whole = Table(**{**vars(dataset), "rows": frame})
    later = whole.later(table(300))
    assert later.sum() == 200 + 60
    for fold in whole.guard(later):
        assert not set(frame.loc[fold.learn, "copy_of"]) & set(frame.loc[fold.score, "copy_of"])


@pytest.mark.parametrize("new", [30, 200, 900])
def test_a_series_learns_nothing_within_the_horizon_of_what_is_scored(new: int) -> None:
    dataset = series(1200 + new)
    (fold,) = dataset.guard(dataset.later(series(1200)))
    times = dataset.rows["target_at"]
    assert times[fold.score].min() - times[fold.learn].max() > dataset.horizon
    assert times[fold.score].max() - times[fold.score].min() < pd.Timedelta(days=14)
