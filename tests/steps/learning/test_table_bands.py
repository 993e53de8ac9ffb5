"""Bands around a table's numbers hold what they promise on rows that nobody had looked at, and know nothing of them."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

from steps.contract.declaration import Family, Gate, TableLearning
from steps.learning import bands
from steps.learning.judge import judge
from steps.learning.recipe import ask, train
from steps.learning.table_dataset import Table
from steps.learning.trials import evaluate
from steps.models.bands import Bands
from steps.summaries.decision import Recipe

PARAMETERS = {"trees": 20, "leaf_rows": 4}
RECIPE = Recipe(family="forest", parameters=PARAMETERS)
LEARNING = TableLearning(
    target="target",
    task="regression",
    families=(Family(name="forest", model="steps.models.forest:ForestRegressor"),),
)


def diabetes(split: int) -> Table:
    """442 patients, and how far their disease had got after a year; which are held out depends on `split`."""
    rows = load_diabetes(as_frame=True).frame.astype("float64")
    digests = [hashlib.sha256(f"{split} {values}".encode()).hexdigest()[:32] for values in rows.to_numpy().tolist()]
    return Table("0" * 32, "target", "", "regression", 0.2, 1, rows.assign(row=digests))


def held(table: Table) -> tuple[bands.Measured, float]:
    """The bands, and what share of the holdout those hold that are made of what the model had learned from."""
    model = train(LEARNING, RECIPE, table, table.training())
    answers, known = (ask(model, table.rows.loc[part]) for part in (table.holdout(), table.training()))
    lax = Bands.calibrated(0.8, np.zeros(len(known)), known, table.target[table.training()])
    low, high = lax.around(np.zeros(len(answers)), answers)
    truth = table.target[table.holdout()]
    inside = float(np.mean((low <= truth) & (truth <= high)))
    return bands.measure_rows(table, LEARNING, RECIPE, answers), inside


def test_they_hold_four_of_five_patients_that_nothing_was_learned_from() -> None:
    found = [held(diabetes(split)) for split in range(8)]
    coverage = np.array([measured.coverage.coverage for measured, _ in found])
    assert coverage.mean() == pytest.approx(0.8, abs=0.04)
    assert coverage.min() > 0.65
    assert np.mean([inside for _, inside in found]) < 0.7, "errors on rows that were learned from promise too much"


def test_the_holdout_measures_them_and_does_not_make_them() -> None:
    table = diabetes(0)
    bent = table.rows.assign(target=table.rows["target"].where(~table.holdout(), 9_999.0))
    answers = np.full(int(table.holdout().sum()), 150.0)
    one, other = (bands.measure_rows(each, LEARNING, RECIPE, answers) for each in (table, replace(table, rows=bent)))
    assert one.bands == other.bands
    assert other.coverage.coverage == 0 < one.coverage.coverage


def test_they_are_in_the_decision_and_are_deployed() -> None:
    table = diabetes(1)
    judgement = judge(table, LEARNING, [evaluate(table, LEARNING, "forest", 0, PARAMETERS)], None)
    assert judgement.bands is not None and judgement.verdict.bands is not None
    assert judgement.verdict.bands.nominal == 0.8
    assert judgement.verdict.bands.width == pytest.approx(150, abs=60)


def test_classes_have_none() -> None:
    table = diabetes(2)
    classes = table.rows.assign(target=(table.rows["target"] > 140).astype(float))
    learning = TableLearning(
        target="target",
        task="classification",
        families=(Family(name="forest", model="steps.models.forest:ForestClassifier"),),
        gate=Gate(metric="accuracy"),
    )
    sick = replace(table, rows=classes, task="classification")
    judgement = judge(sick, learning, [evaluate(sick, learning, "forest", 0, PARAMETERS)], None)
    assert judgement.bands is None and judgement.verdict.bands is None
