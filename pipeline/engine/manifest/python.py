"""Workflows that a Python file makes with Hera: the file runs in a process of its own, and its Workflow objects are
taken, whatever it would have done with them on a server."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from pipeline.errors import UserError

_PROGRAM: Final = """
import json, os, runpy, sys
file, out = sys.argv[1:]
sys.argv = [file]
sys.path.insert(0, os.path.dirname(file))
sys.stdout = sys.stderr
from hera.workflows import Workflow
made = []
begin = Workflow.__init__
def init(self, *args, **fields):
    begin(self, *args, **fields)
    made.append(self)
def send(self, *args, **fields):
    return self
Workflow.__init__ = init
for name in ("create", "submit", "update", "lint", "wait"):
    if hasattr(Workflow, name):
        setattr(Workflow, name, send)
runpy.run_path(file, run_name="__main__")
with open(out, "w", encoding="utf-8") as file:
    json.dump([each.to_dict() for each in made], file, default=str)
"""


def documents_of(file: Path) -> list[dict[str, Any]]:
    """The manifests of the Workflow objects that a Python file makes. Its folder is then where steps that run in this
    process's surroundings look for modules, as Hera's runner does.

    Raises:
        UserError: there is no such file, it fails, or Hera is not installed; with the last line of what it said.
    """
    if not file.is_file():
        raise UserError(f"{file} is not there; wanted a Python file that makes a Workflow with Hera")
    folder = str(file.absolute().parent)
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "documents.json"
        command = [sys.executable, "-c", _PROGRAM, str(file.absolute()), str(out)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not out.exists():
            said = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "it ended early")
            raise UserError(f"{file} cannot be run: {said.strip()}")
        found: list[dict[str, Any]] = json.loads(out.read_text(encoding="utf-8"))
    if not found:
        raise UserError(f"{file} makes no Workflow; wanted one of Hera's")
    paths = [folder, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    return found
