"""Feast's environment on this machine, below the state folder: made by uv when it is first needed.

It is one of its own because Feast needs numpy 2, and Seldon's model server numpy 1. What belongs into it is locked in
steps/featurestore/locked; another lock makes another environment, and the one before is removed.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from pipeline.errors import PipelineError, UserError
from pipeline.stack.locks import locked
from pipeline.stack.server import CODE

_LOCKED = CODE / "steps" / "featurestore" / "locked"


def settings(home: Path) -> dict[str, str]:
    """The variables of what runs in it; blocks while it is made.

    Raises:
        UserError: uv is not installed.
        PipelineError: it cannot be made.
    """
    return {"FEATURES_HOME": str(repositories(home)), "FEATURES_PYTHON": str(_python(home))}


def repositories(home: Path) -> Path:
    """Where each project's repository is: a folder that `feast` takes."""
    return home / "features"


def environment(home: Path) -> Path:
    """Where the environment is, or will be."""
    digest = hashlib.sha256((_LOCKED / "uv.lock").read_bytes()).hexdigest()[:12]
    return home / "feast" / digest


def _python(home: Path) -> Path:
    place = environment(home)
    with locked(place.parent / "lock"):
        if not (place / ".ready").exists():
            _make(place)
            (place / ".ready").touch()
            for other in place.parent.iterdir():
                if other.is_dir() and other != place:
                    shutil.rmtree(other, ignore_errors=True)
    return place / "bin" / "python"


def _make(place: Path) -> None:
    print(f"making Feast's environment in {place} (700 MB, a minute or two, once)", file=sys.stderr, flush=True)
    command = [_uv(), "sync", "--quiet", "--frozen", "--no-install-project", "--compile-bytecode"]
    where = ["--project", str(_LOCKED), "--python", sys.executable]
    made = subprocess.run(
        [*command, *where],
        env={**os.environ, "UV_PROJECT_ENVIRONMENT": str(place)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        words = (made.stderr.strip().splitlines() or [f"uv ended with {made.returncode}"])[-1].strip()
        raise PipelineError(f"Feast's environment was not made: {words}; run again when that is mended")


def _uv() -> str:
    beside = f"{Path(sys.executable).parent}{os.pathsep}{CODE / '.uv' / 'bin'}"
    found = shutil.which("uv") or shutil.which("uv", path=beside)
    if found is None:
        raise UserError("Feast's environment is made by uv, which is not installed; run: pip install uv")
    return found
