"""A project's own step: what it is told, what it may say, and that it is done once."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.projects.abalone import ABALONE
from steps.backends.database import begin
from steps.backends.warehouse import online
from steps.contract.declaration import parse_table
from steps.extra import command
from steps.testing import check_extra
from tests.steps.support.invoking import Ended, run_step
from tests.steps.testing import own

TELL = """\
from pathlib import Path

from steps.errors import BadInput, CheckFailed


def tell(given):
    calls = Path(__file__).with_name("calls")
    calls.write_text(calls.read_text() + "x" if calls.exists() else "x")
    rows = given.query("select location from online_features where location > :least", least=5)
    return f"{given.project.name} {given.run} {given.summary['words']} {rows}"


def stop(given):
    raise CheckFailed("too few rows")


def broken(given):
    return 1 / 0


def odd(given):
    return ["a"]


def counts(given, seen=[]):
    seen.append(1)
    return str(len(seen))


def changes(given):
    given.summary["words"] = "mine"
"""


@pytest.fixture
def folder(
    tmp_path: Path, store_environment: dict[str, str], database_environment: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    monkeypatch.setenv("PROJECT_CODE", str(tmp_path / "own"))
    own.write(tmp_path, extras=TELL)
    with own.forgotten():
        yield tmp_path


def extra(folder: Path, function: str = "tell", **summary: Any) -> Ended:
    file = folder / "summary.json"
    file.write_text(json.dumps({"words": "two files"} | summary), encoding="utf-8")
    given = {"run": "abalone-ingest-x", "name": "tell", "function": f"own.extras:{function}", "summary": file}
    return run_step(command, declaration=ABALONE.declaration(), **given)


def calls(folder: Path) -> int:
    return len((folder / "own" / "calls").read_text())


def test_it_is_told_of_the_run_and_the_warehouse_and_is_done_once(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with begin() as connection:
        online.listed(connection, "abalone")
    assert extra(folder).code == 0
    said = capsys.readouterr().out
    assert said == "abalone abalone-ingest-x two files []\n"
    extra(folder)
    assert capsys.readouterr().out == said, "said again"
    assert calls(folder) == 1
    extra(folder, words="three files")
    assert calls(folder) == 2, "of another summary"


@pytest.mark.parametrize(
    ("function", "code", "words"),
    [
        ("stop", 3, r"too few rows"),
        ("broken", 1, r"own.extras:broken: \S+extras.py, line 18: ZeroDivisionError: division by zero"),
        ("odd", 2, r"own.extras:odd returns \['a'\]; wanted one line of at most 500 characters, or None"),
        ("nosuch", 2, r"'own.extras:nosuch' is not there"),
    ],
)
def test_what_goes_wrong_is_one_line(folder: Path, function: str, code: int, words: str) -> None:
    ended = extra(folder, function)
    assert ended.code == code
    assert re.match(words, ended.error)


def test_the_kit_tries_it(folder: Path) -> None:
    project, summary = parse_table(ABALONE.declaration()), {"words": "a file"}
    assert check_extra("own.extras:tell", project, summary, [{"location": 7}]) == (
        "abalone a-run a file [{'location': 7}]"
    )
    for function, words in (("broken", "ZeroDivisionError"), ("odd", "wanted one line"), ("counts", "called again")):
        with pytest.raises(AssertionError, match=words):
            check_extra(f"own.extras:{function}", project, summary)
    with pytest.raises(AssertionError, match="changes the summary"):
        check_extra("own.extras:changes", project, summary)
