"""The functions that take a predicate: `filter(xs, # > 1)`, `map(xs, .name)`, `reduce(xs, #acc + #)`."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from pipeline.engine.language.expr.context import Context
from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.syntax.tree import Node
from pipeline.engine.language.expr.values import operators
from pipeline.engine.language.expr.values.conversions import boolean
from pipeline.engine.language.expr.values.ordering import sorted_by
from pipeline.engine.language.expr.values.values import AnyMap, Byte, encoded, go_type


def _held(value: Any) -> list[Any]:
    """What is iterated over: a list, or the bytes of a text."""
    if isinstance(value, str):
        return [Byte(byte) for byte in encoded(value)]
    if isinstance(value, list) or value == {}:
        return list(value)
    raise NotEvaluated(f"reflect: call of reflect.Value.Len on {go_type(value)} Value")


def _entries(run: Context, node: Node, *, backwards: bool = False) -> Iterator[tuple[int, Any, Any]]:
    """Index, entry and what the predicate says of it."""
    held = _held(run.value(node.parts[0]))
    predicate = node.parts[1].parts[0] if len(node.parts) > 1 else None
    places = range(len(held) - 1, -1, -1) if backwards else range(len(held))
    for place in places:
        if predicate is None:
            yield place, held[place], held[place]
            continue
        run.pointers.append({"": held[place], "index": place})
        said = run.value(predicate)
        run.pointers.pop()
        yield place, held[place], said


def _all(run: Context, node: Node) -> bool:
    return all(boolean(said) for _, _, said in _entries(run, node))


def _any(run: Context, node: Node) -> bool:
    return any(boolean(said) for _, _, said in _entries(run, node))


def _count(run: Context, node: Node) -> int:
    return sum(boolean(said) for _, _, said in _entries(run, node))


def _filter(run: Context, node: Node) -> list[Any]:
    found = [entry for _, entry, said in _entries(run, node) if boolean(said)]
    run.budget.grow(len(found))
    return found


def _map(run: Context, node: Node) -> list[Any]:
    found = [said for _, _, said in _entries(run, node)]
    run.budget.grow(len(found))
    return found


def _sum(run: Context, node: Node) -> Any:
    total: Any = 0
    first = True
    held = node.parts[0]
    texts = held.kind == "array" and len(held.parts) > 1 and any(part.kind != "literal" for part in held.parts)
    for _, _, said in _entries(run, node):
        # expr-lang compiles `sum([a, b])` to `a + b`, which can add texts too
        total = said if first and texts and len(node.parts) == 1 else operators.add(said, total, run.budget)
        first = False
    return total


def _find(run: Context, node: Node, *, backwards: bool = False, place: bool = False) -> Any:
    for index, entry, said in _entries(run, node, backwards=backwards):
        if boolean(said):
            return index if place else entry
    return None


def _group(run: Context, node: Node) -> AnyMap:
    found = AnyMap()
    for _, entry, said in _entries(run, node):
        key = operators.map_key(said, found)
        run.budget.grow(1)
        found.setdefault(key, []).append(entry)
    return found


def _sort(run: Context, node: Node) -> list[Any]:
    order = run.value(node.parts[2]) if len(node.parts) > 2 else "asc"
    if order not in ("asc", "desc"):
        raise NotEvaluated("unknown order, use asc or desc")
    found = [(entry, said) for _, entry, said in _entries(run, node)]
    run.budget.grow(len(found))
    return [entry for entry, _ in sorted_by(found, lambda pair: pair[1], run.budget, reverse=order == "desc")]


def _reduce(run: Context, node: Node) -> Any:
    held = _held(run.value(node.parts[0]))
    start = 0
    if len(node.parts) > 2:
        total = run.value(node.parts[2])
    elif held:
        total, start = held[0], 1
    else:
        raise NotEvaluated("reflect: slice index out of range")
    for place in range(start, len(held)):
        run.pointers.append({"": held[place], "index": place, "acc": total})
        total = run.value(node.parts[1].parts[0])
        run.pointers.pop()
    return total


PREDICATES: Final[dict[str, Callable[[Context, Node], Any]]] = {
    "all": _all, "any": _any, "none": lambda run, node: not _any(run, node),
    "one": lambda run, node: _count(run, node) == 1, "count": _count, "filter": _filter, "map": _map, "sum": _sum,
    "find": _find, "findLast": lambda run, node: _find(run, node, backwards=True),
    "findIndex": lambda run, node: _find(run, node, place=True),
    "findLastIndex": lambda run, node: _find(run, node, backwards=True, place=True),
    "groupBy": _group, "sortBy": _sort, "reduce": _reduce,
}  # fmt: skip
