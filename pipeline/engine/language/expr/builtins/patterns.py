"""sprig's functions for regular expressions; patterns are of RE2's dialect, and `$1` in a replacement is a group."""

import re
from typing import Any, Final

from pipeline.engine.language.expr.context import Context
from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.values.regexes import compiled
from pipeline.engine.language.expr.values.values import NilList, Texts, decoded, encoded

_GROUP: Final = re.compile(rb"\$(?:\$|(\w+)|\{(\w+)\})")


def must_match(_run: Context, pattern: str, text: str) -> bool:
    """Whether the pattern is found.

    Raises:
        NotEvaluated: it is not a pattern.
    """
    return compiled(pattern).search(encoded(text)) is not None


def matches(run: Context, pattern: str, text: str) -> bool:
    """The same; what is not a pattern is not found."""
    try:
        return must_match(run, pattern, text)
    except NotEvaluated:
        return False


def _spans(run: Context, pattern: str, raw: bytes, count: int = -1) -> list[Any]:
    """The matches, at most `count`, as Go finds them: no empty one right after another."""
    found: list[Any] = []
    end = -1
    for match in compiled(pattern).finditer(raw):
        run.budget.step(4)
        if 0 <= count <= len(found):
            break
        if match.start() == match.end() == end:
            continue
        if match.start() == match.end() and match.start() < len(raw) and raw[match.start()] & 0xC0 == 0x80:
            continue
        end = match.end()
        found.append(match)
    return found


def _find(_run: Context, pattern: str, text: str) -> str:
    match = compiled(pattern).search(encoded(text))
    return "" if match is None else decoded(match.group())


def _find_all(run: Context, pattern: str, text: str, count: int) -> list[Any]:
    found = Texts(decoded(match.group()) for match in _spans(run, pattern, encoded(text), count))
    return found or NilList()


def _replaced(run: Context, pattern: str, text: str, new: str, *, literal: bool) -> str:
    raw, template = encoded(text), encoded(new)
    parts: list[bytes] = []
    place = 0
    for match in _spans(run, pattern, raw):
        parts.append(raw[place : match.start()])
        parts.append(template if literal else _filled(template, match))
        run.budget.write(len(parts[-1]))
        place = match.end()
    return decoded(b"".join([*parts, raw[place:]]))


def _filled(template: bytes, match: Any) -> bytes:
    names = match.re.groupindex

    def one(found: re.Match[bytes]) -> bytes:
        if found[0] == b"$$":
            return b"$"
        name = found[1] or found[2]
        plain = name.isdigit() and len(name) < 10 and (name == b"0" or not name.startswith(b"0"))
        number = int(name) if plain else names.get(name)
        if number is None or number > match.re.groups:
            return b""
        return match.group(number) or b""

    return _GROUP.sub(one, template) if b"$" in template else template


def _split(run: Context, pattern: str, text: str, count: int) -> list[Any]:
    if count == 0:
        compiled(pattern)
        return NilList()
    if pattern and not text:
        return Texts([""])
    raw = encoded(text)
    parts = Texts()
    start, end = 0, 0
    for match in _spans(run, pattern, raw, count):
        if 0 < count <= len(parts) + 1:
            break
        end = match.start()
        if match.end() != 0:
            parts.append(decoded(raw[start:end]))
        start = match.end()
    if end != len(raw):
        parts.append(decoded(raw[start:]))
    return parts


def escaped(text: str) -> str:
    """A text as the pattern that finds it."""
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", text)


FUNCTIONS: Final[tuple[tuple[str, str, Any], ...]] = (
    ("regexFind", "ss", _find), ("regexFindAll", "ssi", _find_all), ("regexSplit", "ssi", _split),
    ("regexReplaceAll", "sss", lambda run, pattern, text, new: _replaced(run, pattern, text, new, literal=False)),
    ("regexReplaceAllLiteral", "sss", lambda run, pattern, text, new: _replaced(run, pattern, text, new, literal=True)),
)  # fmt: skip
