"""The trials' list is drawn once, in order; a trial depends on its parameters and the dataset and nothing else."""

import subprocess
import sys
from dataclasses import replace

import pytest

from steps.backends.caching import canonical
from steps.contract.declaration import Choice, Family, Range
from steps.errors import BadInput
from steps.learning import drawing, trials
from steps.learning.trials import best
from steps.summaries.decision import Recipe, Trial
from tests import ROOT
from tests.steps.support.synthetic import LEARNING, dataset

LINEAR, LIGHTGBM = LEARNING.families


@pytest.mark.parametrize("family", LEARNING.families, ids=lambda family: family.name)
def test_the_list_is_within_the_space_and_without_repetition(family: Family) -> None:
    drawn = drawing.draw(family, None)
    assert len(drawn) == family.trials
    assert len({canonical(one) for one in drawn}) == family.trials
    for name, part in family.space.items():
        values = [one[name] for one in drawn]
        if isinstance(part, Choice):
            assert set(values) <= set(part.values)
        else:
            assert part.low <= min(values) < max(values) <= part.high
            assert {type(value) for value in values} == {type(part.low)}


def test_the_list_is_the_same_in_another_process() -> None:
    code = (
        "from tests.steps.support.synthetic import LEARNING; "
        "from steps.backends.caching import canonical; from steps.learning import drawing; "
        "print(canonical([drawing.draw(family, None) for family in LEARNING.families]))"
    )
    other = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == canonical([drawing.draw(family, None) for family in LEARNING.families])


def test_the_champion_s_recipe_comes_first_and_takes_a_place() -> None:
    fresh = drawing.draw(LINEAR, None)
    champion = Recipe(family="linear", parameters={"alpha": 777.0, "pooling": 0.5, "root": 0.25})
    drawn = drawing.draw(LINEAR, champion)
    assert drawn[0] == champion.parameters
    assert drawn[1:] == fresh[:-1]
    # one that is in the list already comes first and is not there twice
    again = drawing.draw(LINEAR, Recipe(family="linear", parameters=fresh[3]))
    assert again[0] == fresh[3]
    assert sorted(map(canonical, again)) == sorted(map(canonical, fresh))


@pytest.mark.parametrize(
    "champion",
    [
        Recipe(family="lightgbm", parameters={"alpha": 1.0, "pooling": 1.0, "root": 0.0}),
        Recipe(family="linear", parameters={"alpha": 1.0}),
        Recipe(family="linear", parameters={"alpha": 1.0, "pooling": 1.0, "root": 0.0, "depth": 3}),
        Recipe(family="linear", parameters={"alpha": 1.0, "pooling": 1.0, "root": 0.0}, features=("lag_0",)),
    ],
    ids=["another family", "parameters lacking", "a parameter that is gone", "features of its own"],
)
def test_a_champion_of_another_space_is_no_trial(champion: Recipe) -> None:
    assert drawing.draw(LINEAR, champion) == drawing.draw(LINEAR, None)


def test_a_space_that_is_smaller_than_the_list_is_drawn_whole() -> None:
    space: dict[str, Choice | Range] = {
        "a": Choice(kind="choice", values=(1, 2)),
        "b": Range(kind="range", low=1, high=3, log=False),
    }
    drawn = drawing.draw(Family(name="small", model="steps.models.linear:Linear", trials=50, space=space), None)
    assert {(one["a"], one["b"]) for one in drawn} == {(a, b) for a in (1, 2) for b in (1, 2, 3)}
    assert len(drawn) == 6


@pytest.mark.parametrize("family", LEARNING.families, ids=lambda family: family.name)
def test_a_trial_twice_has_the_same_result_to_the_bit(family: Family) -> None:
    parameters = drawing.draw(family, None)[1]
    first, second = (trials.evaluate(dataset(), LEARNING, family.name, 1, parameters) for _ in range(2))
    assert first.model_copy(update={"seconds": 0}) == second.model_copy(update={"seconds": 0})
    assert len(first.folds) == LEARNING.folds
    assert first.mean == pytest.approx(sum(first.folds) / LEARNING.folds)


def test_a_trial_sees_nothing_of_the_holdout() -> None:
    data = dataset()
    spoilt = data.rows.copy()
    spoilt.loc[spoilt["target_at"] >= data.holdout_from - data.horizon, "target"] = 1e6
    parameters = drawing.draw(LINEAR, None)[0]
    clean, other = (
        trials.evaluate(one, LEARNING, "linear", 0, parameters) for one in (data, replace(data, rows=spoilt))
    )
    assert clean.folds == other.folds


def test_a_trial_sees_only_the_newest_rows_it_may() -> None:
    data = dataset()
    parameters = drawing.draw(LINEAR, None)[0]
    few = trials.evaluate(data, LEARNING.model_copy(update={"trial_rows": 600}), "linear", 0, parameters)
    cut = data.rows.index[data.rows["target_at"] < data.holdout_from - data.horizon][-600]
    short = replace(data, rows=data.rows.loc[cut:].reset_index(drop=True))
    assert few.folds == trials.evaluate(short, LEARNING, "linear", 0, parameters).folds


def test_the_gate_s_metric_is_what_folds_are_scored_by() -> None:
    parameters = drawing.draw(LINEAR, None)[0]
    absolute = LEARNING.model_copy(update={"gate": LEARNING.gate.model_copy(update={"metric": "mae"})})
    by_rmse, by_mae = (trials.evaluate(dataset(), one, "linear", 0, parameters).mean for one in (LEARNING, absolute))
    assert by_mae < by_rmse
    other = LEARNING.model_copy(update={"gate": LEARNING.gate.model_copy(update={"metric": "r2"})})
    with pytest.raises(BadInput, match="metric is 'r2'; wanted one of rmse, mae"):
        trials.evaluate(dataset(), other, "linear", 0, parameters)


def test_ties_go_to_the_earlier() -> None:
    results = [
        Trial(family="linear", number=number, parameters={}, mean=mean, folds=(mean,), seconds=0)
        for number, mean in enumerate([3.0, 2.0, 2.0])
    ]
    assert best(results, "rmse").number == 1
