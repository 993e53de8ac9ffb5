"""Cases, abbreviations and wrapping of texts, as the libraries under sprig do them."""

import re
from typing import Final

from pipeline.engine.language.expr.budget import Budget
from pipeline.engine.language.expr.values.texts import SPACES
from pipeline.engine.language.expr.values.values import bytes_of, decoded, encoded, size


def abbreviated(width: int, text: str) -> str:
    """At most `width` bytes, `...` at the end where some are left out."""
    if width < 4 or size(text) <= width:
        return text
    return bytes_of(text, 0, width - 3) + "..."


def abbreviated_both(left: int, right: int, text: str) -> str:
    """At most `right` bytes from place `left` on, with `...` where some are left out."""
    length = size(text)
    if right < 4 or (left > 0 and right < 7) or length <= right:
        return text
    offset = min(left, length)
    if length - offset < right - 3:
        offset = length - (right - 3)
    if offset <= 4:
        return bytes_of(text, 0, right - 3) + "..."
    if right < 7:
        return ""
    if offset + right - 3 < length:
        return "..." + abbreviated(right - 3, bytes_of(text, offset, length))
    return "..." + bytes_of(text, length - (right - 3), length)


def title(text: str) -> str:
    """Each word with a capital; what follows a letter, a digit or `_` starts none."""
    found, before = [], " "
    for letter in text:
        starts = not (before.isalnum() or before == "_") if before.isascii() else before.isspace()
        found.append(letter.upper() if starts and len(letter.upper()) == 1 else letter)
        before = letter
    return "".join(found)


def untitle(text: str) -> str:
    """Each word with a small first letter."""
    found, starts = [], True
    for letter in text:
        if letter in SPACES:
            starts = True
        elif starts:
            letter, starts = letter.lower() if len(letter.lower()) == 1 else letter, False  # noqa: PLW2901
        found.append(letter)
    return "".join(found)


def without_spaces(text: str) -> str:
    """Without spaces."""
    if text.isascii():
        return "".join(letter for letter in text if letter not in SPACES)
    raw = encoded(text)  # the library goes by bytes: each becomes a character where one is dropped
    kept = [byte for byte in raw if chr(byte) not in SPACES]
    return text if len(kept) == len(raw) else "".join(map(chr, kept))


def initials(text: str) -> str:
    """The first letter of each word; the library goes by bytes, each a character."""
    letters = encoded(text).decode("latin-1")
    return "".join(
        letter
        for place, letter in enumerate(letters)
        if letter not in SPACES and (place == 0 or letters[place - 1] in SPACES)
    )


def swapped(text: str) -> str:
    """Capitals small, small letters as capitals."""
    found = []
    for letter in text:
        other = letter.lower() if letter.isupper() or letter.istitle() else letter.upper()
        found.append(other if len(other) == 1 else letter)
    return "".join(found)


def camel(text: str) -> str:
    """`some_words` as `SomeWords`; connectors in front stay."""
    head = re.match(r"[-_\s]*", text)
    start = head.end() if head else 0
    if start == len(text):
        return text
    found = list(text[:start])
    shouting = text[start].isupper()
    before = text[start].upper()
    for letter in text[start + 1 :]:
        now = letter
        if _connects(now) and _connects(before):
            found.append(before)
            continue
        if _connects(before):
            shouting = now.isupper()
            now = now.upper()
        else:
            if shouting:
                if now.isupper():
                    now = now.lower()
                else:
                    shouting = False
            found.append(before)
        before = now
    return "".join([*found, before])


def _connects(letter: str) -> bool:
    return letter in "-_" or letter in SPACES


_PUNCTUATION: Final = frozenset("!\"#%&'()*,./:;?@[\\]{}")
_NUMBER, _UPPER, _LETTERS, _CONNECTOR, _PUNCT, _OTHER, _NONE = range(7)


def _kind(letter: str) -> int:
    if _connects(letter):
        return _CONNECTOR
    if letter in _PUNCTUATION:
        return _PUNCT
    if letter.isupper():
        return _UPPER
    if letter.isalpha():
        return _LETTERS
    return _NUMBER if letter.isnumeric() else _OTHER


def _next(text: str, start: int) -> tuple[int, int]:
    """The kind of the word that starts here, and where it ends."""
    if start >= len(text):
        return _NONE, start
    kind = _kind(text[start])
    end = start + 1
    if kind == _UPPER:
        if end < len(text) and text[end].isupper():
            while end < len(text) and text[end].isupper():
                end += 1
            if end < len(text) and text[end].isalpha():
                end -= 1
        else:
            while end < len(text) and _kind(text[end]) == _LETTERS:
                end += 1
        return kind, end
    while end < len(text) and _kind(text[end]) == kind:
        end += 1
    return kind, end


def joined(text: str, connector: str) -> str:
    """`SomeWords` as `some_words`."""
    found: list[str] = []

    def put(kind: int, start: int, end: int) -> None:
        word = text[start:end]
        if kind in (_UPPER, _CONNECTOR):
            word = "".join(connector if _connects(letter) else letter.lower() for letter in word)
        found.append(word)

    def run(kind: int, start: int, end: int) -> tuple[int, int, int]:
        while kind in (_LETTERS, _NUMBER):
            put(kind, start, end)
            start = end
            kind, end = _next(text, start)
        return kind, start, end

    start = 0
    kind, end = _next(text, 0)
    while end < len(text):
        if kind != _CONNECTOR:
            put(kind, start, end)
        before, last = kind, (start, end)
        start = end
        kind, end = _next(text, start)
        if before == _NUMBER:
            kind, start, end = run(kind, start, end)
            if kind not in (_NONE, _PUNCT, _CONNECTOR):
                found.append(connector)
        elif before == _CONNECTOR:
            put(before, *last)
        elif before != _PUNCT:
            if kind != _NUMBER:
                if kind not in (_CONNECTOR, _PUNCT):
                    found.append(connector)
                continue
            if end >= len(text):
                continue
            number = (start, end)
            start = end
            kind, end = _next(text, start)
            if kind != _LETTERS:
                put(_NUMBER, *number)
                if kind not in (_CONNECTOR, _PUNCT):
                    found.append(connector)
                continue
            found.append(connector)
            put(_NUMBER, *number)
            kind, start, end = run(kind, start, end)
            if kind not in (_NONE, _PUNCT, _CONNECTOR):
                found.append(connector)
    put(kind, start, end)
    return "".join(found)


def wrapped(budget: Budget, text: str, width: int, newline: str, *, long_words: bool) -> str:
    """Lines of at most `width` bytes; longer words are cut where `long_words`."""
    raw, mark, width = encoded(text), encoded(newline or "\n"), max(width, 1)
    parts: list[bytes] = []
    place = 0
    while len(raw) - place > width:
        budget.step()
        budget.write(len(mark))
        if raw[place : place + 1] == b" ":
            place += 1
            continue
        space = raw.rfind(b" ", place, place + width + 1)
        if space < 0 and long_words:
            parts += [raw[place : place + width], mark]
            place += width
            continue
        if space < 0:
            space = raw.find(b" ", place + width)
        if space < 0:
            parts.append(raw[place:])
            place = len(raw)
        else:
            parts += [raw[place:space], mark]
            place = space + 1
    return decoded(b"".join([*parts, raw[place:]]))
