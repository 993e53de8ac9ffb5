"""The images that teams would have pushed to their registry, made here of one that the machine has; gone at the end."""

import atexit
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Final

import hera.workflows

from pipeline.engine.execution.runtimes.container import tool

BASE: Final = "docker.io/library/python:3.12-slim-bookworm"
ML: Final = "localhost/pipeline-test-ml:1"
_FLOW: Final = Path(__file__).parent / "ml" / "flow.py"
_LIBRARIES: Final = (
    "hera", "pydantic", "pydantic_core", "typing_extensions.py", "typing_inspection", "annotated_types", "yaml",
    "requests", "urllib3", "certifi", "idna", "charset_normalizer", "cloudpickle",
)  # fmt: skip


@cache
def make(image: str) -> str:
    """Make an image that no registry has: Hera and the flow in Python's. Why it cannot be made; empty if there is
    nothing to say."""
    if image != ML:
        return ""
    if not (3, 12) <= sys.version_info < (3, 13):
        return "the image's Python is 3.12, whose libraries this one has not"
    name = "pipeline-test-ml"
    _call("rm", "-f", name)
    if said := _call("create", "--pull=never", "--name", name, BASE, "true"):
        return said
    libraries = Path(hera.workflows.__file__).parent.parent.parent
    there = "/usr/local/lib/python3.12/site-packages"
    try:
        for each in (*(libraries / library for library in _LIBRARIES), _FLOW):
            if each.exists() and (said := _call("cp", str(each), f"{name}:{there}/{each.name}")):
                return said
        atexit.register(_call, "rmi", "-f", ML)
        return _call("commit", name, ML)
    finally:
        _call("rm", "-f", name)


def _call(*words: str) -> str:
    """What podman or docker says where it fails; empty if it does not."""
    done = subprocess.run([shutil.which(tool()) or tool(), *words], capture_output=True, text=True, check=False)
    return done.stderr.strip() if done.returncode else ""
