"""What leads a step to the programs and libraries that the engine has."""

import os
import sys
from pathlib import Path


def own_path() -> str:
    """Where commands are looked for: first in the environment that this engine runs in."""
    path = os.environ.get("PATH", os.defpath)
    return path if sys.prefix == sys.base_prefix else f"{Path(sys.prefix) / 'bin'}{os.pathsep}{path}"


def of_engine() -> dict[str, str]:
    """What leads a step to the programs and libraries that the engine has. Nothing else is the caller's: steps never
    see the caller's secrets."""
    variables = {"PATH": own_path(), "LANG": os.environ.get("LANG", "C.UTF-8"), "OMP_NUM_THREADS": "1"}
    if sys.prefix != sys.base_prefix:
        variables["VIRTUAL_ENV"] = sys.prefix
    if os.environ.get("PYTHONPATH"):
        variables["PYTHONPATH"] = os.environ["PYTHONPATH"]
    return variables
