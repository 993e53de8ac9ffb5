"""A row that was written down again with other decimals is a copy; another animal that is merely alike is none."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from pipeline.projects.abalone import ABALONE
from pipeline.projects.wine import WINE
from pipeline.quickstart.tabular_samples import look_alike
from steps.contract.declaration import Column, Table, parse_table
from steps.tables import File, copies, examine
from steps.tables.copies import originals

DECLARED = {project.name: parse_table(project.declaration()) for project in (ABALONE, WINE)}
ANIMALS = DECLARED["abalone"].table
MEASURED = [column.name for column in ANIMALS.columns if not column.levels and not column.whole]


def rows(project: str, count: int, seed: int = 1) -> pd.DataFrame:
    body = look_alike(project, count, seed)
    return examine([File("", "", body)], DECLARED[project]).verdicts[0].rows.drop_duplicates("row", ignore_index=True)


def measured(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda animals: animals.assign(**change(animals[MEASURED]))


def together(*parts: pd.DataFrame) -> pd.DataFrame:
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize(
    "again",
    [
        lambda animals: animals.assign(length=animals["length"] + 0.001),
        measured(lambda numbers: numbers.round(3)),
        measured(lambda numbers: numbers.round(2)),
        measured(lambda numbers: numbers.astype("float32").astype("float64")),
        measured(lambda numbers: (numbers * 200).round(1) / 200),
    ],
    ids=["length + 0.001", "three decimals", "two decimals", "single precision", "in mm and g"],
)
def test_what_was_exported_again_is_a_copy_of_its_original(again: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    animals = rows("abalone", 1200)
    new = again(animals.head(400))
    found = originals(together(animals, new), ANIMALS)
    assert (found[: len(animals)] == np.arange(len(animals))).all()
    assert (found[len(animals) :] < len(animals)).all()
    assert (found[len(animals) :] == np.arange(400)).mean() > 0.98  # two animals may round to one


def test_an_export_with_more_decimals_is_a_copy_too() -> None:
    wines = rows("wine", 800)
    numbers = [column.name for column in DECLARED["wine"].table.columns]
    coarse = wines.assign(**wines[numbers].round(1))
    found = originals(together(coarse, wines), DECLARED["wine"].table)
    assert (found[len(wines) :] == np.arange(len(wines))).mean() > 0.99


@pytest.mark.parametrize("project", ["abalone", "wine"])
def test_different_rows_are_no_copies(project: str) -> None:
    found = rows(project, 4000)
    assert (originals(found, DECLARED[project].table) != np.arange(len(found))).sum() <= 4


@pytest.mark.parametrize(
    "other",
    [
        {"sex": lambda animals: animals["sex"].map({"I": "F", "F": "M", "M": "I"})},
        {"rings": lambda animals: animals["rings"] + 1},
        {"height": lambda animals: animals["height"] + 0.01},
    ],
    ids=["sex", "rings", "height"],
)
def test_one_different_value_makes_another_animal(other: dict[str, Callable[[pd.DataFrame], object]]) -> None:
    animals = rows("abalone", 500)
    found = originals(together(animals, animals.assign(**other)), ANIMALS)  # type: ignore[arg-type]
    assert (found == np.arange(len(found))).mean() > 0.99


def test_a_copy_of_a_copy_belongs_to_the_original() -> None:
    animals = rows("abalone", 300)
    again = [animals.assign(length=animals["length"] + more) for more in (0.001, 0.0015, 0.002)]
    found = originals(together(animals, *again), ANIMALS)
    assert (found.reshape(4, -1) == np.arange(len(animals))).all()


def test_no_answer_changes_as_rows_are_added(monkeypatch: pytest.MonkeyPatch) -> None:
    animals = rows("abalone", 400)
    every = together(animals, animals.assign(length=animals["length"] + 0.002), measured(lambda x: x.round(2))(animals))
    whole = originals(every, ANIMALS)
    assert (whole[400:] < 400).mean() > 0.9
    monkeypatch.setattr(copies, "_BLOCK", 100)
    for count in (1, 2, 57, 399, 433, 801, len(every)):
        assert (originals(every[:count], ANIMALS) == whole[:count]).all()
    since = originals(every, ANIMALS, 800)
    assert (since[:800] == np.arange(800)).all() and ((since[800:] < 800) == (whole[800:] < 800)).all()


def test_in_a_table_of_few_numbers_closeness_says_nothing() -> None:
    draw = np.random.default_rng(1)
    table = Table(columns=tuple(Column(name=name, low=-9, high=9) for name in "abc"))
    found = pd.DataFrame(draw.normal(size=(2000, 3)).round(2), columns=list("abc"))
    assert (originals(found, table) == np.arange(len(found))).all()
    assert list(originals(found[:0], table)) == []
