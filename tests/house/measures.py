"""What the house measures: `python -m tests.house.measures [CHECKOUT]`.

Files and lines of each folder; then what makes code hard to enter: folders with many loose files, long files, long
functions, modules that import each other in a circle, class names that stand twice. Another checkout can be named, so
that two states can be compared.
"""

import ast
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from statistics import median, quantiles

from tests import ROOT

PACKAGES = ("pipeline", "steps")
LONG_FILE = 250
LONG_FUNCTION = 40


@dataclass(frozen=True)
class Function:
    """A function and its lines, docstring and decorators left out."""

    name: str
    lines: int


@dataclass(frozen=True)
class House:
    """A checkout."""

    root: Path = ROOT

    @cached_property
    def files(self) -> dict[Path, str]:
        """Each module of the product, by its path below the root."""
        found = (path for package in PACKAGES for path in sorted((self.root / package).rglob("*.py")))
        return {path.relative_to(self.root): path.read_text(encoding="utf-8") for path in found}

    @cached_property
    def trees(self) -> dict[Path, ast.Module]:
        return {path: ast.parse(text) for path, text in self.files.items()}

    @cached_property
    def folders(self) -> dict[Path, list[Path]]:
        """The modules that lie in each folder itself."""
        return {
            folder: list(paths) for folder, paths in groupby(sorted(self.files, key=_place), lambda path: path.parent)
        }

    def lines(self, path: Path) -> int:
        return self.files[path].count("\n")

    @cached_property
    def functions(self) -> list[Function]:
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        return [
            Function(f"{path}:{node.lineno} {node.name}", _length(node))
            for path, tree in self.trees.items()
            for node in ast.walk(tree)
            if isinstance(node, kinds)
        ]

    @cached_property
    def doubled_classes(self) -> dict[str, list[Path]]:
        """Public class names that stand twice or more, with where they stand."""
        found: dict[str, list[Path]] = {}
        for path, tree in self.trees.items():
            for node in tree.body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    found.setdefault(node.name, []).append(path)
        return {name: paths for name, paths in found.items() if len(paths) > 1}

    @cached_property
    def circles(self) -> list[set[str]]:
        """Groups of modules that import each other, also where a type checker alone or a function does."""
        reached = {name: reachable(name, self.imports) for name in self.imports}
        groups = {
            frozenset({name, *(other for other in reached[name] if name in reached[other])}) for name in self.imports
        }
        return [set(group) for group in groups if len(group) > 1]

    @cached_property
    def imports(self) -> dict[str, set[str]]:
        """The modules of the product that each of them imports, also where a type checker alone or a function does."""
        return {module_of(path): set(self._imported(tree)) for path, tree in self.trees.items()}

    def _imported(self, tree: ast.Module) -> Iterator[str]:
        modules = {module_of(path) for path in self.files}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names if alias.name in modules)
            elif isinstance(node, ast.ImportFrom) and node.module in modules | {*PACKAGES}:
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    yield inner if inner in modules else str(node.module)


def _place(path: Path) -> tuple[str, str]:
    return str(path.parent), path.name


def module_of(path: Path) -> str:
    """The name by which it is imported."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    start = node.lineno
    documented = body[0].lineno - node.body[0].lineno if body and body is not node.body else 0
    return (node.end_lineno or start) - start + 1 - documented


def reachable(name: str, edges: Mapping[str, Iterable[str]]) -> set[str]:
    """All that can be come to from there."""
    found: set[str] = set()
    todo = [name]
    while todo:
        for other in set(edges.get(todo.pop(), ())) - found:
            found.add(other)
            todo.append(other)
    return found


def _rows(house: House) -> Iterator[tuple[str, str]]:
    lengths = [function.lines for function in house.functions]
    sizes = [house.lines(path) for path in house.files]
    loose = max((len(paths), str(folder)) for folder, paths in house.folders.items())
    yield "files, lines", f"{len(sizes)}, {sum(sizes):,}"
    yield "lines of a file: median, largest", f"{median(sizes):.0f}, {max(sizes)}"
    yield f"files over {LONG_FILE} lines", str(sum(size > LONG_FILE for size in sizes))
    yield (
        "functions; lines: median, p95, longest",
        (f"{len(lengths)}; {median(lengths):.0f}, {quantiles(lengths, n=20)[-1]:.0f}, {max(lengths)}"),
    )
    yield (
        f"functions over {LONG_FUNCTION} lines, over 50",
        (f"{sum(lines > LONG_FUNCTION for lines in lengths)}, {sum(lines > 50 for lines in lengths)}"),
    )
    yield "most loose files in a folder", f"{loose[0]} in {loose[1]}"
    yield "circles of imports", str(len(house.circles))
    yield "class names that stand twice or more", str(len(house.doubled_classes))


def main() -> None:
    house = House(Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else ROOT)
    for folder, paths in house.folders.items():
        print(f"{folder!s:<44} {len(paths):>3} files {sum(map(house.lines, paths)):>6,} lines")
    print()
    for name, value in _rows(house):
        print(f"{name:<44} {value}")
    stems = Counter(path.stem for path in house.files if path.stem != "__init__")
    print(f"{'file names that stand twice or more':<44} {sum(count > 1 for count in stems.values())}")


if __name__ == "__main__":
    main()
