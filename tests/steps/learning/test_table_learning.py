"""Learning from tables: who is held out, what is naive, which families there are, and what is decided."""

import json
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.project import TableProject
from pipeline.projects.abalone import ABALONE
from pipeline.projects.wine import WINE
from pipeline.quickstart.tabular_samples import look_alike
from steps import decide, merge, models
from steps.backends import objects, promotions, trainings
from steps.backends.database import begin
from steps.contract import declaration
from steps.contract.declaration import Judged
from steps.features.table import features
from steps.learning import lake, scoring, trials
from steps.learning.judge import judge
from steps.learning.recipe import ask, train
from steps.learning.table_dataset import Table
from steps.models.forest import ForestClassifier, ForestRegressor
from steps.models.svc import LinearSVC
from steps.summaries.decision import Recipe, Trial
from steps.tables import File, examine
from tests.steps.support.dropping import Dropper, longer_by
from tests.steps.support.invoking import run_step

ROWS = st.lists(st.integers(0, 2**128 - 1), min_size=1, max_size=60, unique=True)


def table_of(project: TableProject, body: bytes) -> tuple[Table, Judged]:
    """The dataset that a file makes, each row once."""
    declared = declaration.parse_table(project.declaration())
    verdict = examine([File("", "", body)], declared).verdicts[0]
    assert verdict.reason is None
    rows = verdict.rows.drop_duplicates("row", ignore_index=True)
    learning = declared.learning
    told = features(rows, declared).assign(row=rows["row"], target=rows[learning.target])
    return Table("0" * 32, learning.target, "", learning.task, learning.holdout_share, 1, told), learning


def real(name: str) -> bytes:
    folder = os.environ.get("TABLES_DATA")
    if not folder:
        pytest.skip("TABLES_DATA names no folder with the original tables; only look-alikes are tested here")
    return Path(folder, name).read_bytes()


def dataset(rows: list[int]) -> Table:
    frame = pd.DataFrame({"x": np.zeros(len(rows)), "row": [f"{n:032x}" for n in rows], "target": 1.0})
    return Table("0" * 32, "y", "", "regression", 0.2, 1, frame)


@given(ROWS, st.randoms())
def test_a_row_never_changes_sides(rows: list[int], chance: Any) -> None:
    whole = dataset(rows)
    some = chance.sample(rows, chance.randint(1, len(rows)))
    part = dataset(some)
    sides, folds = whole.holdout(), [fold.score for fold in whole.folds(np.arange(len(rows)), 5)]
    for at, row in enumerate(some):
        assert part.holdout()[at] == sides[rows.index(row)]
        fold = [one.score for one in part.folds(np.arange(len(some)), 5)]
        assert [bool(one[at]) for one in fold] == [bool(one[rows.index(row)]) for one in folds]


def test_training_holdout_and_folds_share_no_row() -> None:
    data, _ = table_of(ABALONE, look_alike("abalone", 600, 1))
    assert not (data.training() & data.holdout()).any() and (data.training() | data.holdout()).all()
    assert 0.12 < data.holdout().mean() < 0.28
    part = np.flatnonzero(data.training())
    folds = data.folds(part, 5)
    assert all(not (fold.learn & fold.score).any() for fold in folds)
    assert (np.sum([fold.score for fold in folds], axis=0) == 1).all()


@pytest.mark.usefixtures("database_environment", "store_environment")
def test_copies_up_to_rounding_lie_on_the_side_of_their_originals(dropper: Dropper, tmp_path: Path) -> None:
    animals = look_alike("abalone", 500, 1)
    dropper.drop("a.csv", animals)
    assert dropper.take().code == 0
    alone = lake.load(objects.lake(), "abalone", _merged(tmp_path / "alone", "run-a"))
    dropper.drop("b.csv", longer_by("0.001", animals, 150))
    assert dropper.take().code == 0
    both = lake.load(objects.lake(), "abalone", _merged(tmp_path / "both", "run-b"))

    assert (both.holdout()[:498] == alone.holdout()).all(), "no row changes sides"
    side, fold = both.holdout(), np.full(len(both.rows), -1)
    for number, one in enumerate(both.folds(np.flatnonzero(both.training()), 5)):
        fold[np.flatnonzero(both.training())[one.score]] = number
    assert len(both.rows) == 648 and 0 < side[:150].sum() < 150
    assert (side[498:] == side[:150]).all() and (fold[498:] == fold[:150]).all()
    assert "copy_of" not in both.features
    assert len(np.unique(both.blocks(side, 24))) == side[:498].sum(), "they are drawn together"
    assert both.span(side, 24) == f"{side.sum()} rows ({side[:150].sum()} of them copies)"
    summary = json.loads((tmp_path / "both" / "summary").read_text())
    assert (summary["rows"], summary["copies"], summary["held_out"]) == (648, 150, side.sum())


def test_both_indicators_of_a_category_are_kept() -> None:
    data, _ = table_of(ABALONE, look_alike("abalone", 200, 1))
    assert {"sex=F", "sex=M"} <= set(data.features) and "sex=I" not in data.features
    assert "rings" not in data.features


def test_scores_of_classes() -> None:
    truth, said = np.array([1.0, 1, 2, 3]), np.array([1.0, 2, 2, 2])
    values = scoring.score("", said, truth, "classification").values
    assert values == {"accuracy": 0.5, "macro_f1": pytest.approx((2 / 3 + 0.5 + 0) / 3)}


@pytest.mark.parametrize("kind", ["regressor", "classifier"])
def test_a_forest_answers_as_the_one_that_was_learned(kind: str, tmp_path: Path) -> None:
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    random = np.random.default_rng(1)
    rows = pd.DataFrame(random.normal(size=(300, 4)), columns=list("abcd"))
    target = (rows["a"] + 2 * rows["b"]).round().to_numpy(dtype=np.float64)
    family, learner = {
        "regressor": (ForestRegressor, ExtraTreesRegressor),
        "classifier": (ForestClassifier, ExtraTreesClassifier),
    }[kind]
    model = family.fit(rows, target, {"trees": 20, "leaf_rows": 2, "column_share": 0.5}, 0)
    theirs = learner(20, min_samples_leaf=2, max_features=0.5, random_state=0).fit(rows.to_numpy(), target)
    asked = random.normal(size=(200, 4))
    assert model.predict(asked) == pytest.approx(theirs.predict(asked))
    model.save(tmp_path)
    assert (models.load(tmp_path).predict(asked) == model.predict(asked)).all()
    holes = np.full((1, 4), np.nan)
    assert np.isfinite(model.predict(holes)).all()


@pytest.mark.parametrize("classes", [1, 2, 4])
def test_a_linear_classifier_says_classes_it_has_seen(classes: int, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    rows = pd.DataFrame(random.normal(size=(400, 3)), columns=list("abc"))
    target = np.digitize(rows["a"], np.linspace(-1, 1, classes + 1)[1:-1]).astype(np.float64) + 3
    model = LinearSVC.fit(rows, target, {"c": 1.0}, 0)
    said = model.predict(rows.to_numpy())
    assert set(said) <= set(target)
    assert np.mean(said == target) > (0.99 if classes < 3 else 0.6)
    model.save(tmp_path)
    assert (models.load(tmp_path).predict(rows.to_numpy()) == said).all()


def test_wine_beats_the_majority() -> None:
    data, learning = table_of(WINE, real("winequality-red.csv"))
    assert len(data.rows) == 1359
    learned, scored = data.training(), data.holdout()
    truth = data.target[scored]
    majority = scoring.naive(data, learned, scored)[0].by("accuracy")
    found = {}
    for family, parameters in (("linear-svc", {"c": 1.0}), ("forest", {})):
        model = train(learning, Recipe(family=family, parameters=parameters), data, learned)
        found[family] = scoring.score("", ask(model, data.rows.loc[scored]), truth, data.task).by("accuracy")
    assert majority == pytest.approx(0.436, abs=0.03)
    assert found["linear-svc"] > majority + 0.08
    assert found["forest"] > 0.58


def test_abalone_is_as_good_as_it_can_be() -> None:
    data, learning = table_of(ABALONE, real("abalone.data"))
    assert len(data.rows) == 4175
    learned, scored = data.training(), data.holdout()
    for family in ("forest", "boosting"):
        model = train(learning, Recipe(family=family, parameters={}), data, learned)
        score = scoring.score("", ask(model, data.rows.loc[scored]), data.target[scored])
        assert score.by("rmse") < 2.35


def test_a_tie_of_classes_keeps_the_champion() -> None:
    data, learning = table_of(WINE, look_alike("wine", 500, 3))
    drawn = [("linear-svc", 0, {"c": 1.0}), ("linear-svc", 1, {"c": 0.1})]
    results = [trials.evaluate(data, learning, *one) for one in drawn]
    chosen = trials.best(results, "accuracy")
    assert chosen.mean == max(one.mean for one in results)
    verdict = judge(data, learning, results, chosen.recipe).verdict
    assert not verdict.promoted and "the folds chose its own recipe again" in verdict.words
    assert set(verdict.scores[0].values) == {"accuracy", "macro_f1"}
    assert verdict.residuals is None


@pytest.mark.usefixtures("database_environment", "client")
@pytest.mark.soak
def test_a_newer_dataset_s_decision_stands(dropper: Dropper, tmp_path: Path) -> None:
    """Two states of the history are fixed; the newer one is decided first."""
    fingerprints = []
    for number, seed in enumerate((1, 2)):
        dropper.drop(f"{number}.csv", look_alike("abalone", 400, seed))
        assert dropper.take().code == 0
        fingerprints.append(_merged(tmp_path / f"merge-{number}", f"run-{number}"))
    older, newer = fingerprints
    learning = declaration.parse_table(ABALONE.declaration()).learning
    for fingerprint in fingerprints:
        data = lake.load(objects.lake(), "abalone", fingerprint)
        for family, listed in lake.trials(objects.lake(), "abalone", fingerprint).items():
            for number, parameters in enumerate(listed):
                result = Trial(
                    family=family,
                    number=number,
                    parameters=parameters,
                    mean=2.0 + number,
                    folds=(2.0,) * 5,
                    seconds=0.1,
                )
                lake.remember(objects.lake(), fingerprint, result)
        assert learning.gate.bound is not None and data.sequence is not None
    second, first = _decided(tmp_path / "newer", newer), _decided(tmp_path / "older", older)
    assert second["promoted"] is True and second["looked"] == 1 and second["residuals"]["rows"] > 50
    assert first["promoted"] is False and "number 2 of the history, has been decided" in first["words"]
    with begin() as connection:
        states = {row.fingerprint: row.state for row in connection.execute(trainings.trainings.select())}
        assert promotions.newest_sequence(connection, "abalone") == 2
    assert states[newer] == states[older] == "done"
    pickled = objects.artifacts().get(f"abalone/models/{second['version']}/model.pkl")
    assert pickled is not None and pickle.loads(pickled).features == data.features
    assert _decided(tmp_path / "again", newer)["decision"] == second["decision"]


def _merged(folder: Path, run: str) -> str:
    outputs = {f"{name}_out": folder / name for name in ("dataset", "workers", "wanted", "summary")}
    ended = run_step(
        merge.command,
        declaration=ABALONE.declaration(),
        run=run,
        created="2026-01-01T00:00:00Z",
        workers=2,
        **outputs,
    )
    assert ended.code == 0, ended.log
    assert (folder / "wanted").read_text() == "true"
    return (folder / "dataset").read_text()


def _decided(folder: Path, fingerprint: str) -> dict[str, Any]:
    outputs = {f"{name}_out": folder / name for name in ("decision", "promoted", "summary", "page")}
    ended = run_step(
        decide.command,
        declaration=ABALONE.declaration(),
        dataset=fingerprint,
        created="2026-01-01T00:00:00Z",
        **outputs,
    )
    assert ended.code == 0, ended.log
    found: dict[str, Any] = json.loads((folder / "summary").read_text())
    return found


@pytest.mark.usefixtures("database_environment", "store_environment")
def test_before_any_file_was_accepted_one_line_says_what_to_do(tmp_path: Path) -> None:
    outputs = {f"{name}_out": tmp_path / name for name in ("dataset", "workers", "wanted", "summary")}
    options = {"declaration": ABALONE.declaration(), "run": "r", "created": "2026-01-01T00:00:00Z", "workers": 1}
    ended = run_step(merge.command, **options, **outputs)
    assert (ended.code, ended.error) == (
        3,
        "no file of abalone has been accepted yet; put one: pipeline put abalone FILE",
    )


def test_a_state_is_offered_to_one_run_and_again_when_nobody_took_it_up(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(trainings, "clock", lambda _: now)
    with begin() as connection:
        name = trainings.offer(connection, "abalone", "f" * 32, 1, to="run-1")
        assert name == "abalone-train-ffffffffff-1"
        assert trainings.offer(connection, "abalone", "f" * 32, 1, to="run-1") == name, "a retry is told the same"
        assert trainings.offer(connection, "abalone", "f" * 32, 1, to="run-2") is None
        now += trainings.OFFER_SECONDS + 1
        assert trainings.offer(connection, "abalone", "f" * 32, 1, to="run-2") == "abalone-train-ffffffffff-2"
        assert trainings.claim(connection, "abalone", "f" * 32, 1, "abalone-train-ffffffffff-2")
        assert trainings.offer(connection, "abalone", "f" * 32, 1, to="run-3") is None
        trainings.free(connection, "abalone", "abalone-train-ffffffffff-2")
        assert trainings.offer(connection, "abalone", "f" * 32, 1, to="run-3") is not None
        trainings.claim(connection, "abalone", "f" * 32, 1, "by-hand")
        trainings.done(connection, "abalone", "f" * 32)
        assert trainings.offer(connection, "abalone", "f" * 32, 1, to="run-4") is None
        assert not trainings.claim(connection, "abalone", "f" * 32, 1, "late")
