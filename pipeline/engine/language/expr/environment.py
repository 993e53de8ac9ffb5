"""What an expression can name. The controller holds `inputs.parameters.a` and the like in one flat map, and makes maps
within maps of it before an expression is run; so `inputs.parameters['a']` works, and `toJson(workflow.parameters)`.

Here a lookup is asked for what the expression names. Where a name is used whole, is computed
(`inputs.parameters[item]`) or is not found, the lookup is asked for all of its names: its method `keys`, if it has one.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple, Protocol, runtime_checkable

from pipeline.engine.language.expr.library import LIBRARY
from pipeline.engine.language.expr.syntax.parser import parse
from pipeline.engine.language.expr.syntax.tree import Node, member_path, walk
from pipeline.engine.language.lookup import ABSENT, Lookup


@runtime_checkable
class Listing(Protocol):
    """A lookup that can also say which paths it knows."""

    def __call__(self, path: str) -> object:
        """A path's value; ABSENT; None where it is not known."""

    def keys(self) -> Iterable[str]:
        """The paths that have a value, ABSENT among them."""


class Names(NamedTuple):
    """What an expression names. `controller`: as the controller's visitor lists them, what stands before `??` or `?.`
    left out. `strict`: the longest path of each of those, functions and own variables left out. `guarded`: paths
    before `??` or `?.`. `own`: its `let`s. `whole`: some path may lead to a map, or is computed."""

    controller: tuple[str, ...]
    strict: tuple[str, ...]
    guarded: tuple[str, ...]
    own: tuple[str, ...]
    whole: bool


@lru_cache(maxsize=1024)
def names(text: str) -> Names:
    """What an expression names.

    Raises:
        NotParsed: it is not of the language.
    """
    nodes = list(walk(parse(text)))
    guarded = _guarded(parse(text))
    inner: set[int] = set()  # bases of longer paths
    whole = False
    for node in nodes:
        if node.kind == "member":
            base, key = node.parts
            if member_path(node) is not None:
                inner.add(id(base))
            whole = whole or key.kind != "literal"
        whole = whole or (node.kind == "name" and node.value == "$env")
    own = {node.value for node in nodes if node.kind == "let"}
    seen: dict[str, None] = {}
    strict: dict[str, None] = {}
    maybe: dict[str, None] = {}
    for node in nodes:
        path = (node.value,) if node.kind == "name" else member_path(node) if node.kind == "member" else None
        if path is None:
            continue
        name = ".".join(path)
        if id(node) not in guarded:
            seen[name] = None
        if path[0] in LIBRARY or path[0] in own or path[0] == "$env":
            continue
        if id(node) not in inner:
            (maybe if id(node) in guarded else strict)[name] = None
            whole = whole or len(path) < 3 or path[-1] in _MAPS
    return Names(tuple(seen), tuple(strict), tuple(maybe), tuple(sorted(own)), whole or bool(own))


def _guarded(tree: Node) -> set[int]:
    """The members that stand before `??` or `?.`."""
    found: set[int] = set()
    seen: set[tuple[int, bool]] = set()
    todo = [(tree, False)]
    while todo:
        node, before = todo.pop()
        if (id(node), before) in seen:
            continue
        seen.add((id(node), before))
        if node.kind == "member":
            if before:
                found.add(id(node))
            if node.value and node.parts[0].kind == "member":
                found.add(id(node.parts[0]))
        for place, part in enumerate(node.parts):
            if part is not None:
                todo.append((part, before or (place == 0 and node.kind == "binary" and node.value == "??")))
    return found


_MAPS: Final = frozenset(("parameters", "artifacts", "outputs", "labels", "annotations"))


def environment(text: str, lookup: Lookup | Mapping[str, Any]) -> dict[str, Any]:
    """The maps within maps that an expression runs in, functions included."""
    flat = _flat(names(text), lookup)
    return {**expanded(flat), **LIBRARY, "sprig": dict(LIBRARY["sprig"])}  # a copy: `sprig.set` can change a map


def _flat(found: Names, lookup: Lookup | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(lookup, Mapping):
        return {key: None if value is ABSENT else value for key, value in lookup.items()}
    flat: dict[str, Any] = {}
    complete = not found.whole
    for path in (*found.strict, *found.guarded):
        for name in _prefixes(path):
            value = lookup(name)
            complete = complete and name == path and value is not None
            if value is not None:
                flat[name] = None if value is ABSENT else value
                break
    if not complete and isinstance(lookup, Listing):
        tops = {path.partition(".")[0] for path in (*found.strict, *found.guarded, *found.own)}
        everything = "$env" in found.controller
        for key in lookup.keys():  # noqa: SIM118 - no mapping: calling it is how to look up
            if everything or key.partition(".")[0] in tops:
                value = lookup(key)
                if value is not None:
                    flat[key] = None if value is ABSENT else value
    return flat


def _prefixes(path: str) -> Iterable[str]:
    """A path, then what it stands on, the longest first."""
    while path:
        yield path
        path = path.rpartition(".")[0]


def expanded(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Maps within maps, of dotted names. A name that others stand on is left out: `item` beside `item.x`."""
    root: dict[str, Any] = {}
    made = {id(root)}
    for name in sorted(flat, reverse=True):  # what is longer comes first
        place = root
        *above, last = name.split(".")
        for part in above:
            if id(place.get(part)) not in made:
                place[part] = {}
                made.add(id(place[part]))
            place = place[part]
        if id(place.get(last)) not in made:
            place[last] = flat[name]
    return root


def missing(text: str, held: Mapping[str, Any]) -> list[str]:
    """What an expression names that is not there; a value that is nil is there."""
    return [name for name in names(text).controller if not _there(name, held)]


def _there(name: str, held: Mapping[str, Any]) -> bool:
    place: Any = held
    for part in name.split("."):
        if not isinstance(place, dict) or part not in place:
            return False
        place = place[part]
    return True
