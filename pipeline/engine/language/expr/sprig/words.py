"""Upper and lower case, abbreviations and line wrapping, as the libraries below sprig do them."""

import re
from typing import Final

from pipeline.engine.language.expr.budget import Budget
from pipeline.engine.language.expr.values.texts import SPACES
from pipeline.engine.language.expr.values.values import bytes_of, decoded, encoded, size


def abbreviated(width: int, text: str) -> str:
    """At most `width` bytes, with `...` at the end if some are left out."""
    if width < 4 or size(text) <= width:
        return text
    return bytes_of(text, 0, width - 3) + "..."


def abbreviated_both(left: int, right: int, text: str) -> str:
    """At most `right` bytes from offset `left` on, with `...` wherever some are left out."""
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
    """Each word with a capital; no word starts right after a letter, a digit or `_`."""
    found, before = [], " "
    for letter in text:
        starts = not (before.isalnum() or before == "_") if before.isascii() else before.isspace()
        found.append(letter.upper() if starts and len(letter.upper()) == 1 else letter)
        before = letter
    return "".join(found)


def untitle(text: str) -> str:
    """Each word with its first letter in lower case."""
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
    raw = encoded(text)  # the library goes by bytes: if it drops one, each other becomes a character
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
    """Upper case as lower, lower case as upper."""
    found = []
    for letter in text:
        other = letter.lower() if letter.isupper() or letter.istitle() else letter.upper()
        found.append(other if len(other) == 1 else letter)
    return "".join(found)


def camel(text: str) -> str:
    """`some_words` as `SomeWords`; leading connectors stay."""
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


def _word(text: str, start: int) -> tuple[int, int]:
    """The kind of the word that starts here, and where it ends."""
    if start >= len(text):
        return _NONE, start
    kind, end = _kind(text[start]), start + 1
    if kind != _UPPER:
        return kind, _end(text, end, kind)
    capitals = _end(text, end, _UPPER)
    if capitals == end:
        return kind, _end(text, end, _LETTERS)
    return kind, capitals - 1 if text[capitals : capitals + 1].isalpha() else capitals


def _end(text: str, start: int, kind: int) -> int:
    """Where the letters of a kind end."""
    return next((place for place in range(start, len(text)) if _kind(text[place]) != kind), len(text))


class _Delimiter:
    """The words of a text one after the other, in small letters and with connectors between them."""

    def __init__(self, text: str, connector: str) -> None:
        self.text, self.connector = text, connector
        self.found: list[str] = []
        self.start = 0
        self.kind, self.end = _word(text, 0)

    @property
    def word(self) -> str:
        return self.text[self.start : self.end]

    @property
    def is_last(self) -> bool:
        return self.end >= len(self.text)

    def advance(self) -> None:
        self.start = self.end
        self.kind, self.end = _word(self.text, self.start)

    def write(self, kind: int, word: str) -> None:
        if kind in (_UPPER, _CONNECTOR):
            word = "".join(self.connector if _connects(letter) else letter.lower() for letter in word)
        self.found.append(word)

    def separate(self) -> None:
        if self.kind not in (_NONE, _PUNCT, _CONNECTOR):
            self.found.append(self.connector)

    def write_letters_and_numbers(self) -> None:
        while self.kind in (_LETTERS, _NUMBER):
            self.write(self.kind, self.word)
            self.advance()
        self.separate()

    def write_number_after_word(self) -> None:
        """It belongs to the word (`Bld4Floor`: `bld4_floor`), unless small letters follow (`HTTP2xx`: `http_2xx`)."""
        number = self.word
        self.advance()
        if self.kind != _LETTERS:
            self.write(_NUMBER, number)
            self.separate()
        else:
            self.found.append(self.connector)
            self.write(_NUMBER, number)
            self.write_letters_and_numbers()


def delimited(text: str, connector: str) -> str:
    """`SomeWords` as `some_words`."""
    words = _Delimiter(text, connector)
    while not words.is_last:
        kind = words.kind
        words.write(kind, words.word)
        words.advance()
        if kind == _NUMBER:
            words.write_letters_and_numbers()
        elif kind in (_UPPER, _LETTERS, _OTHER):
            if words.kind != _NUMBER:
                words.separate()
            elif not words.is_last:
                words.write_number_after_word()
    words.write(words.kind, words.word)
    return "".join(words.found)


def wrapped(budget: Budget, text: str, width: int, newline: str, *, long_words: bool) -> str:
    """Lines of at most `width` bytes; longer words are cut if `long_words`."""
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
