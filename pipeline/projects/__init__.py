"""The projects that there are: those of the present folder, those that ship, those of installed packages.

A project is found, not registered. A package names it in its `pyproject.toml`, as an entry point
(https://packaging.python.org/en/latest/specifications/entry-points/):

    [project.entry-points."learning_pipelines.projects"]
    housing = "housing.project:PROJECT"

That of the present folder is read as it stands, whether the package is installed or not. Of two of one name the first
of that order counts, and `problems` says so. Each is imported when it is needed and no sooner, so a broken one breaks
only itself.
"""

import os
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import UserError

if TYPE_CHECKING:
    from pipeline.project import Project, TableProject

GROUP = "learning_pipelines.projects"
_SHIPPED = ("openaq", "wine", "abalone")


@dataclass(frozen=True)
class Entry:
    """Where a project is declared. `value`: `module:NAME`; `by`: who names it, in words; `root`: the folder of its
    package, None where Python finds that by itself; `ships`: it is one of ours."""

    name: str
    value: str
    by: str
    root: Path | None = None
    ships: bool = False

    @property
    def file(self) -> str:
        """The file that declares it, below the folder of its package."""
        return f"{self.value.partition(':')[0].replace('.', '/')}.py"

    @property
    def package(self) -> Path | None:
        """The package, or the module, that has its own code; None where it is not there."""
        top = self.value.partition(":")[0].partition(".")[0]
        if self.root is not None:
            return next((path for path in (self.root / top, self.root / f"{top}.py") if path.exists()), None)
        return next(iter(_places(top)), None)


def names() -> list[str]:
    """The names of all, whether they can be loaded or not."""
    return list({each.name: None for each in _entries()})


def here() -> list[str]:
    """The names of those that the present folder declares."""
    return [each.name for each in _of_folder()]


def entry(name: str) -> Entry | None:
    """Where the project of that name is declared; None if there is none."""
    return next((each for each in _entries() if each.name == name), None)


def find(name: str) -> "Project | TableProject":
    """The project of that name.

    Raises:
        UserError: there is none, or its declaration is wrong.
    """
    found = entry(name)
    if found is None:
        raise UserError("; ".join([f"no project {name!r}; there are: {', '.join(sorted(names()))}", *_unread()]))
    loaded = _loaded(found)
    if isinstance(loaded, UserError):
        raise loaded
    return loaded


def every() -> "dict[str, Project | TableProject]":
    """All that can be loaded, by name."""
    found = {name: _loaded(each) for name in names() if (each := entry(name)) is not None}
    return {name: each for name, each in found.items() if not isinstance(each, UserError)}


def problems() -> list[str]:
    """What is wrong with the others, a line each; and which name means several."""
    found = [_loaded(each) for name in names() if (each := entry(name)) is not None]
    return [*_unread(), *clashes(), *(str(each) for each in found if isinstance(each, UserError))]


def clashes() -> list[str]:
    """Which name means several projects, and which of them counts, a line each."""
    lines, first = [], dict[str, Entry]()
    for each in _entries():
        if first.setdefault(each.name, each) is not each:
            lines.append(f"two projects are named {each.name}: {first[each.name].by} names the one that counts, "
                         f"{each.by} the other")  # fmt: skip
    return lines


def own_code() -> list[Path]:
    """The packages (or modules) of the projects that do not ship: steps may load what their declarations name there."""
    found = (each.package for name in names() if (each := entry(name)) is not None and not each.ships)
    return list(dict.fromkeys(path for path in found if path is not None))


def code_setting() -> dict[str, str]:
    """The setting by which a step, or a model's server, knows the projects' own code: see `steps.contract.code`."""
    places = os.pathsep.join(map(str, own_code()))
    return {"PROJECT_CODE": places} if places else {}


def python_path(given: str) -> dict[str, str]:
    """The variable by which any other Python finds the present folder's packages, after the folders `given`."""
    roots = dict.fromkeys(str(each.root) for each in _of_folder())
    return {"PYTHONPATH": os.pathsep.join([*filter(None, [given]), *roots])} if roots else {}


def _entries() -> Iterator[Entry]:
    """In the order in which they count; what an installed package names is looked for last, as it takes a moment."""
    own = _of_folder()
    yield from own
    yield from (Entry(name, f"pipeline.projects.{name}:{name.upper()}", "what ships", ships=True) for name in _SHIPPED)
    same = {(each.name, each.value) for each in own}
    yield from (each for each in _installed() if (each.name, each.value) not in same)


def _of_folder() -> tuple[Entry, ...]:
    file = Path("pyproject.toml").absolute()
    return _read(file, file.stat().st_mtime_ns)[0] if file.is_file() else ()


def _unread() -> list[str]:
    """Why the present folder's cannot be told, if so."""
    file = Path("pyproject.toml").absolute()
    problem = _read(file, file.stat().st_mtime_ns)[1] if file.is_file() else ""
    return [problem] if problem else []


@cache
def _read(file: Path, modified: int) -> tuple[tuple[Entry, ...], str]:  # noqa: ARG001 - read again when it has changed
    """What a pyproject.toml names, and what is wrong with it."""
    try:
        named = (
            tomllib.loads(file.read_text(encoding="utf-8")).get("project", {}).get("entry-points", {}).get(GROUP, {})
        )
        pairs = {str(name): str(value) for name, value in named.items()}
    except (OSError, ValueError, AttributeError) as error:
        return (), f"{file}: {' '.join(str(error).split())}"
    return tuple(Entry(name, value, str(file), _root(file.parent, value)) for name, value in pairs.items()), ""


def _root(folder: Path, value: str) -> Path:
    """The folder of the package: that of pyproject.toml, or `src` in it."""
    top = value.partition(":")[0].partition(".")[0]
    return folder / "src" if (folder / "src" / top).is_dir() else folder


@cache
def _installed() -> tuple[Entry, ...]:
    files = (file for place in sys.path for file in Path(place).glob("*-info/entry_points.txt"))
    if not any(GROUP.encode() in file.read_bytes() for file in files):
        return ()
    from importlib.metadata import entry_points  # noqa: PLC0415 - takes a tenth of a second, mostly for nothing

    found = entry_points(group=GROUP)
    return tuple(Entry(each.name, each.value, f"the package {each.dist.name if each.dist else '?'}") for each in found)


@cache
def _loaded(found: Entry) -> "Project | TableProject | UserError":
    """The project that an entry names, or what is wrong."""
    from pipeline.project import Project, TableProject, declaring  # noqa: PLC0415 - pydantic is slow to import

    module, _, attribute = found.value.partition(":")
    named = f"{found.by}: {found.name} = {found.value!r}"
    try:
        if found.root is not None:
            _reach(found.root, module.partition(".")[0], named)
        with declaring(module):
            declared = import_module(module)
    except UserError as error:
        return error
    loaded = getattr(declared, attribute, None)
    if not isinstance(loaded, Project | TableProject):
        what = f"{declared.__file__} has no {attribute or 'name given'}" if loaded is None else f"it is {loaded!r:.60}"
        return UserError(f"{named}: {what}; wanted a Project or a TableProject of pipeline.project")
    if loaded.name != found.name:
        return UserError(f"{named}: that project is named {loaded.name!r}; give both one name")
    return loaded


def _reach(root: Path, top: str, named: str) -> None:
    """Let Python find a package of the present folder: last, so that it hides nothing.

    Raises:
        UserError: there is none, or Python has another of that name.
    """
    if str(root) not in sys.path:
        sys.path.append(str(root))
    places = _places(top)
    if not places:
        raise UserError(f"{named}: there is no package {top!r} in {root}")
    if not any(place.resolve().is_relative_to(root.resolve()) for place in places):
        raise UserError(f"{named}: {top} is the package in {places[0]}; give yours another name")


def _places(top: str) -> list[Path]:
    """The folders (or the file) of a package that Python finds by itself."""
    spec = find_spec(top) if top else None
    if spec is None:
        return []
    return [Path(place) for place in spec.submodule_search_locations or filter(None, [spec.origin])]
