"""A copy of the product, whose code and manifests a test may edit."""

import atexit
import compileall
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from py_compile import PycInvalidationMode

from tests import ROOT


class Checkout:
    """The product in `folder`, with a state folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder / "copy", folder / "home"
        shutil.copytree(_compiled(), self.folder)
        self.environment = {
            **os.environ,
            "PIPELINE_HOME": str(self.home),
            "PYTHONPATH": str(self.folder),
            "PYTHONDONTWRITEBYTECODE": "1",  # it would go by times, which do not tell two edits of one second apart
        }

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace the first `old` there."""
        before, found, after = (self.folder / file).read_text(encoding="utf-8").partition(old)
        assert found, f"{file} has no {old!r}"
        (self.folder / file).write_text(before + new + after, encoding="utf-8")

    @contextmanager
    def edited(self, file: str, old: str, new: str) -> Iterator[None]:
        """The same, and back again."""
        before = (self.folder / file).read_bytes()
        try:
            self.edit(file, old, new)
            yield
        finally:
            (self.folder / file).write_bytes(before)

    def python(self, *words: str) -> subprocess.CompletedProcess[str]:
        """What Python says there."""
        return subprocess.run(
            [sys.executable, *words],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def call(self, *arguments: str) -> tuple[int, str]:
        """The exit code of a command, and what it printed to both streams."""
        done = self.python("-m", "pipeline", *arguments)
        assert "Traceback" not in done.stdout, done.stdout
        return done.returncode, done.stdout


@cache
def _compiled() -> Path:
    """The product with bytecode that goes by the bytes of the code, whatever their times: imports in half the time."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in ("pipeline", "steps", "manifests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    compileall.compile_dir(folder, quiet=1, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
    return folder
