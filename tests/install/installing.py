"""The product as `pip install` gives it: the wheel in an environment of its own, called in an empty folder."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import ROOT

HELLO = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: hello}
spec:
  entrypoint: main
  templates:
    - {name: main, container: {image: debian:bookworm-slim, command: [echo, hello]}}
"""


def uv(*words: str | Path) -> None:
    """Call uv, which takes what it needs from its cache, else from an index; skip the test where neither has it."""
    own = ROOT / ".uv" / "bin" / "uv"
    program = str(own) if own.is_file() else shutil.which("uv")
    if program is None:
        pytest.skip("there is no uv here; `make setup` brings it")
    for where in (["--offline"], []):
        done = subprocess.run([program, *where, *words], cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
    if "Failed to fetch" in done.stderr or "error sending request" in done.stderr:
        pytest.skip(f"neither uv's cache nor an index has what this needs: {done.stderr.strip().splitlines()[-1]}")
    raise AssertionError(f"uv {' '.join(map(str, words))}: {done.stderr}")


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel, and a folder to work in."""

    environment: Path
    folder: Path

    def call(self, *words: str, program: str = "pipeline") -> subprocess.CompletedProcess[str]:
        """What `pipeline words…` does in the folder, with nothing of this process's environment."""
        return subprocess.run(
            [self.environment / "bin" / program, *words],
            cwd=self.folder,
            env={"PATH": os.defpath, "HOME": str(self.folder.parent)},
            capture_output=True,
            text=True,
            check=False,
        )

    def said(self, *words: str, code: int = 0) -> str:
        """What it printed. `code`: how it must end."""
        done = self.call(*words)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        return done.stdout + done.stderr

    @property
    def packages(self) -> Path:
        """Where its packages are."""
        (found,) = self.environment.glob("lib/python3.*/site-packages")
        return found

    def files(self) -> dict[str, int]:
        """Every file in there with its size, compiled ones left out."""
        found = (path for path in self.packages.rglob("*") if path.suffix != ".pyc" and path.is_file())
        return {str(path): path.stat().st_size for path in found}


def install(folder: Path, *options: str) -> Installed:
    """The wheel of this checkout in a new environment below `folder`; `options`: of `uv export`, on what goes with it.

    The versions are those of the lock, since they lie in uv's cache wherever this checkout was set up.
    """
    environment, locked, work = folder / "environment", folder / "pylock.toml", folder / "work"
    uv("build", "--quiet", "--python", sys.executable, "--wheel", "--out-dir", folder)
    (wheel,) = folder.glob("*.whl")
    uv("venv", "--quiet", "--python", sys.executable, environment)
    uv("export", "--quiet", "--frozen", "--no-default-groups", "--no-emit-project", *options, "--output-file", locked)
    uv("pip", "install", "--quiet", "--python", environment, "--requirements", locked)
    uv("pip", "install", "--quiet", "--python", environment, "--no-deps", wheel)
    work.mkdir()
    return Installed(environment, work)
