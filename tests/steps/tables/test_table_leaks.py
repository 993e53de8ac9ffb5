"""A column that gives the label away is refused by name; what honestly goes with it is not."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from pipeline.projects.abalone import ABALONE
from pipeline.projects.wine import WINE
from pipeline.quickstart import tabular_samples
from steps.contract.declaration import TableDeclaration, parse_table
from steps.tables import File, examine, leaks

Numbers = np.ndarray[tuple[int], np.dtype[np.float64]]

PROJECTS = {project.name: parse_table(project.declaration()) for project in (WINE, ABALONE)}
INPUT = {"wine": "alcohol", "abalone": "height"}  # a column that is replaced by one that knows
GIVEN: dict[str, Callable[[Numbers], Numbers]] = {
    "itself": lambda label: label,
    "an age of rings and a half": lambda label: label + 1.5,
    "its logarithm": np.log,
    "a coarser class": lambda label: np.digitize(label, [5.5, 8.5]) * 1.0,
    "how far it is from the middle": lambda label: np.abs(label - np.median(label)),
    "a code for it": lambda label: np.random.default_rng(1).permutation(100)[label.astype(int)] * 1.0,
    "itself with decimals": lambda label: label + np.random.default_rng(1).uniform(0, 0.4, len(label)),
}


def rows(name: str, count: int) -> pd.DataFrame:
    body = tabular_samples.look_alike(name, count, 3)
    return examine([File("u", "a.csv", body)], PROJECTS[name]).verdicts[0].rows


@pytest.mark.parametrize("name", PROJECTS)
@pytest.mark.parametrize("made_of", ["itself", *(pytest.param(one, marks=pytest.mark.soak) for one in list(GIVEN)[1:])])
def test_a_column_that_is_a_function_of_the_label_is_refused_by_name(name: str, made_of: str) -> None:
    table, declared = rows(name, 1000), PROJECTS[name]
    label = declared.target.name
    told = leaks.found(table.assign(**{INPUT[name]: GIVEN[made_of](table[label].to_numpy(dtype=np.float64))}), declared)
    assert len(told) == 1
    assert told[0].startswith(f"the column '{INPUT[name]}' gives '{label}' away: ")


def test_a_category_that_is_a_function_of_the_label_is_refused() -> None:
    table = rows("abalone", 1000)
    old = np.array(["I", "F", "M"])[np.digitize(table["rings"], [8.5, 11.5])]
    told = leaks.found(table.assign(sex=old), PROJECTS["abalone"])
    assert [line.split(" gives ")[0] for line in told] == ["the column 'sex'"]


@pytest.mark.parametrize("name", PROJECTS)
@pytest.mark.parametrize("count", [50, 200, 1500])
def test_what_honestly_goes_with_the_label_is_learned(name: str, count: int) -> None:
    assert leaks.found(rows(name, count), PROJECTS[name]) == []


def test_a_column_that_hardly_varies_gives_nothing_away() -> None:
    table = rows("wine", 1000)
    rare = (np.random.default_rng(1).random(len(table)) < 0.01) * 1.0
    declared: TableDeclaration = PROJECTS["wine"]
    assert leaks.found(table.assign(alcohol=rare, sulphates=1.0), declared) == []
