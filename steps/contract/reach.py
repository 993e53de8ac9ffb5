"""What code a result depends on: the modules that it is computed by, and whatever these reach by imports that are
written down, in `steps` and in the project's own packages.

So a change of a page's colour, or of a step beside, computes nothing anew. Of the other libraries, those that our own
lock does not name count by their versions. Modules that are imported by a name made at run time are not seen: what a
declaration names is given beside the module that loads it.
"""

import ast
import hashlib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from steps.contract.code import own_packages
from steps.errors import BadInput

_STEPS = Path(__file__).parents[1]
_IMPORT = re.compile(rb"^[ \t]*(?:import ([\w., ]+)|from (steps[\w.]*) import (\([^)]*\)|[^\n#]+))", re.MULTILINE)
_COMMENT = re.compile(rb"#[^\n]*")
_NAME = re.compile(rb"(\w+)(?: as \w+)?")


def digest(*names: str) -> str:
    """The digest of all code that these modules, or `module:name`, reach; 32 hex digits. What is neither of `steps` nor
    own code does not count: it is never loaded.

    Raises:
        BadInput: one is not there, or a module cannot be read.
    """
    return _digest(tuple(sorted({name.partition(":")[0] for name in names})), tuple(own_packages().items()))


@cache
def _digest(modules: tuple[str, ...], own: tuple[tuple[str, Path], ...]) -> str:
    packages = {**dict(own), "steps": _STEPS}
    seen, others = _reached([each for each in modules if _top(each) in packages], packages)
    sha = hashlib.sha256("\n".join(sorted(filter(None, map(_version, others)))).encode())
    for name, body in sorted(seen.items()):
        sha.update(f"\0{name}\0".encode() + body)
    return sha.hexdigest()[:32]


def _reached(modules: list[str], packages: dict[str, Path]) -> tuple[dict[str, bytes], set[str]]:
    """The modules that these reach, with their texts; and the other libraries that own code among them imports."""
    for module in modules:
        if _file(module, packages) is None:
            raise BadInput(f"there is no module {module} in {packages[_top(module)]}")
    seen, others, waiting = dict[str, bytes](), set[str](), [*_with_parents(modules)]
    while waiting:
        name = waiting.pop()
        file = None if name in seen else _file(name, packages)
        if file is None:
            continue
        try:
            seen[name] = file.read_bytes()
            imported = list(imports(seen[name], name, package=file.name == "__init__.py"))
        except (OSError, SyntaxError, ValueError) as error:
            raise BadInput(f"{file} cannot be read: {' '.join(str(error).split())}") from error
        waiting += [each for each in _with_parents(imported) if _top(each) in packages and each not in seen]
        if _top(name) != "steps":
            others |= {_top(each) for each in imported} - packages.keys()
    return seen, others


def imports(body: bytes, module: str, *, package: bool) -> Iterator[str]:
    """The modules that a module's text imports anywhere, by their full names; and, as it may be one, each name that it
    imports from them. Of `steps`, which is written in one way, those of `steps`: parsing takes thirty times as long."""
    return _of_steps(body) if _top(module) == "steps" else _of_any(body, module, package=package)


def _of_steps(body: bytes) -> Iterator[str]:
    for plain, source, names in _IMPORT.findall(body):
        for name in _NAME.findall(_COMMENT.sub(b"", names)):
            yield f"{source.decode()}.{name.decode()}"
        if source:
            yield source.decode()
        yield from (each.split()[0].decode() for each in plain.split(b",") if each.startswith(b"steps"))


def _of_any(body: bytes, module: str, *, package: bool) -> Iterator[str]:
    for node in ast.walk(ast.parse(body)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = module.split(".")[: None if package else -1]
            above = parts[: len(parts) - node.level + 1] if node.level else []
            source = ".".join([*above, *filter(None, [node.module])])
            yield from (source, *(f"{source}.{each.name}" for each in node.names))


def _top(module: str) -> str:
    return module.partition(".")[0]


def _with_parents(names: Iterable[str]) -> set[str]:
    """These modules and the packages that they are in, whose own code runs first."""
    return {".".join(parts[:end]) for parts in (name.split(".") for name in names) for end in range(1, len(parts) + 1)}


def _file(module: str, packages: dict[str, Path]) -> Path | None:
    """The file of a module of those packages; None if it is none."""
    top, *below = module.split(".")
    place = os.path.join(packages[top], *below)  # noqa: PTH118 - hundreds of names, of which most are no modules
    at = (f"{place}/__init__.py", f"{place}.py", *([place] if place.endswith(".py") else []))
    return next((Path(path) for path in at if os.path.isfile(path)), None)  # noqa: PTH113 - likewise


def _version(library: str) -> str:
    """A library with its version, where its distribution bears its name; those of the standard library have none."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - only own code needs it

    try:
        return "" if library in sys.stdlib_module_names else f"{library}-{version(library)}"
    except PackageNotFoundError:
        return ""
