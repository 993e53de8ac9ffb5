"""What an expression can name. The controller holds `inputs.parameters.a` and the like in one flat map, and builds
nested maps from it before it runs an expression; so `inputs.parameters['a']` works, and `toJson(workflow.parameters)`.

Here a lookup is asked for each variable that the expression names. If a name is used whole, is computed
(`inputs.parameters[item]`) or is not found, the lookup is asked for everything it knows: its method `keys`, if any.
"""

from collections.abc import Iterable, Mapping, Set
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
        """A path's value; ABSENT; None if it is not known."""

    def keys(self) -> Iterable[str]:
        """The paths that have a value, ABSENT among them."""


class Names(NamedTuple):
    """What an expression names. `controller`: as the controller's visitor lists them, without what stands before `??`
    or `?.`. `strict`: the longest path of each of those, without functions and own variables. `guarded`: paths before
    `??` or `?.`. `own`: its `let`s. `whole`: some path may lead to a map, or is computed."""

    controller: tuple[str, ...]
    strict: tuple[str, ...]
    guarded: tuple[str, ...]
    own: tuple[str, ...]
    whole: bool


@lru_cache(maxsize=1024)
def names(text: str) -> Names:
    """What an expression names.

    Raises:
        NotParsed: it does not parse.
    """
    tree = parse(text)
    nodes = list(walk(tree))
    guarded, stems = _guarded(tree), _stems(nodes)
    own = {node.value for node in nodes if node.kind == "let"}
    named = {id(node): path for node in nodes if (path := member_path(node)) is not None}
    variables = {node: path for node, path in named.items() if node not in stems and _needs_lookup(path[0], own)}
    return Names(
        controller=_dotted(named, without=guarded),
        strict=_dotted(variables, without=guarded),
        guarded=_dotted(variables, without=variables.keys() - guarded),
        own=tuple(sorted(own)),
        whole=bool(own) or any(map(_is_computed, nodes)) or any(map(_may_be_map, variables.values())),
    )


def _stems(nodes: Iterable[Node]) -> set[int]:
    """The nodes that a longer path begins with."""
    return {id(node.parts[0]) for node in nodes if node.kind == "member" and member_path(node) is not None}


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
        coalesces = node.kind == "binary" and node.value == "??"
        todo.extend(
            (part, before or (coalesces and place == 0)) for place, part in enumerate(node.parts) if part is not None
        )
    return found


def _needs_lookup(name: str, own: set[str]) -> bool:
    """Whether a name is neither a function's, nor the expression's own, nor its whole environment."""
    return not (name in LIBRARY or name in own or name == "$env")


def _is_computed(node: Node) -> bool:
    return node.parts[1].kind != "literal" if node.kind == "member" else node.kind == "name" and node.value == "$env"


_MAPS: Final = frozenset(("parameters", "artifacts", "outputs", "labels", "annotations"))


def _may_be_map(path: tuple[str, ...]) -> bool:
    return len(path) < 3 or path[-1] in _MAPS


def _dotted(paths: Mapping[int, tuple[str, ...]], *, without: Set[int]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(".".join(path) for node, path in paths.items() if node not in without))


def environment(text: str, lookup: Lookup | Mapping[str, Any]) -> dict[str, Any]:
    """The nested maps that an expression runs in, functions included."""
    flat = _flat(names(text), lookup)
    return {**expanded(flat), **LIBRARY, "sprig": dict(LIBRARY["sprig"])}  # a copy: `sprig.set` can change a map


def _flat(found: Names, lookup: Lookup | Mapping[str, Any]) -> dict[str, Any]:
    """The values of all that an expression may need, by dotted name."""
    if isinstance(lookup, Mapping):
        values: dict[str, Any] = dict(lookup)
    else:
        values, complete = _looked_up(found, lookup)
        if not complete and isinstance(lookup, Listing):
            values |= {key: lookup(key) for key in _listed(found, lookup)}
        values = {key: value for key, value in values.items() if value is not None}
    return {key: None if value is ABSENT else value for key, value in values.items()}


def _looked_up(found: Names, lookup: Lookup) -> tuple[dict[str, Any], bool]:
    """What a lookup knows of each path, or else of the longest path that it stands on; and whether that is all."""
    values: dict[str, Any] = {}
    complete = not found.whole
    for path in (*found.strict, *found.guarded):
        known = ((name, value) for name in _prefixes(path) if (value := lookup(name)) is not None)
        name, value = next(known, ("", None))
        complete = complete and name == path
        values[name] = value
    return values, complete


def _listed(found: Names, lookup: Listing) -> Iterable[str]:
    """The paths that a lookup knows, below any name that the expression has."""
    tops = {path.partition(".")[0] for path in (*found.strict, *found.guarded, *found.own)}
    everything = "$env" in found.controller
    # no mapping: calling it is how to look up
    return [key for key in lookup.keys() if everything or key.partition(".")[0] in tops]  # noqa: SIM118


def _prefixes(path: str) -> Iterable[str]:
    """A path, then what it stands on, the longest first."""
    while path:
        yield path
        path = path.rpartition(".")[0]


def expanded(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Nested maps from dotted names. A name that others stand on is left out: `item` beside `item.x`."""
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
    """What an expression names and is not there; nil counts as there."""
    return [name for name in names(text).controller if not _is_there(name, held)]


def _is_there(name: str, held: Mapping[str, Any]) -> bool:
    place: Any = held
    for part in name.split("."):
        if not isinstance(place, dict) or part not in place:
            return False
        place = place[part]
    return True
