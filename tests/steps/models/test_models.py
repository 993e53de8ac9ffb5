"""Every model family keeps the contract of `steps.models.base`; a stored model is refused unless it is one."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from steps import models
from steps.errors import BadInput
from steps.models import Model
from steps.models.lightgbm import LightGBM
from steps.models.linear import Linear
from tests.steps.support.synthetic import dataset

Floats = np.typing.NDArray[np.float64]
CASES: list[tuple[type[Model], dict[str, Any]]] = [
    (Linear, {}),
    (Linear, {"interactions": False, "root": 1.0}),
    (Linear, {"alpha": 100.0, "pooling": 5.0, "root": 0.0}),
    (LightGBM, {"trees": 20}),
    (LightGBM, {"trees": 30, "learning_rate": 0.2, "base": "none"}),
]
ALL = pytest.mark.parametrize(("family", "parameters"), CASES, ids=lambda part: str(getattr(part, "__name__", part)))


def table() -> tuple[pd.DataFrame, Floats]:
    data = dataset()
    return data.rows[list(data.features)], data.target


def fit(family: type[Model], parameters: dict[str, Any], rows: pd.DataFrame, target: Floats) -> Model:
    return family.fit(rows, target, parameters, 0)


def ask(model: Model, rows: pd.DataFrame) -> Floats:
    return model.predict(rows[list(model.features)].to_numpy(dtype=float))


def rmse(error: Floats) -> float:
    return float(np.sqrt(np.mean(error**2)))


@ALL
def test_a_model_learns(family: type[Model], parameters: dict[str, Any]) -> None:
    rows, target = table()
    half = len(rows) // 2
    answers, truth = ask(fit(family, parameters, rows[:half], target[:half]), rows[half:]), target[half:]
    assert rmse(answers - truth) < rmse(rows["lag_0"].to_numpy()[half:] - truth)
    assert rmse(answers - truth) < 0.8 * rmse(target[:half].mean() - truth)


@ALL
def test_a_loaded_model_is_the_saved_one(family: type[Model], parameters: dict[str, Any], tmp_path: Path) -> None:
    rows, target = table()
    model = fit(family, parameters, rows, target)
    model.save(tmp_path / "a")
    loaded = models.load(tmp_path / "a")
    assert loaded.features == model.features
    np.testing.assert_array_equal(ask(loaded, rows), ask(model, rows))
    assert loaded.importance() == model.importance()
    loaded.save(tmp_path / "b")
    files = [{path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in "ab"]
    assert files[0] == files[1]
    assert not [name for name in files[0] if not name.endswith((".json", ".txt"))]


@ALL
def test_the_same_rows_give_the_same_bytes(family: type[Model], parameters: dict[str, Any], tmp_path: Path) -> None:
    rows, target = table()
    for name in "ab":
        fit(family, parameters, rows.copy(), target.copy()).save(tmp_path / name)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def holes(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.mask(np.random.default_rng(1).random(rows.shape) < 0.5).assign(location=rows["location"])


def empty_column(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(wx_temperature=np.float32(np.nan))


def constant_columns(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(lag_0=np.float32(3), mean_24=np.float32(1e6), lag_1=np.float32(0))


@ALL
@pytest.mark.parametrize("bend", [holes, empty_column, constant_columns])
def test_missing_and_constant_columns_are_borne(
    family: type[Model], parameters: dict[str, Any], bend: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    rows, target = table()
    model = fit(family, parameters, bend(rows), target)
    assert np.isfinite(ask(model, bend(rows))).all()
    nothing = pd.DataFrame(np.nan, index=range(3), columns=rows.columns)
    assert np.isfinite(ask(model, nothing)).all()
    assert np.isfinite(ask(model, rows.assign(location=999))).all()


@ALL
def test_a_constant_target_is_answered(family: type[Model], parameters: dict[str, Any]) -> None:
    rows, _ = table()
    model = fit(family, parameters, rows, np.full(len(rows), 7.0))
    np.testing.assert_allclose(ask(model, rows), 7)
    assert all(np.isfinite(share) for share in model.importance().values())


@ALL
def test_an_answer_is_never_below_what_was_ever_seen(family: type[Model], parameters: dict[str, Any]) -> None:
    rows = pd.DataFrame({"location": 1.0, "lag_0": np.random.default_rng(3).uniform(0, 100, 1000)})
    target = (rows["lag_0"] + 5).to_numpy(dtype=np.float64)
    low = pd.DataFrame({"location": [1.0], "lag_0": [-1e5]})
    assert target.min() <= ask(fit(family, parameters, rows, target), low)[0] < 25


@ALL
def test_importance_is_shares_of_the_features(family: type[Model], parameters: dict[str, Any]) -> None:
    share = fit(family, parameters, *table()).importance()
    assert set(share) == set(table()[0].columns)
    assert sum(share.values()) == pytest.approx(1)
    assert min(share.values()) >= 0


@ALL
def test_an_unknown_parameter_is_refused_by_name(family: type[Model], parameters: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="no parameter depth; it has"):
        fit(family, {**parameters, "depth": 3}, *table())


def test_a_season_is_learned_only_from_a_whole_year() -> None:
    rows, target = table()  # two months
    model = Linear.fit(rows, target, {}, 0)
    july = rows.assign(cal_year_sin=np.float32(0), cal_year_cos=np.float32(-1))
    np.testing.assert_array_equal(ask(model, july), ask(model, rows))
    angle = np.linspace(0, 2 * np.pi, len(rows), endpoint=False)
    year = rows.assign(cal_year_sin=np.sin(angle), cal_year_cos=np.cos(angle))
    model = Linear.fit(year, target + 20 * np.cos(angle), {}, 0)
    winter, summer = (ask(model, rows.assign(cal_year_sin=0.0, cal_year_cos=cosine)).mean() for cosine in (1.0, -1.0))
    assert winter - summer > 20


def test_trees_over_a_ridge_follow_it_beyond_what_they_have_seen() -> None:
    random = np.random.default_rng(3)
    rows = pd.DataFrame({"location": 1.0, "lag_0": random.uniform(0, 100, 2000)})
    target = rows["lag_0"].to_numpy() * 0.8
    higher = pd.DataFrame({"location": [1.0], "lag_0": [130.0]})
    over, alone = (
        float(ask(LightGBM.fit(rows, target, {"trees": 50, "base": base}, 0), higher)[0]) for base in ("linear", "none")
    )
    assert alone <= target.max() < over


@pytest.mark.parametrize("base", ["linear", "none"])
def test_an_input_that_was_always_there_and_dies_is_not_taken_for_zero(base: str) -> None:
    """LightGBM alone answers as if it were 0, which no air temperature in kelvin is."""
    random = np.random.default_rng(3)
    rows = pd.DataFrame({"lag_0": random.normal(30, 10, 2000), "wx_temperature": random.normal(290, 5, 2000)})
    target = (rows["lag_0"] + 2 * (rows["wx_temperature"] - 290) + 50).to_numpy()
    model = LightGBM.fit(rows, target, {"base": base, "learning_rate": 0.1}, 1)
    without = ask(model, rows.assign(wx_temperature=np.nan))
    assert abs(float(without.mean() - target.mean())) < 2


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    fit(LightGBM, {"trees": 5}, *table()).save(tmp_path)
    return tmp_path


def change(**fields: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda model: {**model, **fields}


def change_state(**fields: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda model: {**model, "state": {**model["state"], **fields}}


@pytest.mark.parametrize(
    "hostile",
    [
        change(model="os:system"),
        change(model="steps.contract.command:run"),
        change(model="steps.models.base:Model"),
        change(model="steps.models.linear:np"),
        change(model="steps.models.nowhere:Linear"),
        change(model="steps.models.linear:__import__"),
        change(model=["steps.models.linear:Linear"]),
        change(format=99),
        change(features=[1, 2]),
        change(features=["a"]),
        change(features=None),
        change(state=[]),
        change(state={}),
        lambda model: change_state(used=[10_000] * len(model["state"]["used"]))(model),
        lambda model: change_state(used=[-1] * len(model["state"]["used"]))(model),
        change_state(used=[0, 1]),
        change_state(mean="much"),
        change_state(locations=[1.0], location_means=[]),
        change_state(base={"weights": [1]}),
        change_state(fill=[]),
        change_state(fill="none"),
        lambda model: change_state(fill=[float("inf")] * len(model["state"]["used"]))(model),
        lambda model: [model],
        lambda model: {},
    ],
)
def test_a_hostile_model_is_refused_in_one_line(stored: Path, hostile: Callable[[dict[str, Any]], Any]) -> None:
    path = stored / "model.json"
    path.write_text(json.dumps(hostile(json.loads(path.read_text()))))
    with pytest.raises(BadInput) as refused:
        models.load(stored)
    assert "is not a model" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_class_from_elsewhere_is_not_even_imported(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (stored / "elsewhere.py").write_text("from steps.models.linear import Linear")
    monkeypatch.syspath_prepend(str(stored))
    path = stored / "model.json"
    path.write_text(json.dumps(change(model="elsewhere:Linear")(json.loads(path.read_text()))))
    with pytest.raises(BadInput, match=r"neither of steps nor of the project's own code"):
        models.load(stored)
    assert "elsewhere" not in sys.modules


def test_a_state_of_impossible_numbers_is_refused(tmp_path: Path) -> None:
    fit(Linear, {}, *table()).save(tmp_path)
    path = tmp_path / "model.json"
    model = json.loads(path.read_text())
    for bad in (model["state"]["weights"][:-1], [[float("nan"), 0.0]] * len(model["state"]["weights"])):
        path.write_text(json.dumps(change_state(weights=bad)(model)))
        with pytest.raises(BadInput, match="numbers of shape"):
            models.load(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\0", '{"format": 1}'])
def test_a_torn_model_is_refused(stored: Path, text: str) -> None:
    (stored / "model.json").write_text(text)
    with pytest.raises(BadInput, match="is not a model"):
        models.load(stored)


@pytest.mark.parametrize("keep", [0, 10, 300, 0.5, 0.99])
def test_torn_trees_are_refused(stored: Path, keep: float) -> None:
    text = (stored / "trees.txt").read_text()
    (stored / "trees.txt").write_text(text[: keep if isinstance(keep, int) else int(keep * len(text))])
    with pytest.raises(BadInput, match="is not a model"):
        models.load(stored)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is not a model"):
        models.load(tmp_path)


@ALL
def test_a_row_s_answer_does_not_depend_on_the_rows_beside_it(family: type[Model], parameters: dict[str, Any]) -> None:
    """Alone it is asked of a model server, with others it is published."""
    rows, target = table()
    model = fit(family, parameters, rows, target)
    together = ask(model, rows[:97])
    for few in (1, 2, 7, 48):
        parts = [ask(model, rows[start : min(start + few, 97)]) for start in range(0, 97, few)]
        assert np.concatenate(parts).tolist() == together.tolist()
