"""`jsonpath(text, path)`: the dialect of the library that Argo uses, which differs from others: what a path does not
find is an error, but is dropped within a list; filters are read by their operators from the outside in.
https://github.com/evilmonkeyinc/jsonpath
"""

from collections.abc import Callable
from typing import Any, Final

from pipeline.engine.language.expr.budget import Budget
from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.jsonpath.rules import Given
from pipeline.engine.language.expr.jsonpath.scripts import Script, included
from pipeline.engine.language.expr.jsonpath.tokens import Token, parsed
from pipeline.engine.language.expr.values.values import Int64, size


def query(path: str, value: Any, budget: Budget) -> Any:
    """What a path leads to.

    Raises:
        NotEvaluated: it is not a path, or leads nowhere.
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


def _expect(token: Token, target: Any, *kinds: type) -> None:
    if not isinstance(target, kinds):
        raise NotEvaluated(f"{token.kind}: invalid token target, got {type(target).__name__}")


def _key(walk: _Walk, token: Token, current: Any, rest: tuple[Token, ...]) -> Any:
    _expect(token, current, dict)
    if token.value not in current:
        raise NotEvaluated(f"key: invalid token key '{token.value}' not found")
    return _apply(walk, current[token.value], rest)


def _index(walk: _Walk, token: Token, current: Any, rest: tuple[Token, ...]) -> Any:
    _expect(token, current, list)
    if not -len(current) <= token.value < len(current):
        raise NotEvaluated("index: invalid token out of range")
    return _apply(walk, current[token.value], rest)


def _found(walk: _Walk, entry: Any, rest: tuple[Token, ...]) -> Any:
    """What an entry's tokens lead to; None if nowhere."""
    try:
        return _apply(walk, entry, rest)
    except NotEvaluated:
        if walk.budget.steps < 0:
            raise
        return None


def _each(walk: _Walk, entries: list[Any], rest: tuple[Token, ...]) -> Any:
    """What each entry's tokens lead to; but an index is one of the list of them."""
    return _apply(walk, entries, rest) if rest and rest[0].kind == "index" else _of_each(walk, entries, rest)


def _of_each(walk: _Walk, entries: list[Any], rest: tuple[Token, ...]) -> list[Any]:
    if not rest:
        return list(entries)
    return [found for found in (_found(walk, entry, rest) for entry in entries) if found is not None]


def _values(token: Token, current: Any) -> list[Any]:
    _expect(token, current, dict, list)
    return [current[key] for key in sorted(current)] if isinstance(current, dict) else current


def _wildcard(walk: _Walk, token: Token, current: Any, rest: tuple[Token, ...]) -> Any:
    return _of_each(walk, _values(token, current), rest)


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
    _expect(token, current, dict if keys else list)
    held = current if keys else range(-len(current), len(current))
    return _each(walk, [current[each] for each in keys or places if each in held], rest)


def _slice(walk: _Walk, token: Token, current: Any, rest: tuple[Token, ...]) -> Any:
    _expect(token, current, list)
    ends = [None if value is None else _integer(_script_value(walk, value, current)) for value in token.value]
    if any(end is None and value is not None for end, value in zip(ends, token.value, strict=True)):
        raise NotEvaluated("range: invalid token argument")
    start, stop, step = ends
    if step == 0:
        raise NotEvaluated("range: invalid token out of range")
    return _each(walk, current[start:stop][::step], rest)


def _recursive(walk: _Walk, token: Token, current: Any, rest: tuple[Token, ...]) -> Any:
    found: list[Any] = []
    if current is None:
        return found
    here = _found(walk, current, rest) if rest else current
    if rest and isinstance(here, list):
        found.extend(here)
    elif here is not None:
        found.append(here)
    below = _values(token, current) if isinstance(current, dict | list) else []
    for entry in below:
        found.extend(_recursive(walk, token, entry, rest))
        walk.budget.step(len(found) // 64)
    return found


def _length(walk: _Walk, token: Token, current: Any, rest: tuple[Token, ...]) -> Any:
    if isinstance(current, dict) and "length" in current:
        return _apply(walk, current["length"], rest)
    _expect(token, current, dict, list, str)
    return _apply(walk, Int64(size(current) if isinstance(current, str) else len(current)), rest)


_KINDS: Final[dict[str, Callable[[_Walk, Token, Any, tuple[Token, ...]], Any]]] = {
    "root": lambda walk, _token, _current, rest: _apply(walk, walk.root, rest),
    "current": lambda walk, _token, current, rest: _apply(walk, current, rest),
    "key": _key, "index": _index, "wildcard": _wildcard, "recursive": _recursive, "length": _length,
    "filter": _filter, "script": _script, "union": _union, "range": _slice,
}  # fmt: skip
