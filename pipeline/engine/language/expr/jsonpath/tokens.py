"""The parts of a JSONPath."""

from functools import lru_cache
from typing import Any, Final, NamedTuple

from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.jsonpath.scripts import compiled

MAX_LENGTH: Final = 2000


class Token(NamedTuple):
    """One part of a path: `kind` is root, current, key, index, wildcard, recursive, length, filter, script, union or
    range; `value` what it needs."""

    kind: str
    value: Any = None


@lru_cache(maxsize=256)
def parsed(path: str) -> tuple[Token, ...]:
    """The parts of a path.

    Raises:
        NotEvaluated: it is not a path.
    """
    if len(path) > MAX_LENGTH:
        raise NotEvaluated(f"a JSONPath has {len(path)} characters; at most {MAX_LENGTH} are read")
    return tuple(_token(text if text == ".." else text.removeprefix(".")) for text in _cut(path))


def _invalid(path: str) -> NotEvaluated:
    return NotEvaluated(f"invalid JSONPath selector '{path[:80]}'")


def _cut(path: str) -> list[str]:
    """A path as texts: `$`, `..`, `.name`, and `[…]` whole."""
    if path[:1] not in ("$", "@") or path[1:2] not in ("", ".", "["):
        raise _invalid(path)
    found = [path[0]]
    current = ""
    quotes = rounds = squares = 0
    for letter in path[1:]:
        if not current:
            quotes = rounds = 0
        quotes += letter == "'"
        rounds += (letter == "(") - (letter == ")")
        squares += (letter == "[") - (letter == "]")
        current += letter
        length = _length_of_part(current, outside=quotes % 2 == 0 and rounds == 0, closed=squares == 0)
        if length:
            found.append(current[:length])
            current = current[length:]
    return [*found, current] if current else found


def _length_of_part(text: str, *, outside: bool, closed: bool) -> int:
    """How much of a text is a complete part; 0 while it may go on. `outside`: of quotes and round brackets; `closed`:
    all square brackets are."""
    if text in (".", ".."):
        return 2 if text == ".." else 0
    if text[-1] == "[":
        return len(text) - 1 if text not in ("[", ".[") and text.count("[") == 1 else 0
    if "[" in text:
        return len(text) if text[-1] == "]" and outside and closed else 0
    return len(text) - 1 if text[-1] == "." and outside else 0


def _token(text: str) -> Token:
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
        return Token("filter", compiled(inner[2:-1].strip(), parsed))
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
        plain = not self.quote and not self.nested
        if letter == "(" and not self.quote:
            self.rounds[0] += 1
        elif letter == ")":
            self.closed()
        elif letter in "'\"" and not self.nested and self.quote in ("", letter):
            self.quoted(letter)
        elif letter == " " and plain:
            self.buffer = self.buffer.strip()
        elif letter in ":," and plain:
            self.separated(letter, first)

    def closed(self) -> None:
        self.rounds[1] += 1
        if not self.nested:
            if not _is_script(self.buffer):
                raise _invalid(self.text)
            self.take(self.buffer)

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
            return Token("script", compiled(one[1:-1], parsed))
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
        return compiled(value[1:-1], parsed)
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
            value = compiled(value[1:-1], parsed)  # noqa: PLW2901 - the same end, read
        found.append(value)
    return Token("range", tuple(found))
