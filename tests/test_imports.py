"""Data flows one way: project → workflow → manifest → engine → step → store. Nothing reaches back.

The rules are contracts in pyproject.toml, which import-linter holds.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT

LINT = Path(sys.executable).with_name("lint-imports")


def test_every_import_keeps_to_the_contracts() -> None:
    done = subprocess.run([LINT, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("module", ["hera", "pydantic", "yaml", "pandas", "mlflow", "rich", "sqlalchemy", "boto3"])
def test_help_imports_nothing_heavy(module: str) -> None:
    probe = f"import sys, pipeline.cli.commands; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0
