"""The libraries in every key: others when one that steps need is another, and else the same."""

import sys
from pathlib import Path

import pytest

from steps.backends import caching

METADATA = """\
Metadata-Version: 2.4
Name: learning-pipelines
Requires-Dist: click>=8.3
Requires-Dist: hera>=7.1; extra == 'authoring'
Requires-Dist: great-expectations>=1.24; (python_version < '3.13') and extra == 'steps'
Requires-Dist: numpy<2,>=1.26; extra == 'steps'
"""


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this package was installed, with some libraries, and without a lock."""
    packages = tmp_path / "site-packages"
    for name in ("great_expectations-1.24.0", "numpy-1.26.4", "hera-7.1.0", "learning_pipelines-0.1.0"):
        (packages / f"{name}.dist-info").mkdir(parents=True)
    (packages / "learning_pipelines-0.1.0.dist-info" / "METADATA").write_text(METADATA, encoding="utf-8")
    monkeypatch.setattr(caching, "_PACKAGE", packages / "steps")
    monkeypatch.setattr(sys, "path", [str(packages)])
    monkeypatch.delenv("STEPS_LOCK", raising=False)
    return packages


def libraries() -> str:
    return caching.libraries.__wrapped__()


@pytest.mark.parametrize(
    ("before", "after", "other"),
    [
        ("numpy-1.26.4", "numpy-1.26.5", True),
        ("great_expectations-1.24.0", "great_expectations-1.25.0", True),
        ("great_expectations-1.24.0", "Great.Expectations-1.24.0", True),
        ("hera-7.1.0", "hera-7.2.0", False),
    ],
)
def test_a_library_that_steps_need_changes_it(packages: Path, before: str, after: str, other: bool) -> None:
    first = libraries()
    assert libraries() == first
    (packages / f"{before}.dist-info").rename(packages / f"{after}.dist-info")
    assert (libraries() != first) == other


def test_a_lock_counts_and_nothing_else(packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (packages.parent / "lock").write_text("numpy 1.26.4", encoding="utf-8")
    monkeypatch.setenv("STEPS_LOCK", str(packages.parent / "lock"))
    first = libraries()
    (packages / "numpy-1.26.4.dist-info").rename(packages / "numpy-1.26.5.dist-info")
    assert libraries() == first
    (packages.parent / "lock").write_text("numpy 1.26.5", encoding="utf-8")
    assert libraries() != first
