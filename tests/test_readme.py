"""The README names every command, every setting and every step."""

import re

import pytest

from pipeline.cli.commands import cli
from pipeline.projects.openaq import OPENAQ
from tests import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*cli.commands])
def test_every_command_is_there(name: str) -> None:
    assert re.search(rf"`pipeline {name}\b|`{name}\b", README)


def test_every_setting_is_there() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "steps").rglob("*.py"))
    named = set(re.findall(r'setting\("([A-Z_0-9]+)"', code)) | {"PIPELINE_HOME", "STEPS_LOCK", "LOG_FORMAT"}
    assert {name for name in named if f"`{name}`" not in README} == set()


def test_every_step_of_the_manifests_is_there() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "manifests").rglob("*.yaml"))
    steps = set(re.findall(r"steps\.(\w+)$", text, re.MULTILINE))
    assert {step for step in steps if not re.search(rf"\b{step}\b", README)} == set()


def test_every_parameter_that_can_be_predicted_is_there() -> None:
    learnable = [name for name, quantity in OPENAQ.quantities.items() if quantity.unit == "µg/m³"]
    assert all(name in README for name in learnable)
