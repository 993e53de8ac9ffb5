"""`jsonpath(text, path)`: the dialect of the library that Argo uses, which is its own in much: what a path does not find
is an error, but dropped within a list; filters are read by their operators from the outside in.
https://github.com/evilmonkeyinc/jsonpath
"""

from functools import lru_cache
from typing import Any, Final, NamedTuple

from pipeline.engine.expressions.budget import Budget
from pipeline.engine.expressions.errors import NotEvaluated
from pipeline.engine.expressions.jsonpath_scripts import Script, compiled, included
from pipeline.engine.expressions.values import Int64, size

MAX_LENGTH: Final = 2000


class Token(NamedTuple):
    """One part of a path: `kind` is root, current, key, index, wildcard, recursive, length, filter, script, union or
    range; `value` what it needs."""

    kind: str
    value: Any = None


def query(path: str, value: Any, budget: Budget) -> Any:
    """What a path leads to.

    Raises:
        NotEvaluated: it is no path, or leads nowhere.
    """
    first, *rest = parsed(path)
    return _apply(_Walk(value, budget), value, (first, *rest))


@lru_cache(maxsize=256)
def parsed(path: str) -> tuple[Token, ...]:
    """The parts of a path.

    Raises:
        NotEvaluated: it is no path.
    """
    if len(path) > MAX_LENGTH:
        raise NotEvaluated(f"a JSONPath has {len(path)} characters; at most {MAX_LENGTH} are read")
    return tuple(_token(text) for text in _cut(path))


def _invalid(path: str) -> NotEvaluated:
    return NotEvaluated(f"invalid JSONPath selector '{path[:80]}'")


def _cut(path: str) -> list[str]:
    """A path as texts: `$`, `..`, names, and `[…]` whole."""
    if path[:1] not in ("$", "@") or path[1:2] not in ("", ".", "["):
        raise _invalid(path)
    found = [path[0]]
    current = ""
    quotes = rounds = 0
    squares = 0
    for letter in path[1:]:
        if not current:
            quotes = rounds = 0
        quotes += letter == "'"
        rounds += (letter == "(") - (letter == ")")
        squares += (letter == "[") - (letter == "]")
        current += letter
        if current == ".":
            continue
        if current == "..":
            found.append(current)
            current = ""
        elif letter == "[":
            if current not in ("[", ".[") and current.count("[") == 1:
                found.append(current[:-1].removeprefix("."))
                current = "["
        elif "[" in current:
            if quotes % 2 == 0 and rounds == 0 and letter == "]" and squares == 0:
                found.append(current.removeprefix("."))
                current = ""
        elif letter == "." and quotes % 2 == 0 and rounds == 0:
            found.append(current[:-1].removeprefix("."))
            current = "."
    if current:
        found.append(current.removeprefix("."))
    return found


def _token(text: str) -> Token:  # noqa: PLR0911 - one for each kind of token
    text = text.strip()
    plain = {"$": "root", "@": "current", "*": "wildcard", "..": "recursive", "length": "length"}.get(text)
    if plain is not None:
        return Token(plain)
    if text == "":
        raise _invalid(text)
    if not text.startswith("["):
        return Token("key", text)
    inner = text[1:-1].strip()
    if not text.endswith("]") or len(text) < 2 or inner == "":
        raise _invalid(text)
    if inner == "*":
        return Token("wildcard")
    if inner.startswith("?"):
        if not (inner.startswith("?(") and inner.endswith(")")):
            raise _invalid(text)
        return Token("filter", compiled(inner[2:-1].strip()))
    return _subscript(_arguments(inner, text), text)


class _Reading:
    """The arguments between `[` and `]`: keys, numbers, scripts, and the `:` and `,` between them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found: list[Any] = []
        self.buffer = ""
        self.rounds = [0, 0]
        self.quote = ""

    @property
    def nested(self) -> bool:
        return self.rounds[0] != self.rounds[1]

    def take(self, value: Any) -> None:
        self.found.append(value)
        self.buffer = ""

    def letter(self, letter: str, first: bool) -> None:
        self.buffer += letter
        if letter == " " and not self.quote and not self.nested:
            self.buffer = self.buffer.strip()
        elif letter == "(" and not self.quote:
            self.rounds[0] += 1
        elif letter == ")":
            self.rounds[1] += 1
            if not self.nested:
                if not _is_script(self.buffer):
                    raise _invalid(self.text)
                self.take(self.buffer)
        elif letter in "'\"" and not self.nested and self.quote in ("", letter):
            self.quoted(letter)
        elif letter in ":," and not self.quote and not self.nested:
            self.separated(letter, first)

    def quoted(self, letter: str) -> None:
        if self.buffer[-2:-1] == "\\":
            self.buffer = self.buffer[:-2] + letter
        elif not self.quote:
            if self.buffer != letter:
                raise _invalid(self.text)
            self.quote = letter
        else:
            self.quote = ""
            if not _is_key(self.buffer):
                raise _invalid(self.text)
            self.take(self.buffer)

    def separated(self, letter: str, first: bool) -> None:
        argument = self.buffer[:-1]
        number = _whole(argument)
        if argument and number is None and letter == ":":
            raise _invalid(self.text)
        if argument:
            self.found.append(argument if number is None else number)
        elif first and letter == ":":
            self.found.append(None)
        self.take(letter)


def _arguments(inner: str, text: str) -> list[Any]:
    reading = _Reading(text)
    for place, letter in enumerate(inner):
        reading.letter(letter, place == 0)
    if reading.buffer:
        number = _whole(reading.buffer)
        reading.take(reading.buffer if number is None else number)
    return reading.found


def _whole(text: str) -> int | None:
    digits = text[1:] if text[:1] in ("-", "+") else text
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 19 else None


def _is_script(text: Any) -> bool:
    return isinstance(text, str) and len(text) > 2 and text.startswith("(") and text.endswith(")")


def _is_key(text: Any) -> bool:
    return isinstance(text, str) and len(text) > 1 and text[0] == text[-1] and text[0] in "'\""


def _subscript(arguments: list[Any], text: str) -> Token:
    if len(arguments) == 1:
        one = arguments[0]
        if _is_key(one):
            return Token("key", one[1:-1])
        if _is_script(one):
            return Token("script", compiled(one[1:-1]))
        if isinstance(one, int):
            return Token("index", one)
        raise _invalid(text)
    colons, commas = arguments.count(":"), arguments.count(",")
    if colons and commas:
        raise _invalid(text)
    if commas:
        values = [value for value in arguments if value != ","]
        if commas >= len(values):
            raise _invalid(text)
        return Token("union", tuple(_member(value, text) for value in values))
    if colons:
        return _range(arguments, colons, text)
    raise _invalid(text)


def _member(value: Any, text: str) -> Any:
    if _is_script(value):
        return compiled(value[1:-1])
    if _is_key(value):
        return value[1:-1]
    if isinstance(value, int):
        return value
    raise _invalid(text)


def _range(arguments: list[Any], colons: int, text: str) -> Token:
    ends: list[Any] = []
    colon = False
    for value in arguments:
        if value != ":" or colon:
            ends.append(None if value == ":" else value)
        colon = value == ":"
    if colons > 2:
        raise _invalid(text)
    if colons == 1 and len(ends) == 1:
        ends.append(None)
    if len(ends) < 2:
        raise _invalid(text)
    found = []
    for value in (*ends, None)[:3]:
        if isinstance(value, str):
            if not _is_script(value):
                raise _invalid(text)
            value = compiled(value[1:-1])  # noqa: PLW2901 - the same end, read
        found.append(value)
    return Token("range", tuple(found))


class _Walk(NamedTuple):
    """What a query works on."""

    root: Any
    budget: Budget


def _apply(walk: _Walk, current: Any, tokens: tuple[Token, ...]) -> Any:
    """What a value's tokens lead to."""
    walk.budget.step(4)
    if not tokens:
        return current
    token, rest = tokens[0], tokens[1:]
    return _KINDS[token.kind](walk, token, current, rest)


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
        return script.evaluate(walk.root, current, walk.budget)
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
    return script.evaluate(walk.root, current, walk.budget)


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


_KINDS = {
    "root": lambda walk, _token, _current, rest: _apply(walk, walk.root, rest),
    "current": lambda walk, _token, current, rest: _apply(walk, current, rest),
    "key": _key, "index": _index, "wildcard": _wildcard, "recursive": _recursive, "length": _length,
    "filter": _filter, "script": _script, "union": _union, "range": _slice,
}  # fmt: skip
