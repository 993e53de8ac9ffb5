"""A step reads the declaration that its manifest embeds, however the JSON is laid out, and says in one line what is
wrong with it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from pipeline.projects import every
from steps.contract.declaration import Declaration, TableDeclaration, parse, parse_any, parse_table
from steps.errors import BadInput

PROJECTS = every()
KINDS = {"openaq": Declaration, "wine": TableDeclaration, "abalone": TableDeclaration}
LAYOUTS: dict[str, Callable[[Any], str]] = {
    "compact": lambda fields: json.dumps(fields, separators=(",", ":")),
    "spaced": lambda fields: json.dumps(fields, indent=4, separators=(" , ", " : ")),
    "in another order": lambda fields: json.dumps(dict(reversed(fields.items()))),
    "escaped": lambda fields: json.dumps(fields, ensure_ascii=True).replace("table", "t\\u0061ble"),
}


def fields(project: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(PROJECTS[project].declaration())
    return found


def refusal(text: str, read: Callable[[str], object] = parse_any) -> str:
    with pytest.raises(BadInput) as raised:
        read(text)
    (line,) = str(raised.value).splitlines()
    return line


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("project", PROJECTS)
def test_any_layout_of_the_json_is_the_same_declaration(project: str, layout: Callable[[Any], str]) -> None:
    read = parse_any(layout(fields(project)))
    assert type(read) is KINDS[project]
    assert read == parse_any(PROJECTS[project].declaration())
    assert json.loads(json.dumps(read.model_dump())) == fields(project), "all of it, and nothing that was not there"


@pytest.mark.parametrize(("project", "wrong"), [("openaq", "zoo"), ("wine", "Table"), ("abalone", 3)])
def test_an_unknown_kind_is_refused_by_name(project: str, wrong: object) -> None:
    line = refusal(json.dumps(fields(project) | {"kind": wrong}))
    assert line == f"--declaration: kind: got '{wrong}', wanted one of 'series', 'table'; render the manifests again"


@pytest.mark.parametrize("project", PROJECTS)
def test_a_missing_kind_is_said_to_be_missing(project: str) -> None:
    line = refusal(json.dumps({name: value for name, value in fields(project).items() if name != "kind"}))
    assert line == "--declaration: kind is missing; render the manifests again"


def test_a_step_for_the_other_kind_says_which_it_wants() -> None:
    assert refusal(PROJECTS["wine"].declaration(), parse) == "--declaration: kind: got 'table', wanted 'series'"
    assert refusal(PROJECTS["openaq"].declaration(), parse_table) == "--declaration: kind: got 'series', wanted 'table'"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"folds": 5', '"folds": "many"', "series.learning.folds: got 'many', wanted a valid integer"),
        ('"target": "no2",', "", "series.learning.target is missing"),
        ('"folds": 5', '"folds": 5, "fold": 5', "there is no field series.learning.fold"),
        ('"low": -15,', '"low": "x",', "series.quantities.no2.low: got 'x', wanted a valid number"),
        ('"kind": "range"', '"kind": "ring"', "space.alpha.kind: got 'ring', wanted one of 'choice', 'range'"),
        ('"band": 0.8', '"band": NaN', "series.learning.band: got nan, wanted a finite number"),
        (
            '"frequency": "hourly"',
            '"frequency": "weekly"',
            "frequency: got 'weekly', wanted 'hourly' or 'daily'",
        ),
        ('"frequency": "hourly"', '"frequency": "daily"', "no2: stuck_hours is of hourly series; leave it out where"),
        ('"horizon_hours": 24', '"horizon_hours": 6, "frequency": "daily"', "one day ahead: got horizon_hours=6"),
        ('{\n "expectations"', "{\n expectations", "wanted JSON: "),
    ],
)
def test_a_wrong_field_is_named_with_what_was_got_and_wanted(old: str, new: str, words: str) -> None:
    text = PROJECTS["openaq"].declaration()
    assert old in text
    line = refusal(text.replace(old, new, 1))
    assert words in line
    assert line.startswith("--declaration: ")
    assert line.endswith("; render the manifests again")
    assert "pydantic" not in line


def test_what_only_workflows_need_does_not_reach_the_steps() -> None:
    assert fields("openaq").keys().isdisjoint({"schedule", "source", "home"})
    assert "reconciling" not in fields("wine")


def test_whole_numbers_stay_whole() -> None:
    """A range of ints is drawn from in ints, so its JSON must tell 1 from 1.0."""
    linear, boosting = (family.space for family in parse(PROJECTS["openaq"].declaration()).learning.families)
    assert repr(linear["root"]) == "Range(low=0.0, high=1.0, log=False, kind='range')"
    assert repr(boosting["trees"]) == "Range(low=60, high=150, log=False, kind='range')"
