"""A library that only an extra brings is known to be one, so that its absence is one line and not a traceback."""

import ast
import re
import subprocess
import sys
import tomllib

import pytest

from pipeline import extras
from tests import ROOT

BASE = {"click", "re2", "rich", "yaml"}
BY_NAME = {"psycopg2"}  # SQLAlchemy imports it, where an address says so
NOT_HERE = {
    "feast",
    "minio",
    "mypy_boto3_s3",
}  # elsewhere: Feast's environment, pods, type checkers


def imported(package: str) -> set[str]:
    """The top of every module that the package's code imports, wherever it does."""
    found = set()
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add((node.module or "").partition(".")[0])
    return found


def test_every_library_is_of_the_base_or_of_the_extras() -> None:
    third_party = (imported("pipeline") | imported("steps")) - set(sys.stdlib_module_names) - {"pipeline", "steps"}
    assert third_party - BASE - NOT_HERE == set(extras.LIBRARIES) - BY_NAME


def test_the_extra_laptop_brings_what_steps_models_and_manifests_need() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (own,) = (each for each in project["optional-dependencies"]["laptop"] if each.startswith(project["name"]))
    assert set(re.findall(r"\w+", own.partition("[")[2])) == {"authoring", "notebooks", "serving", "steps", "tracking"}


def test_a_module_of_ours_that_is_missing_is_no_matter_of_extras() -> None:
    code = "from pipeline.cli import commands\ndef cli(**_): raise ModuleNotFoundError(name=NAME)\n"
    code += "commands.cli = cli\ncommands.main()"
    ours, theirs = (
        subprocess.run(
            [sys.executable, "-c", code.replace("NAME", repr(name))], capture_output=True, text=True, check=False
        )
        for name in ("pipeline.nosuch", "boto3.nosuch")
    )
    assert "ModuleNotFoundError" in ours.stderr
    assert theirs.stderr == "error: this needs boto3, which is not installed; run: make setup\n"
    assert theirs.returncode == 2


@pytest.mark.parametrize("found", [(3, 12), (3, 13)])
def test_what_to_type(monkeypatch: pytest.MonkeyPatch, found: tuple[int, int]) -> None:
    assert extras.remedy() == "make setup"
    monkeypatch.setattr("pipeline.shipped.CHECKOUT", False)
    monkeypatch.setattr(sys, "version_info", found)
    assert extras.remedy().startswith("pip install 'learning-pipelines[laptop]'")
    assert ("with Python 3.12" in extras.remedy()) == (found > (3, 12))
