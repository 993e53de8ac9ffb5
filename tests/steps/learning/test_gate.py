"""What is promoted, what is not, and that the reason is said in words."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from steps.contract.declaration import Gate
from steps.learning import gate, trials
from steps.learning.dataset import Series
from steps.learning.judge import judge, known_rows, refit
from steps.learning.recipe import ask
from steps.learning.scoring import bootstrap, naive, score
from steps.models.linear import Linear
from steps.summaries.decision import Bootstrap, Recipe, Score, Trial, Verdict
from tests.steps.support.synthetic import LEARNING, dataset, dataset_of, features, observations

Floats = np.typing.NDArray[np.float64]
GOOD = {"alpha": 300.0, "pooling": 0.5, "root": 0.0}
POOR = {"alpha": 1e9, "pooling": 1.0, "root": 0.0}
WORSE = {**GOOD, "alpha": 30_000.0}
RULES = Gate(metric="rmse", bound=None, confidence=0.9, block_hours=24)


def of(name: str, rmse: float) -> Score:
    return Score.model_validate({"name": name, "rows": 1000, "rmse": rmse, "mae": rmse / 2})


def decide(
    own: float, *, rules: Gate = RULES, champion: float | None = None, bound: float | None = 0.1
) -> gate.Outcome:
    return gate.decide(
        rules,
        "µg/m³",
        naive=(of("persistence", 24.0), of("training mean", 22.0)),
        challenger=of("challenger (linear)", own),
        champion=None if champion is None else of("champion", champion),
        bootstrap=None
        if champion is None
        else Bootstrap(difference=champion - own, bound=bound, confidence=0.9, blocks=74, draws=4000),
        span="74 days",
    )


def test_without_a_champion_beating_the_naive_is_enough() -> None:
    outcome = decide(18.7)
    assert outcome.promoted
    assert "18.70 µg/m³" in outcome.words
    assert "24.00 of persistence" in outcome.words
    assert "No model that predicts this was live" in outcome.words


@pytest.mark.parametrize(("own", "by"), [(23.0, "training mean"), (22.0, "training mean"), (30.0, "persistence")])
def test_no_better_than_naive_is_never_promoted(own: float, by: str) -> None:
    for champion in (None, 40.0):
        outcome = decide(own, champion=champion)
        assert not outcome.promoted
        assert f"no better than {by}" in outcome.words


def test_the_project_s_bound_must_be_met() -> None:
    rules = RULES.model_copy(update={"bound": 18.0})
    assert decide(17.9, rules=rules).promoted
    outcome = decide(18.0, rules=rules)
    assert not outcome.promoted
    assert "the project wants less than 18 µg/m³" in outcome.words


def test_a_champion_that_is_beaten_for_certain_gives_way() -> None:
    outcome = decide(18.0, champion=19.0, bound=0.4)
    assert outcome.promoted
    assert outcome.words.startswith(
        "Promoted: challenger (linear) was 5.3 % better than the champion, more than chance over 74 days."
    )
    assert "The difference is 1.00, at least 0.40 µg/m³ at 90 % confidence" in outcome.words


@pytest.mark.parametrize(
    ("own", "bound", "verdict"),
    [
        (18.9, -0.05, "0.5 % better than the champion, not distinguishable from chance over 74 days."),
        (18.9, 0.0, "0.5 % better than the champion, not distinguishable from chance over 74 days."),
        (18.9999, -0.05, "0.0005 % better than the champion, not distinguishable"),
        (19.5, -0.9, "2.6 % worse than the champion over 74 days."),
    ],
)
def test_a_champion_that_may_be_as_good_stays(own: float, bound: float, verdict: str) -> None:
    outcome = decide(own, champion=19.0, bound=bound)
    assert not outcome.promoted
    assert outcome.words.startswith(f"Kept the champion: challenger (linear) was {verdict}")
    assert "19.00 of the champion's recipe, trained on the same rows, 24.00 of persistence" in outcome.words
    assert "wanted above 0" in outcome.words


@pytest.mark.parametrize(("own", "said"), [(4.4, True), (4.5, False)])
def test_a_score_that_is_too_good_against_the_naive_is_a_reason_to_look(own: float, said: bool) -> None:
    naive = (of("persistence", 24.0), of("training mean", 22.0))
    words = gate.too_good(RULES, naive, of("challenger (linear)", own), ["wx_temperature", "lag_0"])
    assert bool(words) == said
    if said:
        assert "80 % below that of training mean" in words
        assert "a reason to look, first at what matters most to it: wx_temperature, lag_0." in words


@pytest.mark.parametrize(("own", "said"), [(0.91, True), (0.9, True), (0.89, False)])
def test_of_classes_it_is_what_an_accuracy_lacks(own: float, said: bool) -> None:
    scores = [
        Score.model_validate({"name": name, "rows": 100, "accuracy": value})
        for name, value in (("majority class", 0.5), ("challenger", own))
    ]
    assert bool(gate.too_good(Gate(metric="accuracy"), scores[:1], scores[1], [])) == said


def test_a_decision_s_words_say_that_its_score_is_too_good_and_why() -> None:
    rows = features(observations())
    later = rows.groupby("location")["value"].shift(-24)
    words = judged(
        dataset_of(rows.assign(wx_next=later.astype("float32"))), None, {"alpha": 1.0, "pooling": 1.0, "root": 0.0}
    ).words
    assert words.startswith("Promoted: ")
    assert "too good to be taken on trust: a reason to look, first at what matters most to it: wx_next" in words
    assert "a reason to look" not in judged(dataset()).words


def test_too_few_blocks_decide_nothing() -> None:
    outcome = decide(10.0, champion=20.0, bound=None)
    assert not outcome.promoted
    assert "50.0 % better than the champion, and 74 days are too few to tell that from chance" in outcome.words


def test_the_metric_is_the_project_s() -> None:
    outcome = decide(18.7, rules=RULES.model_copy(update={"metric": "mae"}))
    assert "MAE 9.35" in outcome.words


def errors(rows: int = 2400, seed: int = 1) -> tuple[Floats, np.typing.NDArray[np.int64]]:
    random = np.random.default_rng(seed)
    return random.normal(0, 10, rows), np.arange(rows) // 24


def test_a_clear_difference_has_a_bound_above_zero_and_a_slight_one_has_not() -> None:
    error, days = errors()
    noise = np.random.default_rng(2).normal(0, 10, len(error))
    clear = bootstrap(error, 0.8 * error, days, metric="rmse", confidence=0.9, seed=0)
    assert clear.difference == pytest.approx(0.2 * score("", error, np.zeros(len(error))).by("rmse"))
    assert 0 < (clear.bound or 0) < clear.difference
    slight = bootstrap(
        error, noise * np.std(error) / np.std(noise) * 0.999, days, metric="rmse", confidence=0.9, seed=0
    )
    assert slight.difference > 0 > (slight.bound or 0)


def test_errors_that_come_in_days_are_worth_less_than_as_many_that_do_not() -> None:
    random = np.random.default_rng(4)
    days = np.repeat(np.arange(60), 24)
    spell: Floats = np.repeat(random.normal(0, 10, 60), 24)  # a day's hours are all off alike
    better: Floats = spell * np.repeat(random.uniform(0.6, 1.3, 60), 24)
    by_day = bootstrap(spell, better, days, metric="rmse", confidence=0.9, seed=0)
    by_hour = bootstrap(spell, better, np.arange(len(days)), metric="rmse", confidence=0.9, seed=0)
    assert by_day.difference == pytest.approx(by_hour.difference)
    assert (by_day.bound or 0) < (by_hour.bound or 0)


def test_a_few_days_bound_nothing() -> None:
    error, days = errors(96)
    few = bootstrap(error, error / 2, days, metric="rmse", confidence=0.9, seed=0)
    assert (few.blocks, few.bound) == (4, None)
    assert few.difference > 0


def test_the_bootstrap_is_repeatable_and_covers() -> None:
    error, days = errors()
    both = [bootstrap(error, error * 0.9, days, metric="mae", confidence=0.9, seed=7) for _ in range(2)]
    assert both[0] == both[1]
    # two predictors that are equally good: at 90 % about one comparison in ten has a bound above zero
    fooled = 0
    for seed in range(100):
        one, _ = errors(seed=seed)
        other, _ = errors(seed=1000 + seed)
        fooled += (bootstrap(one, other, days, metric="rmse", confidence=0.9, seed=0).bound or 0) > 0
    assert 3 <= fooled <= 20


def test_naive_scores() -> None:
    data = dataset()
    learned, scored = data.training(), data.holdout()
    persistence, mean = naive(data, learned, scored)
    truth = data.target[scored]
    assert persistence.by("rmse") == pytest.approx(np.sqrt(np.mean((data.value[scored] - truth) ** 2)))
    means = {place: own["target"].mean() for place, own in data.rows[learned].groupby("location")}
    told = np.array([means[place] for place in data.rows["location"][scored]])
    assert mean.by("mae") == pytest.approx(np.mean(np.abs(told - truth)))


def judged(data: Series, champion: Recipe | None = None, *parameters: dict[str, float]) -> Verdict:
    results = [trials.evaluate(data, LEARNING, "linear", *one) for one in enumerate(parameters or (POOR, GOOD))]
    return judge(data, LEARNING, results, champion).verdict


def test_the_folds_choose_and_the_winner_is_promoted_over_nothing() -> None:
    judgement = judged(dataset())
    assert judgement.promoted
    assert judgement.recipe == Recipe(family="linear", parameters=GOOD)
    assert [one.name for one in judgement.scores] == ["persistence", "training mean", "challenger (linear)"]
    assert {one.rows for one in judgement.scores} == {int(dataset().holdout().sum())}
    assert judgement.bootstrap is None
    assert {one.feature: one.share for one in judgement.importance}["location"] >= 0
    json.dumps(judgement.to_json(), allow_nan=False)


def test_the_holdout_is_not_asked_which_recipe_to_take() -> None:
    data = dataset()
    lying = [
        Trial(family="linear", number=0, parameters=GOOD, mean=9.0, folds=(9.0,) * 5, seconds=0),
        Trial(family="linear", number=1, parameters=POOR, mean=1.0, folds=(1.0,) * 5, seconds=0),
    ]
    judgement = judge(data, LEARNING, lying, None).verdict
    assert judgement.recipe.parameters == POOR
    assert not judgement.promoted


def test_a_poor_champion_is_replaced_and_a_good_one_stays() -> None:
    assert judged(dataset(), Recipe(family="linear", parameters=POOR)).promoted
    stays = judged(dataset(), Recipe(family="linear", parameters=GOOD), POOR, WORSE)
    assert not stays.promoted
    assert stays.words.startswith("Kept the champion: ")
    assert re.search(r"over \d+ days", stays.words)
    assert [one.name for one in stays.scores][2] == "champion"


def test_the_champion_s_own_recipe_again_changes_nothing() -> None:
    judgement = judged(dataset(), Recipe(family="linear", parameters=GOOD))
    assert not judgement.promoted
    assert "chose its own recipe again" in judgement.words


@pytest.mark.parametrize(
    "champion",
    [
        Recipe(family="forest", parameters={}),
        Recipe(family="linear", parameters={"depth": 3}),
        Recipe(family="linear", parameters=GOOD, features=("lag_0", "gone")),
    ],
)
def test_a_champion_that_cannot_be_trained_any_more_counts_as_none(champion: Recipe) -> None:
    judgement = judged(dataset(), champion)
    assert judgement.promoted
    assert "The live model's recipe can no longer be trained" in judgement.words
    assert len(judgement.scores) == 3


def test_a_recipe_may_name_its_features() -> None:
    data = dataset()
    model = refit(data, LEARNING, Recipe(family="linear", parameters=GOOD, features=("location", "lag_0")))
    assert model.features == ("location", "lag_0")
    assert np.isfinite(ask(model, data.rows)).all()


def test_a_constant_target_is_not_promoted() -> None:
    table = observations(days=40)
    table.loc[table["parameter"] == "no2", "value"] = 12.0
    judgement = judged(dataset_of(features(table)))
    assert not judgement.promoted
    assert "no better than persistence" in judgement.words


def test_two_judgements_are_equal_to_the_byte() -> None:
    both = [judged(dataset(), Recipe(family="linear", parameters=POOR)).to_json() for _ in range(2)]
    assert json.dumps(both[0] | {"trials": []}) == json.dumps(both[1] | {"trials": []})


def test_the_forecast_of_the_last_days_stands_beside_the_truth() -> None:
    data = dataset()
    forecast = judged(data).forecast
    assert set(forecast) == {"101", "102"}
    own = forecast["101"]
    assert own.time[-1] == data.rows["target_at"].max()
    hours = pd.DatetimeIndex(own.time)
    assert (hours[1:] - hours[:-1] == pd.Timedelta(hours=1)).all()
    assert hours[-1] - hours[0] < pd.Timedelta(days=14)
    assert hours[0] >= data.holdout_from
    assert any(value is None for value in own.truth)  # one hour in twenty is missing
    assert [value is None for value in own.truth] == [value is None for value in own.forecast]
    truth = data.rows[data.rows["location"] == 101].set_index("target_at")["target"]
    shown = dict(zip(own.time, own.truth, strict=True))
    assert shown[own.time[-1]] in (None, pytest.approx(truth.iloc[-1], abs=0.001))


def test_the_known_rows_are_the_model_s_own_answers_holes_and_all() -> None:
    data = dataset()
    model = refit(data, LEARNING, Recipe(family="linear", parameters=GOOD))
    known = known_rows(data, model, 12)
    assert known.features == list(model.features)
    assert 6 < len(known.rows) <= 12
    assert any(None in row for row in known.rows)
    values = np.array([[np.nan if value is None else value for value in row] for row in known.rows])
    np.testing.assert_array_equal(model.predict(values), known.answers)
    json.dumps(known.rows, allow_nan=False)


def test_the_model_to_deploy_has_learned_from_everything() -> None:
    data = dataset()
    whole = Linear.fit(data.rows[list(data.features)], data.target, GOOD, 0)
    refitted = refit(data, LEARNING, Recipe(family="linear", parameters=GOOD))
    np.testing.assert_allclose(ask(refitted, data.rows), ask(whole, data.rows), rtol=1e-9)
