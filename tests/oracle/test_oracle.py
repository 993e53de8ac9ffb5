"""Every case of the oracle on this engine: its answer is the controller's, or the one that is meant to differ."""

import difflib
from pathlib import Path

import pytest

from tests.oracle import cases, ours
from tests.oracle.cases import Case
from tests.oracle.normal import written

ALL = cases.find()


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_this_engine_answers_as_the_controller(case: Case, tmp_path: Path) -> None:
    wanted = case.wanted()
    assert wanted is not None, f"{case.name} has no answer yet; run make oracle"
    before, after = (written(answer).splitlines() for answer in (wanted, ours.ask(case, tmp_path)))
    difference = "\n".join(difflib.unified_diff(before, after, "wanted", "this engine", lineterm=""))
    assert not difference, difference


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_a_case_says_what_it_shows(case: Case) -> None:
    lines = case.text.splitlines()
    said = [line for line in lines[:4] if line.startswith("#")]
    assert lines[0].startswith("# ")
    assert len(said) <= 3
    assert case.workflow == case.name.replace("/", "-")
    stored = case.stored() or {}
    assert ("ours" in stored) == bool(case.why)
    assert stored.get("why", "") == case.why
    assert not case.why or stored["ours"] != stored["controller"]


def test_the_readme_lists_what_differs() -> None:
    readme = cases.README.read_text(encoding="utf-8")
    assert cases.with_tables(readme) == readme, "run make oracle"


def test_every_answer_has_its_case() -> None:
    answers = [file for case in ALL for file in (case.answer_file, case.file_of_4) if file.exists()]
    assert sorted(cases.FOLDER.rglob("*.json")) == sorted(answers)


def test_argo_4_has_an_answer_of_its_own_only_where_it_differs() -> None:
    kept = [case for case in ALL if case.file_of_4.exists()]
    assert kept
    assert [case.name for case in kept if case.of_4() == case.controllers] == []
