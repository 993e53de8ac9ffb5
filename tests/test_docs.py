"""README and docs name every command, option, setting and step, and can be built as pages."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from pipeline.cli.commands import cli
from pipeline.projects.openaq import OPENAQ
from tests import ROOT
from tests.house.options import written

PAGES = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}
OF_THE_SYSTEM = {"LANG", "PATH", "PYTHONPATH"}
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*cli.commands])
def test_every_command_is_there(name: str) -> None:
    assert re.search(rf"`pipeline {name}\b|`{name}\b", PAGES["commands.md"])


def test_every_option_is_there() -> None:
    assert PAGES["commands.md"] == written(PAGES["commands.md"]), "run: make fields"
    assert all(f"`pipeline {name}` | `-" in PAGES["commands.md"] for name in ("gc", "inbox release", "run"))


def test_every_table_and_view_is_there() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "steps" / "backends").rglob("*.py"))
    named = set(re.findall(r"\b(?:sa\.Table|View)\(\s*\"(\w+)\"", code))
    assert {"measurements", "outcomes", "trial_skill", "uploads"} <= named
    assert {name for name in named if f"`{name}`" not in PAGES["warehouse.md"]} == set()


def test_every_setting_is_there() -> None:
    folders = (ROOT / "steps", ROOT / "pipeline")
    code = "\n".join(path.read_text(encoding="utf-8") for folder in folders for path in folder.rglob("*.py"))
    named = set(re.findall(r'(?:setting\(|environ\.get\()"([A-Z_0-9]+)"', code)) - OF_THE_SYSTEM
    assert {name for name in named if f"`{name}`" not in PAGES["settings.md"]} == set()


def test_every_step_of_the_manifests_is_there() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "manifests").rglob("*.yaml"))
    steps = set(re.findall(r"steps\.(\w+)$", text, re.MULTILINE))
    told = PAGES["steps.md"] + PAGES["files.md"] + PAGES["notebooks.md"] + PAGES["features.md"] + PAGES["monitoring.md"]
    assert {step for step in steps if not re.search(rf"\b{step}\b", told)} == set()


def test_every_parameter_that_can_be_predicted_is_there() -> None:
    learnable = [name for name, quantity in OPENAQ.quantities.items() if quantity.unit == "µg/m³"]
    assert all(name in PAGES["sources.md"] for name in learnable)


def test_the_readme_is_short_and_leads_to_every_page() -> None:
    assert len(README.splitlines()) <= 150
    assert [name for name in PAGES if f"docs/{name}" not in README and name != "index.md"] == []


def test_the_pages_are_built_and_fetch_nothing(tmp_path: Path) -> None:
    """Strict: a page that is in no menu, and a link to a heading that is not there, are errors."""
    built = subprocess.run(
        [ROOT / ".venv" / "bin" / "mkdocs", "build", "--strict", "--quiet", "--site-dir", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    menu = yaml.safe_dump(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"])
    assert [name for name in PAGES if name not in menu] == []
    fetched = r'<(?:script|link|img)[^>]+(?:src|href)="(?:https?:)?//[^"]+"'
    assert [found for page in tmp_path.glob("*.html") for found in re.findall(fetched, page.read_text("utf-8"))] == []
