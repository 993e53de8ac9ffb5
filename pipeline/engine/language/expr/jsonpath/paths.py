"""`jsonpath(text, path)`: the dialect of the library that Argo uses, which is its own in much: what a path does not
find is an error, but is dropped within a list; filters are read by their operators from the outside in.
https://github.com/evilmonkeyinc/jsonpath
"""

from collections.abc import Callable
from typing import Any, Final

from pipeline.engine.language.expr.budget import Budget
from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.jsonpath.scripts import Given, Script, included
from pipeline.engine.language.expr.jsonpath.tokens import Token, parsed
from pipeline.engine.language.expr.values.values import Int64, size


def query(path: str, value: Any, budget: Budget) -> Any:
    """What a path leads to.

    Raises:
        NotEvaluated: it is no path, or leads nowhere.
    """
    return _apply(_Walk(value, budget), value, parsed(path))


class _Walk:
    """What a query works on."""

    def __init__(self, root: Any, budget: Budget) -> None:
        self.root = root
        self.budget = budget

    def given(self, current: Any) -> Given:
        """What a script at a value works on."""
        return Given(self.root, current, self.budget, lambda given, tokens: _apply(self, given.current, tokens))


def _apply(walk: _Walk, current: Any, tokens: tuple[Token, ...]) -> Any:
    """What a value's tokens lead to."""
    walk.budget.step(4)
    if not tokens:
        return current
    return _KINDS[tokens[0].kind](walk, tokens[0], current, tokens[1:])


def _wrong(token: Token, target: Any) -> NotEvaluated:
    return NotEvaluated(f"{token.kind}: invalid token target, got {type(target).__name__}")


def _key(walk: _Walk, token: Token, current: Any, rest: tuple[Token, ...]) -> Any:
    if not isinstance(current, dict):
        raise _wrong(token, current)
    if token.value not in current:
        raise NotEvaluated(f"key: invalid token key '{token.value}' not found")
    return _apply(walk, current[token.value], rest)


def _index(walk: _Walk, token: Token, current: Any, rest: tuple[Token, ...]) -> Any:
    if not isinstance(current, list):
        raise _wrong(token, current)
    if not -len(current) <= token.value < len(current):
        raise NotEvaluated("index: invalid token out of range")
    return _apply(walk, current[token.value], rest)


def _found(walk: _Walk, entry: Any, rest: tuple[Token, ...]) -> Any:
    """What an entry's tokens lead to; None where nowhere."""
    try:
        return _apply(walk, entry, rest)
    except NotEvaluated:
        if walk.budget.steps < 0:
            raise
        return None


def _each(walk: _Walk, entries: list[Any], rest: tuple[Token, ...]) -> Any:
    """The entries' own tokens; an index is of the list of them."""
    if not rest:
        return entries
    if rest[0].kind == "index":
        return _apply(walk, entries, rest)
    return [found for found in (_found(walk, entry, rest) for entry in entries) if found is not None]


def _values(token: Token, current: Any) -> list[Any]:
    if isinstance(current, dict):
        return [current[key] for key in sorted(current)]
    if not isinstance(current, list):
        raise _wrong(token, current)
    return current


def _wildcard(walk: _Walk, token: Token, current: Any, rest: tuple[Token, ...]) -> Any:
    entries = _values(token, current)
    if not rest:
        return list(entries)
    return [found for found in (_found(walk, entry, rest) for entry in entries) if found is not None]


def _filter(walk: _Walk, token: Token, current: Any, rest: tuple[Token, ...]) -> Any:
    script: Script = token.value
    if not script.text:
        raise NotEvaluated("invalid expression. is empty")
    kept = [entry for entry in _values(token, current) if included(_evaluated(walk, script, entry))]
    return _each(walk, kept, rest)


def _evaluated(walk: _Walk, script: Script, current: Any) -> Any:
    walk.budget.step()
    try:
        return script.evaluate(walk.given(current))
    except NotEvaluated:
        if walk.budget.steps < 0:
            raise
        return None


def _script(walk: _Walk, token: Token, current: Any, rest: tuple[Token, ...]) -> Any:
    value = _script_value(walk, token.value, current)
    if isinstance(value, str):
        return _key(walk, Token("key", value), current, rest)
    number = _integer(value)
    if number is None:
        raise NotEvaluated("script: unexpected expression result")
    return _index(walk, Token("index", number), current, rest)


def _script_value(walk: _Walk, script: Any, current: Any) -> Any:
    if not isinstance(script, Script):
        return script
    if not script.text:
        raise NotEvaluated("invalid expression. is empty")
    return script.evaluate(walk.given(current))


def _integer(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        return None
    return int(value)


def _union(walk: _Walk, token: Token, current: Any, rest: tuple[Token, ...]) -> Any:
    wanted = [_script_value(walk, value, current) for value in token.value]
    keys = [value for value in wanted if isinstance(value, str)]
    places = [number for value in wanted if not isinstance(value, str) and (number := _integer(value)) is not None]
    if len(keys) + len(places) != len(wanted) or (keys and places):
        raise NotEvaluated("union: invalid token argument")
    if keys:
        if not isinstance(current, dict):
            raise _wrong(token, current)
        entries = [current[key] for key in keys if key in current]
    else:
        if not isinstance(current, list):
            raise _wrong(token, current)
        entries = [current[place] for place in places if -len(current) <= place < len(current)]
    return _each(walk, entries, rest)


def _slice(walk: _Walk, token: Token, current: Any, rest: tuple[Token, ...]) -> Any:
    if not isinstance(current, list):
        raise _wrong(token, current)
    ends = [None if value is None else _integer(_script_value(walk, value, current)) for value in token.value]
    if any(end is None and value is not None for end, value in zip(ends, token.value, strict=True)):
        raise NotEvaluated("range: invalid token argument")
    start, stop, step = ends
    if step == 0:
        raise NotEvaluated("range: invalid token out of range")
    length = len(current)
    low = min(max(start + length if start < 0 else start, 0), length) if start is not None else 0
    high = min(max(stop + length if stop < 0 else stop, 0), length) if stop is not None else length
    entries = current[low:high]
    return _each(walk, entries[::step] if step is not None else entries, rest)


def _recursive(walk: _Walk, _token: Token, current: Any, rest: tuple[Token, ...]) -> Any:
    found: list[Any] = []
    if current is None:
        return found
    here = _found(walk, current, rest) if rest else current
    if rest and isinstance(here, list):
        found.extend(here)
    elif here is not None:
        found.append(here)
    below = _values(_token, current) if isinstance(current, dict | list) else []
    for entry in below:
        found.extend(_recursive(walk, _token, entry, rest))
        walk.budget.step(len(found) // 64)
    return found


def _length(walk: _Walk, token: Token, current: Any, rest: tuple[Token, ...]) -> Any:
    if isinstance(current, dict) and "length" in current:
        return _apply(walk, current["length"], rest)
    if not isinstance(current, dict | list | str):
        raise _wrong(token, current)
    return _apply(walk, Int64(size(current) if isinstance(current, str) else len(current)), rest)


_KINDS: Final[dict[str, Callable[[_Walk, Token, Any, tuple[Token, ...]], Any]]] = {
    "root": lambda walk, _token, _current, rest: _apply(walk, walk.root, rest),
    "current": lambda walk, _token, current, rest: _apply(walk, current, rest),
    "key": _key, "index": _index, "wildcard": _wildcard, "recursive": _recursive, "length": _length,
    "filter": _filter, "script": _script, "union": _union, "range": _slice,
}  # fmt: skip
