"""Code that a declaration names, `module:name`: of `steps`, or of the project's own packages.

A project's own packages are those that the setting PROJECT_CODE names, by their paths: on a laptop the engine gives it,
an image sets it (docs/projects.md). Nothing else is ever imported because a declaration, or a stored model, says so.

What is computed is kept under a key that has the digest of the code (`steps.contract.reach`).
"""

import importlib
import os
import sys
from pathlib import Path
from traceback import extract_tb
from typing import Any

from steps.errors import BadInput
from steps.settings import setting


def load(name: str) -> Any:
    """The object that `module:name` names.

    Raises:
        BadInput: it is not of that form, or of no such package, or not there, or its module fails.
    """
    module, _, attribute = name.partition(":")
    own = own_packages()
    top = module.partition(".")[0]
    if not attribute or not all(part.isidentifier() for part in (*module.split("."), attribute)):
        raise BadInput(f"{name!r} does not name a function or class; wanted module:name, such as steps.module:name")
    if top != "steps" and top not in own:
        others = f"; there are steps and {', '.join(own)}" if own else "; no package of the project's own is there"
        raise BadInput(f"{name!r} is neither of steps nor of the project's own code{others} (PROJECT_CODE)")
    if top in own:
        _reach(own[top])
    try:
        return getattr(importlib.import_module(module), attribute)
    except Exception as error:
        raise BadInput(f"{name!r} {_why(error, module, own.get(top))}") from error


def own_packages() -> dict[str, Path]:
    """Where the project's own packages (or modules) are, by name."""
    places = [Path(place) for place in setting("PROJECT_CODE", "").split(os.pathsep) if place]
    return {place.stem if place.suffix == ".py" else place.name: place for place in places}


def _reach(place: Path) -> None:
    """Let Python find an own package: last, so that what lies beside it hides nothing."""
    if str(place.parent) not in sys.path:
        sys.path.append(str(place.parent))


def _why(error: Exception, module: str, place: Path | None) -> str:
    """Why something cannot be loaded, in words; of own code with file and line."""
    said = " ".join(str(error).split())
    missing = isinstance(error, ModuleNotFoundError) and error.name and f"{module}.".startswith(f"{error.name}.")
    frames = extract_tb(error.__traceback__)
    own = [each for each in frames if place is not None and Path(each.filename).is_relative_to(place)]
    if isinstance(error, SyntaxError):
        return f"cannot be loaded: {error.filename}, line {error.lineno}: {error.msg}"
    if missing or (isinstance(error, AttributeError) and not own):
        return f"is not there: {said}"
    where = f"{own[-1].filename}, line {own[-1].lineno}: " if own else ""
    return f"cannot be loaded: {where}{type(error).__name__}: {said}"
