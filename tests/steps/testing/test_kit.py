"""The kit passes what ships and finds, in one line, what breaks the contract."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.projects import every
from pipeline.projects.abalone import ABALONE
from pipeline.quickstart import tabular_samples
from steps.contract.declaration import TableDeclaration, parse_any, parse_table
from steps.errors import BadInput
from steps.testing import check_family, check_features, check_table
from tests.steps.testing import own

SHIPPED: list[tuple[str, Any, dict[str, Any]]] = [
    ("steps.models.forest:ForestRegressor", "regression", {"trees": 10}),
    ("steps.models.forest:ForestClassifier", "classification", {"trees": 10}),
    ("steps.models.svc:LinearSVC", "classification", {}),
    ("steps.models.linear:Linear", "regression", {}),
    ("steps.models.lightgbm:LightGBM", "regression", {"trees": 10, "learning_rate": 0.3}),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("PROJECT_CODE", str(tmp_path / "own"))
    with own.forgotten():
        yield tmp_path


def with_features(name: str) -> TableDeclaration:
    project = parse_table(ABALONE.declaration())
    return project.model_copy(update={"learning": project.learning.model_copy(update={"features": name})})


@pytest.mark.parametrize(("family", "task", "parameters"), SHIPPED)
def test_every_family_that_ships_keeps_the_contract(family: str, task: Any, parameters: dict[str, Any]) -> None:
    check_family(family, task, parameters)


@pytest.mark.parametrize("name", every())
def test_every_feature_function_that_ships_does(name: str) -> None:
    check_features(parse_any(every()[name].declaration()))


def test_a_family_of_ones_own_passes(folder: Path) -> None:
    own.write(folder)
    check_family("own.models:Line")
    check_features(with_features("own.features:build"))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("np.maximum(filled @ self.weights + self.level, self.floor)", "filled @ self.weights", "below the smallest"),
        (
            "weights = np.linalg.solve",
            "weights = (1 - np.random.default_rng().random() / 99) * np.linalg.solve",
            "two models",
        ),
        ('"level": self.level, **lists', '"level": 1.0, **lists', "saved and loaded answers differently"),
        ("filled = np.where(np.isnan(values), self.means, values)", "filled = values", "not finite"),
        ("(shares / (shares.sum() or 1))", "shares", "importance adds up to"),
        ('parameters_of("line", parameters, {"ridge": 1.0})', "pass", "takes a parameter that it does not have"),
        ("means = mean_of(values)", "means = mean_of(values); rows['x'] = 1", "fit changes what it is given"),
        ("class Line(Model)", "class Line", "is no class below steps.models.Model"),
        ("def importance", "def shares", "lacks importance"),
        ("    def predict(", "    def __reduce__(self):\n        1 / 0\n\n    def predict(", "cannot be pickled"),
    ],
)
def test_a_family_that_breaks_the_contract_is_found(folder: Path, old: str, new: str, words: str) -> None:
    assert old in own.FAMILY
    own.write(folder, models=own.FAMILY.replace(old, new))
    with pytest.raises(AssertionError, match=words) as raised:
        check_family("own.models:Line")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("rows.assign(sex=0) - rows.assign(sex=0).mean()", "depends on the rows beside it"),
        ("rows[['rings', 'length']]", "rings is made from the target rings"),
        ("rows[['sex']]", "gives the column 'sex'; wanted numbers"),
        ("rows[['length']].iloc[:5]", "gives a DataFrame of 5 rows for 200 rows"),
        ("rows['length']", "gives a Series for 200 rows"),
        ("rows[['length']].rename(columns={'length': 'target'})", "gives the column 'target'"),
        ("rows[['length']] * np.random.random()", "other features for the same rows"),
        ("np.log(rows[['length']] * 0)", "length is infinite somewhere"),
        ("rows[['length']].assign(x=rows.pop('height'))", "changes the rows"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_a_feature_function_that_breaks_it_is_found(folder: Path, body: str, words: str) -> None:
    own.write(folder, features=f"import numpy as np\n\n\ndef build(rows, declaration):\n    return {body}\n")
    with pytest.raises((AssertionError, BadInput), match=words) as raised:
        check_features(with_features("own.features:build"))
    assert "\n" not in str(raised.value)


def test_a_file_is_what_is_declared_or_it_is_said_why_not(tmp_path: Path) -> None:
    file = tmp_path / "abalone.csv"
    file.write_bytes(tabular_samples.look_alike("abalone", 900, 1))
    check_table(parse_table(ABALONE.declaration()), file)
    file.write_bytes(tabular_samples.look_alike("abalone", 60, 1).replace(b",0,", b",0.1,"))
    with pytest.raises(AssertionError, match=r"abalone.csv: 60 rows are too few"):
        check_table(parse_table(ABALONE.declaration()), file)
    file.write_text("sex,length\nM,1\n")
    with pytest.raises(AssertionError, match=r"abalone.csv: .*lacks the columns"):
        check_table(parse_table(ABALONE.declaration()), file)
