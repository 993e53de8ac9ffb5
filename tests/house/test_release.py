"""What a release is made of: licences that may be shipped, lists of what is in it, GitHub's files that call `make`."""

import json
import os
import re
import subprocess
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import ROOT
from tests.house.licences import KNOWN, PAGE, SHIPPED, Package, installed, licence_of, listed, locked, page

WRITTEN = PAGE.read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.fixture(scope="module")
def shipped() -> dict[str, dict[str, str]]:
    return {kind: locked(*where) for kind, where in SHIPPED.items()}


def test_the_page_lists_what_the_locks_ship(shipped: dict[str, dict[str, str]]) -> None:
    """The licences of what only the image of the features has are taken from the page."""
    told = {one.name: one.licence for one in listed(WRITTEN).values()}
    assert page(shipped, told | installed()) == WRITTEN, "run: make licences"


def test_every_licence_is_allowed_or_known() -> None:
    packages = listed(WRITTEN).values()
    assert [one for one in packages if not one.allowed] == []
    assert set(KNOWN) <= {one.name for one in packages}, "one that is not shipped any more"
    assert any(one.name == "seldon-core" and one.licence.startswith("BUSL-1.1") for one in packages)


@pytest.mark.parametrize("licence", ["GPL-3.0-or-later", "MIT AND GPL-2.0-only", "AGPL", "Proprietary", ""])
def test_another_licence_is_refused(licence: str) -> None:
    assert not Package("nosuch", "1", licence).allowed


@pytest.mark.parametrize(
    ("told", "licence"),
    [
        ({"License-Expression": "Apache-2.0 OR BSD-3-Clause"}, "Apache-2.0 AND BSD-3-Clause"),
        ({"Classifier": "License :: OSI Approved :: MIT License"}, "MIT"),
        ({"Classifier": "License :: OSI Approved :: GNU Affero GPL v3"}, "GNU Affero GPL v3"),
        ({"License": "Business Source License 1.1\n\nParameters"}, "BUSL-1.1"),
        ({}, ""),
    ],
)  # fmt: skip
def test_a_licence_is_read_from_what_a_package_says(told: dict[str, str], licence: str) -> None:
    metadata: Any = Message()
    for name, value in {"Name": "Some.Package", **told}.items():
        metadata[name] = value
    assert licence_of(metadata) == licence


def test_lists_of_what_is_shipped_are_the_locks(shipped: dict[str, dict[str, str]]) -> None:
    done = subprocess.run(["make", "sbom"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for kind, packages in shipped.items():
        told = json.loads((ROOT / "dist" / "sbom" / f"{kind}.cdx.json").read_text(encoding="utf-8"))
        assert told["bomFormat"] == "CycloneDX"
        assert packages.items() <= {each["name"]: each["version"] for each in told["components"]}.items()


def test_a_tag_that_is_not_the_version_is_refused() -> None:
    told = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}  # as nobody's child
    told["TAG"] = "v0.0.0;touch x"
    done = subprocess.run(["make", "dist"], cwd=ROOT, env=told, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("the tag is v0.0.0;touch x and the version ")
    assert not (ROOT / "x").exists()


def test_images_are_those_of_the_dockerfile_on_a_base_that_can_be_pinned() -> None:
    (images,) = re.findall(r"^IMAGES := (.*)$", MAKEFILE, re.MULTILINE)
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert set(images.split()) <= set(re.findall(r"^FROM \S+ AS (\S+)$", dockerfile, re.MULTILINE))
    assert set(images.split()) == set(SHIPPED) - {"wheel", "laptop"}
    assert re.findall(r"^FROM (?!\$BASE )(\S+:\S+|\S+/\S+)", dockerfile, re.MULTILINE) == [], "all stand on BASE"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_of_github_calls_make_and_may_do_little(path: Path) -> None:
    told = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert told["permissions"] == {"contents": "read"}
    targets = set(re.findall(r"^([a-z0-9]+):", MAKEFILE, re.MULTILINE))
    for name, job in told["jobs"].items():
        assert job["timeout-minutes"] <= 60
        assert set(job.get("permissions", {}).items()) - {("contents", "read")} <= {
            ("id-token", "write"), ("pages", "write"), ("packages", "write")
        }  # fmt: skip
        assert name in {"publish", "images"} or "permissions" not in job
        for step in job["steps"]:
            if "uses" in step:
                assert re.fullmatch(r"[\w-]+/[\w-]+@(v\d+|release/v\d+|[0-9a-f]{40})", step["uses"])
                continue
            assert "${{" not in step["run"], "what others may name is never part of a command"
            made = re.fullmatch(r"make ([a-z]+)( [A-Z]+=[a-z]+)?( #.*)?", step["run"])
            assert (made and made[1] in targets) or step["run"].startswith("docker login ")


def test_there_is_a_workflow_for_each() -> None:
    assert {path.stem for path in WORKFLOWS} == {"test", "release", "docs"}
