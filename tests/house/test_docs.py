"""The code blocks of README and docs are run, or say why not; what they have a person type is there as it stands."""

import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from pipeline.cli.commands import cli
from tests import ROOT
from tests.house.blocks import PAGES, Block, blocks

BLOCKS = list(blocks())
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z0-9]+):", MAKEFILE, re.MULTILINE))
VARIABLES = set(re.findall(r"^(?:export )?([A-Z_0-9]+) [?:]?=", MAKEFILE, re.MULTILINE))
WORKFLOWS = {path.stem for path in (ROOT / "manifests").rglob("*.yaml")}
TRAIN = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: train-}
spec:
  entrypoint: main
  arguments: {parameters: [{name: epochs, value: 1}]}
  templates:
    - name: main
      steps:
        - [{name: fit, template: say}]
        - [{name: evaluate, template: say}]
    - {name: say, container: {image: debian, command: [echo, "{{workflow.parameters.epochs}}"]}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files that pages name, with state of its own."""
    (tmp_path / "train.yaml").write_text(TRAIN, encoding="utf-8")
    hours = [datetime(2003, 1, 1, tzinfo=UTC) + timedelta(hours=number) for number in range(80 * 24)]
    rows = "".join(f"{hour.isoformat()},north,{hour.hour * hour.day}\n" for hour in hours)
    (tmp_path / "load.csv").write_text(f"hour,zone,load (MW)\n{rows}", encoding="utf-8")
    days = [datetime(2003, 1, 1, tzinfo=UTC) + timedelta(days=number) for number in range(400)]
    sold = "".join(f"{day:%F},north,{day.day + day.weekday()}\n" for day in days)
    (tmp_path / "table.csv").write_text(f"date,shop,sold\n{sold}", encoding="utf-8")
    for name in ("prices.csv", "survey.csv"):
        (tmp_path / name).write_text("rooms,price\n1,2\n", encoding="utf-8")
    monkeypatch.setenv("PIPELINE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def of_page(language: str) -> list[Any]:
    """The blocks of that language which are run, by page: one may go on from the one before."""
    found: defaultdict[Path, list[Block]] = defaultdict(list)
    for block in BLOCKS:
        if block.language == language and not block.why:
            found[block.page].append(block)
    return [pytest.param(those, id=page.name) for page, those in found.items()]


@pytest.mark.parametrize("those", of_page("python"))
def test_python_runs(those: list[Block], folder: Path) -> None:
    names: dict[str, Any] = {}
    for block in those:
        exec(compile(block.text, block.name, "exec"), names)
    for name, found in names.items():
        if name.startswith("test_"):
            found()


@pytest.mark.parametrize("those", of_page("") + of_page("console"))
def test_commands_run(those: list[Block], folder: Path) -> None:
    for block in those:
        assert block.commands, f"{block.name}: nothing is typed there; say why: <!-- not run: … -->"
        assert [words for words in block.commands if words[0] != "pipeline"] == [], f"{block.name}: mark it"
        for _, *words in block.commands:
            answer = CliRunner().invoke(cli, words)
            assert answer.exit_code == 0, f"{block.name}: {words}: {answer.output}{answer.exception}"


def test_other_languages_say_why_they_are_not_run() -> None:
    assert [one.name for one in BLOCKS if one.language not in {"", "console", "python"} and not one.why] == []


@pytest.mark.parametrize("block", [one for one in BLOCKS if one.why], ids=lambda block: block.name)
def test_the_tests_that_a_reason_names_are_there(block: Block) -> None:
    assert [path for path in re.findall(r"tests/[\w/.]*\w", block.why) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("block", [one for one in BLOCKS if one.of_ours], ids=lambda block: block.name)
def test_what_is_typed_is_there(block: Block, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parsed by the real command line, and not run."""
    monkeypatch.setattr(click.Command, "invoke", lambda self, context: None)
    for program, *words in block.of_ours:
        if program == "make":
            assert {word for word in words if "=" not in word} <= TARGETS, words
            assert {word.partition("=")[0] for word in words if "=" in word} <= VARIABLES, words
            continue
        answer = CliRunner().invoke(cli, words)
        assert answer.exit_code == 0, f"{words}: {answer.output}{answer.exception}"
        if words[0] == "run":
            assert words[1] in WORKFLOWS or (folder / words[1]).is_file(), words


@pytest.mark.parametrize("block", [one for one in BLOCKS if one.of_others], ids=lambda block: block.name)
def test_what_others_programs_are_given_is_there(block: Block) -> None:
    for words in block.of_others:
        assert [word for word in words if word.startswith("manifests/") and not (ROOT / word).is_file()] == []
        named = [word.removeprefix("workflowtemplate/") for word in words if word.startswith("workflowtemplate/")]
        assert set(named) <= WORKFLOWS


def test_no_page_shows_why_a_block_is_not_run() -> None:
    """A mark stands right above its block: elsewhere it is of none."""
    for page in PAGES:
        marks = len(re.findall(r"<!-- not run: ", page.read_text(encoding="utf-8")))
        assert marks == sum(bool(one.why) for one in BLOCKS if one.page == page), page.name
