"""The query key `fields`: which parts of an answer a client wants. Lists are passed through:
`items.metadata.name`; a leading `-` asks for all but these."""

from collections.abc import Iterable
from typing import Any


class Cleaner:
    """Leaves out what a client does not want. `text`: its `fields`; empty for everything."""

    def __init__(self, text: str, under: str = "") -> None:
        self._without = text.startswith("-")
        paths = (path.strip() for path in text.removeprefix("-").split(","))
        if under:
            paths = (path.removeprefix(f"{under}.") for path in paths if path == under or path.startswith(f"{under}."))
        self._paths = _tree(path for path in paths if path)
        self._all = not text or (bool(under) and not self._without and under in self._paths)

    def clean(self, value: Any) -> Any:
        """What is wanted of a JSON value."""
        if self._all:
            return value
        return _without(value, self._paths) if self._without else _only(value, self._paths)

    def wants(self, *path: str) -> bool:
        """Whether anything at this path is wanted."""
        if self._all:
            return True
        here: dict[str, Any] = self._paths
        for name in path:
            if name not in here:
                return self._without
            here = here[name]
            if not here:
                return not self._without
        return True


def _tree(paths: Iterable[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in paths:
        here = found
        for name in path.split("."):
            here = here.setdefault(name, {})
    return found


def _only(value: Any, paths: dict[str, Any]) -> Any:
    if not paths:
        return value
    if isinstance(value, list):
        return [_only(each, paths) for each in value]
    if isinstance(value, dict):
        return {name: _only(each, paths[name]) for name, each in value.items() if name in paths}
    return value


def _without(value: Any, paths: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_without(each, paths) for each in value]
    if isinstance(value, dict):
        return {
            name: _without(each, paths[name]) if name in paths else each
            for name, each in value.items()
            if name not in paths or paths[name]
        }
    return value
