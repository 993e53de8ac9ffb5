"""Data flows one way: project → workflow → manifest → engine → step → store. Nothing reaches back."""

import ast
import subprocess
import sys
from collections.abc import Set
from pathlib import Path

import pytest

from tests import ROOT

# package → what of our own it may import; the longest matching prefix decides
ALLOWED = {
    "steps": ("steps",),
    "steps.backends": ("steps.backends", "steps.errors", "steps.settings"),
    "steps.pages": ("steps.pages", "steps.summaries"),
    "steps.summaries": ("steps.summaries",),
    "pipeline": ("pipeline", "steps.backends", "steps.pages", "steps.summaries", "steps.errors"),
    "pipeline.engine": ("pipeline.engine", "pipeline.errors"),
    "pipeline.stack": ("pipeline.stack", "pipeline.errors", "pipeline.engine.host", "steps.backends"),
    "pipeline.projects": ("pipeline.projects", "pipeline.project", "pipeline.errors"),
    "pipeline.workflows": ("pipeline.workflows", "pipeline.project", "pipeline"),
    "pipeline.report": (
        "pipeline.report",
        "pipeline.engine.views.views",
        "pipeline.errors",
        "steps.pages",
        "steps.summaries",
    ),
}


def modules() -> list[tuple[str, Path]]:
    found = []
    for package in ("pipeline", "steps"):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found.append((".".join(parts[:-1] if parts[-1] == "__init__" else parts), path))
    return found


def imported(path: Path, own: Set[str] = frozenset({"pipeline", "steps"})) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names.add(node.module or "")
    return {name for name in names if name.split(".")[0] in own}


def within(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(prefix + ".") for prefix in prefixes)


@pytest.mark.parametrize(("name", "path"), modules(), ids=[name for name, _ in modules()])
def test_a_module_imports_only_what_its_layer_may(name: str, path: Path) -> None:
    layer = max((layer for layer in ALLOWED if within(name, (layer,))), key=len)
    reaching = {other for other in imported(path) if not within(other, ALLOWED[layer])}
    assert not reaching, f"{name} ({layer}) may import {ALLOWED[layer]}, not {sorted(reaching)}"


def test_only_the_workflows_import_hera() -> None:
    for name, path in modules():
        if not name.startswith("pipeline.workflows"):
            assert not imported(path, own={"hera"}), name


@pytest.mark.parametrize("module", ["hera", "yaml", "pandas", "mlflow", "rich", "sqlalchemy", "boto3"])
def test_help_imports_nothing_heavy(module: str) -> None:
    probe = f"import sys, pipeline.cli.commands; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0
