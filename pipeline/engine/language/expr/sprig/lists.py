"""sprig's functions for lists, and its defaults."""

from collections.abc import Callable
from typing import Any, Final

from pipeline.engine.language.expr.builtins.lists import kind_of
from pipeline.engine.language.expr.context import Context
from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.sprig.numbers import Entry, is_zero, to_int64
from pipeline.engine.language.expr.values import operators
from pipeline.engine.language.expr.values.values import NilList


def _entries(value: Any, problem: str) -> list[Any]:
    if not isinstance(value, list):
        raise NotEvaluated(f"{problem} {kind_of(value)}")
    return value


def _twice(name: str, takes: str, rule: Callable[..., Any]) -> dict[str, Entry]:
    """A function under its name, and under its name after `must`: here both fail alike."""
    return {name: (takes, rule), f"must{name[0].upper()}{name[1:]}": (takes, rule)}


def _push(_run: Context, held: Any, value: Any) -> list[Any]:
    return [*_entries(held, "Cannot push on type"), value]


def _prepend(_run: Context, held: Any, value: Any) -> list[Any]:
    return [value, *_entries(held, "Cannot prepend on type")]


def _chunk(run: Context, length: int, held: Any) -> list[Any]:
    entries = _entries(held, "Cannot chunk type")
    if length <= 0:
        raise NotEvaluated("runtime error: makeslice: len out of range")
    run.budget.grow(len(entries))
    return [list(entries[place : place + length]) for place in range(0, len(entries), length)]


def _rest(_run: Context, held: Any) -> list[Any]:
    entries = _entries(held, "Cannot find rest on type")
    return list(entries[1:]) if entries else NilList()


def _initial(_run: Context, held: Any) -> list[Any]:
    entries = _entries(held, "Cannot find initial on type")
    return list(entries[:-1]) if entries else NilList()


def _first(_run: Context, held: Any) -> Any:
    return next(iter(_entries(held, "Cannot find first on type")), None)


def _last(_run: Context, held: Any) -> Any:
    return next(reversed(_entries(held, "Cannot find last on type")), None)


def _uniq(run: Context, held: Any) -> list[Any]:
    found: list[Any] = []
    for entry in _entries(held, "Cannot find uniq on type"):
        if not _has(run, found, entry):
            found.append(entry)
    return found


def _has(run: Context, held: Any, needle: Any) -> bool:
    return any(operators.deep_equal(entry, needle, run.budget) for entry in held)


def _without(run: Context, held: Any, *omit: Any) -> list[Any]:
    return [entry for entry in _entries(held, "Cannot find without on type") if not _has(run, omit, entry)]


def _holds(run: Context, needle: Any, held: Any) -> bool:
    return held is not None and _has(run, _entries(held, "Cannot find has on type"), needle)


def _slice(_run: Context, held: Any, *places: Any) -> Any:
    entries = _entries(held, "list should be type of slice or array but")
    if not entries:
        return None
    start = to_int64(places[0]) if places else 0
    end = to_int64(places[1]) if len(places) > 1 else len(entries)
    if not 0 <= start <= end <= len(entries):
        raise NotEvaluated("reflect.Value.Slice: slice index out of bounds")
    return type(entries)(entries[start:end])


def _concat(run: Context, *lists: Any) -> list[Any]:
    found: list[Any] = []
    for held in lists:
        entries = _entries(held, "Cannot concat type")
        run.budget.grow(len(entries))
        found.extend(entries)
    return found or NilList()


def _default(_run: Context, fallback: Any, *given: Any) -> Any:
    return given[0] if given and not is_zero(given[0]) else fallback


LISTS: Final[dict[str, Entry]] = {
    "list": ("a*", lambda _run, *values: list(values)), "tuple": ("a*", lambda _run, *values: list(values)),
    **_twice("append", "aa", _push), **_twice("push", "aa", _push), **_twice("prepend", "aa", _prepend),
    **_twice("chunk", "ia", _chunk), **_twice("first", "a", _first), **_twice("last", "a", _last),
    **_twice("rest", "a", _rest), **_twice("initial", "a", _initial), **_twice("uniq", "a", _uniq),
    **_twice("without", "aa*", _without), **_twice("has", "aa", _holds), **_twice("slice", "aa*", _slice),
    **_twice("reverse", "a", lambda _run, held: list(reversed(_entries(held, "Cannot find reverse on type")))),
    **_twice("compact", "a", lambda _run, held: [entry for entry in _entries(held, "Cannot compact on type")
                                                 if not is_zero(entry)]),
    "concat": ("a*", _concat), "default": ("aa*", _default), "empty": ("a", lambda _run, value: is_zero(value)),
    "coalesce": ("a*", lambda _run, *values: next((value for value in values if not is_zero(value)), None)),
    "all": ("a*", lambda _run, *values: not any(map(is_zero, values))),
    "any": ("a*", lambda _run, *values: not all(map(is_zero, values))),
    "ternary": ("aab", lambda _run, one, other, condition: one if condition else other),
}  # fmt: skip
