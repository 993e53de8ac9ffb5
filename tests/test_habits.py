"""What a contributor is told is true: links lead somewhere, what is to be typed is there, hooks are the Makefile's."""

import re

import pytest
import yaml

from tests import ROOT

DOCS = sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))
PAGES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", *DOCS, "tests/oracle/README.md")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z0-9]+):", MAKEFILE, re.MULTILINE))


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_something_that_is_there(page: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text(page)):
        path, _, anchor = target.partition("#")
        if re.match(r"https?:", target):
            continue
        there = (ROOT / page).parent / path if path else ROOT / page
        assert there.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", there.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}, target


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_it_names_is_there(page: str) -> None:
    named = {
        word for line in re.findall(r"(?:^|`)make((?: [a-z0-9]+)+)", text(page), re.MULTILINE) for word in line.split()
    }
    assert named <= TARGETS


def test_every_program_and_module_that_a_contributor_types_is_there() -> None:
    page = text("CONTRIBUTING.md")
    for module in re.findall(r"python -m\s+([\w.]+)", page):
        assert (ROOT / f"{module.replace('.', '/')}.py").exists(), module
    for program in set(re.findall(r"\.venv/bin/([\w-]+)", page)):
        assert (ROOT / ".venv" / "bin" / program).exists(), program


def test_every_package_has_its_line_in_the_page_of_the_architecture() -> None:
    page = text("docs/architecture.md")
    folders = [path for name in ("pipeline/engine", "steps") for path in (ROOT / name).iterdir() if path.is_dir()]
    missing = [path.name for path in folders if (path / "__init__.py").exists() and f"{path.name}/`]" not in page]
    assert missing == []


def test_hooks_are_what_make_test_runs() -> None:
    hooks = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"]
    assert [repo["repo"] for repo in hooks] == ["local"], "nothing comes from a network"
    recipe = MAKEFILE.partition("\ntest:")[2].partition("\n\n")[0]
    commands = [hook["entry"] for repo in hooks for hook in repo["hooks"]]
    assert commands == [line.strip() for line in recipe.splitlines() if re.match(r"\t\.venv/bin/(ruff|mypy)", line)]
