"""What commands import that only look: time is a machine's, a library that nobody needs is the command's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

LIBRARIES = {
    *("boto3", "great_expectations", "hera", "lightgbm", "mlflow", "numpy", "optuna", "pandas", "pyarrow", "pydantic"),
    *("requests", "scipy", "seldon_core", "sklearn", "sqlalchemy", "starlette", "uvicorn"),
}
PROBE = """
import sys
from pipeline.cli import main
try:
    main()
finally:
    print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""


def imported(home: Path, *words: str) -> set[str]:
    """The libraries that a command imports in a process of its own; the state is in `home`."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *words],
        env={**os.environ, "PIPELINE_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    return LIBRARIES & set(done.stderr.splitlines()[-1].split())


@pytest.mark.timeout(300)  # four processes, of which one starts the store
def test_what_only_looks_imports_what_it_looks_with(tmp_path: Path) -> None:
    assert imported(tmp_path, "runs") == set()
    assert imported(tmp_path, "status") == set(), "nothing was learned, so no database is asked"
    assert imported(tmp_path, "inbox") == {"boto3", "sqlalchemy"}, "the store and the ledger"
    assert imported(tmp_path, "status") == {"sqlalchemy"}, "there is a database now, which may have decisions"
