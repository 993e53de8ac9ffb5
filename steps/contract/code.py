"""Code that a declaration names, `module:name`: of `steps`, or of the project's own packages.

A project's own packages are those that the setting PROJECT_CODE names, by their paths: on a laptop the engine gives it,
an image sets it (docs/projects.md). Nothing else is ever imported because a declaration, or a stored model, says so.

What is computed by own code is kept under a key that has the code's `digest`: of the named module and of whatever it
reaches in these packages by imports that are written down, and the versions of the other libraries that these import.
"""

import ast
import hashlib
import importlib
import os
import sys
from collections.abc import Iterable, Iterator
from functools import cache
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


def digests(*names: str) -> dict[str, str]:
    """The digest of each of the named that is own code. That of `steps` is in every key anyway.

    Raises:
        BadInput: a module cannot be read.
    """
    own = own_packages()
    return {
        name: _digest(name.partition(":")[0], tuple(own.items())) for name in names if name.partition(".")[0] in own
    }


@cache
def _digest(module: str, own: tuple[tuple[str, Path], ...]) -> str:
    packages, seen, others = dict(own), dict[str, bytes](), set[str]()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        file = _file(name, packages)
        if name in seen or file is None:
            continue
        try:
            seen[name] = file.read_bytes()
            imported = list(_imported(seen[name], name, package=file.name == "__init__.py"))
        except (OSError, SyntaxError, ValueError) as error:
            raise BadInput(f"{file} cannot be read: {' '.join(str(error).split())}") from error
        waiting += [each for each in _with_parents([name, *imported]) if each.partition(".")[0] in packages]
        others |= {each.partition(".")[0] for each in imported} - packages.keys()
    if not seen:
        raise BadInput(f"there is no module {module} in {packages[module.partition('.')[0]]}")
    sha = hashlib.sha256("\n".join(sorted(filter(None, map(_version, others)))).encode())
    for name, body in sorted(seen.items()):
        sha.update(f"\0{name}\0".encode() + body)
    return sha.hexdigest()[:32]


def _imported(body: bytes, module: str, *, package: bool) -> Iterator[str]:
    """The modules that a module's text imports anywhere, by their full names; and, as it may be one, each name that it
    imports from them."""
    for node in ast.walk(ast.parse(body)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = module.split(".")[: None if package else -1]
            above = parts[: len(parts) - node.level + 1] if node.level else []
            source = ".".join([*above, *filter(None, [node.module])])
            yield from (source, *(f"{source}.{each.name}" for each in node.names))


def _with_parents(names: Iterable[str]) -> set[str]:
    """These modules and the packages that they are in, whose own code runs first."""
    return {".".join(parts[:end]) for parts in (name.split(".") for name in names) for end in range(1, len(parts) + 1)}


def _file(module: str, packages: dict[str, Path]) -> Path | None:
    """The file of a module of those packages; None if it is none."""
    top, *below = module.split(".")
    place = packages[top].joinpath(*below)
    return next((path for path in (place / "__init__.py", place.with_name(f"{place.name}.py"), place)
                 if path.suffix == ".py" and path.is_file()), None)  # fmt: skip


def _version(library: str) -> str:
    """A library with its version, where its distribution bears its name; those of the standard library have none."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - only own code needs it

    try:
        return "" if library in sys.stdlib_module_names or library == "steps" else f"{library}-{version(library)}"
    except PackageNotFoundError:
        return ""


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
