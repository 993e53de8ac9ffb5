"""What a run executes, and what is refused before any notebook starts."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.projects.openaq import OPENAQ
from steps.contract.notebooks import Notebook, canonical
from steps.notebooks import listing
from tests.steps.support.invoking import Ended, run_step
from tests.steps.support.notebooks import HEAD, declared

STATIONS = "steps.notebooks.listing:stations"


def listed(folder: Path, *notebooks: Notebook, **options: str) -> Ended:
    return run_step(
        listing.command,
        **{
            "declaration": OPENAQ.declaration(),
            "notebooks": canonical(notebooks),
            "created": "2004-01-01T00:00:00Z",
            "plan_out": folder / "plan.json",
            "indexes_out": folder / "indexes",
            **options,
        },
    )


def notebook(folder: Path, **more: Any) -> Notebook:
    (folder / "small.py").write_text(HEAD + "as_of = ''\n")
    return declared(folder / "small.py", **more)


def plan(folder: Path) -> list[dict[str, Any]]:
    return json.loads((folder / "plan.json").read_text())["work"]


def test_one_for_each_station_and_one_for_each_of_a_list(tmp_path: Path) -> None:
    one = notebook(tmp_path, over=STATIONS, each="station", parameters={"name": "y"})
    other = notebook(tmp_path, over=("AT", "DE"), each="name").model_copy(update={"name": "other"})
    assert listed(tmp_path, one, other).code == 0
    assert json.loads((tmp_path / "indexes").read_text()) == [0, 1, 2, 3]
    assert plan(tmp_path)[1] == {
        "notebook": "small",
        "item": "9000002",
        "parameters": {"as_of": "2004-01-01T00:00:00+00:00", "name": "y", "station": 9000002},
    }
    assert [work["parameters"]["name"] for work in plan(tmp_path)[2:]] == ["AT", "DE"]


def test_what_is_given_by_hand_wins_and_stands_for_the_list(tmp_path: Path) -> None:
    one = notebook(tmp_path, over=STATIONS, each="station", parameters={"name": "y"})
    assert listed(tmp_path, one, given='{"station": "7", "name": "z"}').code == 0
    (work,) = plan(tmp_path)
    assert work["parameters"] | {"as_of": ""} == {"as_of": "", "station": 7, "name": "z"}


@pytest.mark.parametrize(
    ("more", "options", "said"),
    [
        ({"parameters": {"town": "x"}}, {}, "the notebook small has no parameter 'town'; it has: station, name, as_of"),
        ({"over": ("x",), "each": "station"}, {}, "the notebook small: station: got 'x', wanted a whole number"),
        ({}, {"given": '{"station": 1.5}'}, "the notebook small: station: got 1.5, wanted a whole number"),
        ({}, {"given": "[1]"}, "--given '[1]' is not an object of numbers and texts"),
        ({"kernel": "julia"}, {}, "the notebook small: no kernel 'julia'; there are: python3"),
        ({}, {"notebook": "big"}, "no notebook 'big'; there are: small"),
        (
            {"over": tuple(range(51)), "each": "station"},
            {},
            "51 notebooks are more than the 50 pods that openaq declares",
        ),
    ],
)
def test_a_mistake_is_one_line_before_anything_starts(
    more: dict[str, Any], options: dict[str, str], said: str, tmp_path: Path
) -> None:
    ended = listed(tmp_path, notebook(tmp_path, **more), **options)
    assert ended.code == 2
    assert ended.error.startswith(said)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("none.py", None, "there is no notebook "),
        ("broken.ipynb", "{", "/broken.ipynb is not a notebook: "),
        ("list.ipynb", "[]", "/list.ipynb is not a notebook: "),
        ("v.ipynb", '{"cells": 1, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "/v.ipynb is not a notebook: "),
        ("bad.py", '# %% tags=["parameters"]\nstation =\n', ": the cell of parameters is not Python: invalid syntax"),
        (
            "needs.py",
            '# %% tags=["parameters"]\nstation: int\n',
            "the notebook small needs a value for its parameter 'station'",
        ),
    ],
)
def test_what_is_no_notebook_is_one_line(name: str, text: str | None, said: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    ended = listed(tmp_path, declared(tmp_path / name))
    assert ended.code == 2
    assert said in ended.error
