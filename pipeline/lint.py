"""Checks a folder of manifests twice: with our parser, which refuses what our engine does not run, and with the real
`argo lint --offline` where that is installed. A folder is linted as one, since its manifests refer to each other."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click

from pipeline.errors import UserError


def argo() -> str | None:
    """The `argo` command: on PATH, or among a local test cluster's tools (`$CLUSTER_HOME/bin`)."""
    tools = Path(os.environ.get("CLUSTER_HOME") or Path.home() / ".cache" / "cluster") / "bin"
    return shutil.which("argo") or shutil.which("argo", path=str(tools))


def lint(folder: Path) -> Iterator[str]:
    """One line for each workflow that this engine accepts, one for what argo says.

    Raises:
        Refused: our engine would not run it.
        UserError: argo finds an error.
    """
    from pipeline.engine import load  # noqa: PLC0415 — YAML is not needed for --help

    for name in load(folder).names():
        yield f"ok   {name}: this engine runs it"
    command = argo()
    if command is None:
        yield f"--   {folder.name}: not checked by argo, which is not on PATH"
        return
    finished = subprocess.run([command, "lint", "--offline", str(folder)], capture_output=True, text=True, check=False)
    if finished.returncode:
        raise UserError(f"argo lint {folder}: {click.unstyle(finished.stdout + finished.stderr).strip()}")
    yield f"ok   {folder.name}: argo lint --offline finds no error"
