"""expr-lang's functions for lists and maps."""

from collections.abc import Callable
from typing import Any, Final

from pipeline.engine.language.expr.context import Context
from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.values import operators
from pipeline.engine.language.expr.values.ordering import sorted_by
from pipeline.engine.language.expr.values.values import AnyMap, Byte, NilList, encoded, go_type
from pipeline.engine.language.expr.values.writing import plain


def _edge(place: int) -> Callable[[Context, Any], Any]:
    def run(_run: Context, held: Any) -> Any:
        try:
            return operators.fetch(held, place)
        except NotEvaluated:
            return None

    return run


def _get(_run: Context, held: Any, key: Any) -> Any:
    if held is None:
        return None
    if isinstance(held, list | str):
        place = operators.to_int(key)
        raw = held if isinstance(held, list) else encoded(held)
        if not -len(raw) <= place < len(raw):
            return None
        return raw[place] if isinstance(held, list) else Byte(raw[place])
    return operators.fetch(held, key) if isinstance(held, dict) else None


def _list(value: Any, doing: str) -> list[Any]:
    if not isinstance(value, list):
        raise NotEvaluated(f"cannot {doing} {kind_of(value)}")
    return value


def _map(value: Any, doing: str) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise NotEvaluated(doing.format(kind_of(value)))
    return value


def kind_of(value: Any) -> str:
    """The kind of a value, as messages name it."""
    if isinstance(value, list):
        return "slice"
    if isinstance(value, dict):
        return "map"
    return "invalid" if value is None else go_type(value)


def _take(_run: Context, held: Any, count: Any) -> list[Any]:
    entries = _list(held, "take from")
    if isinstance(count, bool | float) or not isinstance(count, int):
        raise NotEvaluated(f"cannot take {kind_of(count)} elements")
    if count < 0:
        raise NotEvaluated("reflect.Value.Slice: slice index out of bounds")
    return type(entries)(entries[:count])


def _keys(_run: Context, held: Any) -> list[Any]:
    return [_key(key) for key in sorted_keys(_map(held, "cannot get keys from {}"))]


def _values(_run: Context, held: Any) -> list[Any]:
    found = _map(held, "cannot get values from {}")
    return [found[key] for key in sorted_keys(found)]


def sorted_keys(held: dict[Any, Any]) -> list[Any]:
    """The keys in an order that is the same in every run (Go's is not)."""
    return sorted(held, key=lambda key: (str(type(key)), str(key)))


def _key(key: Any) -> Any:
    return key[1] if isinstance(key, tuple) else key


def _to_pairs(_run: Context, held: Any) -> list[Any]:
    found = _map(held, "cannot transform {} to pairs")
    return [[_key(key), found[key]] for key in sorted_keys(found)]


def _from_pairs(_run: Context, held: Any) -> AnyMap:
    if not isinstance(held, list):
        raise NotEvaluated(f"cannot transform {kind_of(held)} from pairs")
    found = AnyMap()
    for pair in held:
        if not isinstance(pair, list) or len(pair) != 2:
            raise NotEvaluated("invalid pair" if not isinstance(pair, list) else "invalid pair length")
        found[operators.map_key(pair[0], found)] = pair[1]
    return found


def _reverse(run: Context, held: Any) -> list[Any]:
    entries = _list(held, "reverse")
    run.budget.grow(len(entries))
    return list(reversed(entries))


def _uniq(run: Context, held: Any) -> list[Any]:
    found: list[Any] = []
    for entry in _list(held, "uniq"):
        if not any(operators.equal(entry, other, run.budget) for other in found):
            found.append(entry)
    return found


def _concat(run: Context, *lists: Any) -> list[Any]:
    found: list[Any] = []
    for held in lists:
        entries = _list(held, "concat")
        run.budget.grow(len(entries))
        found.extend(entries)
    return found


def _flatten(run: Context, held: Any) -> list[Any]:
    found: list[Any] = []

    def gather(entries: list[Any], depth: int) -> None:
        if depth > 100:
            raise NotEvaluated("recursion depth exceeded")
        for entry in entries:
            run.budget.step()
            if isinstance(entry, list):
                gather(entry, depth + 1)
            else:
                found.append(entry)

    gather(_list(held, "flatten"), 0)
    run.budget.grow(len(found))
    return found


def _sort(run: Context, held: Any, order: Any = "asc") -> list[Any]:
    if order not in ("asc", "desc"):
        raise NotEvaluated(f"invalid order {plain(order)[:40]}, expected asc or desc")
    if not isinstance(held, list):
        return NilList()
    run.budget.grow(len(held))
    return sorted_by(held, lambda entry: entry, run.budget, reverse=order == "desc")


LISTS: Final[dict[str, Callable[..., Any]]] = {
    "first": _edge(0), "last": _edge(-1), "get": _get, "take": _take, "keys": _keys, "values": _values,
    "toPairs": _to_pairs, "fromPairs": _from_pairs, "reverse": _reverse, "uniq": _uniq, "concat": _concat,
    "flatten": _flatten, "sort": _sort,
}  # fmt: skip
