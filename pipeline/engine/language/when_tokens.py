"""The tokens of a `when`, as govaluate splits it: a quoted text that looks like a date is one, a bare word is a text,
`[…]` is a text with anything in it. https://github.com/Knetic/govaluate/blob/master/MANUAL.md"""

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from pipeline.engine.language.grammar import NotParsed


class Token(NamedTuple):
    """`kind`: one of govaluate's; `value`: that of a number, text or boolean; otherwise the symbol."""

    kind: str
    value: Any


_SYMBOLS: Final = {
    **dict.fromkeys(("+", "-", "*", "/", "%", "**", "&", "|", "^", ">>", "<<"), "MODIFIER"),
    **dict.fromkeys(("&&", "||"), "LOGICALOP"),
    **dict.fromkeys(("==", "!=", ">", ">=", "<", "<=", "=~", "!~"), "COMPARATOR"),
    **dict.fromkeys(("?", ":", "??"), "TERNARY"),
}
_VALUES: Final = ("NUMERIC", "BOOLEAN", "VARIABLE", "ACCESSOR")
_AFTER_VALUE: Final = frozenset(("MODIFIER", "COMPARATOR", "LOGICALOP", "CLAUSE_CLOSE", "TERNARY", "SEPARATOR"))
_BEGIN: Final = frozenset(("PREFIX", *_VALUES, "PATTERN", "STRING", "TIME", "CLAUSE"))
# Which kind may follow which.
_FOLLOWS: Final = {
    "": _BEGIN,
    "CLAUSE": _BEGIN | {"CLAUSE_CLOSE"},
    "CLAUSE_CLOSE": _AFTER_VALUE | {"NUMERIC", "BOOLEAN", "VARIABLE", "STRING", "PATTERN", "TIME", "CLAUSE"},
    **dict.fromkeys(("NUMERIC", "BOOLEAN", "STRING", "VARIABLE"), _AFTER_VALUE),
    **dict.fromkeys(("TIME", "PATTERN"), _AFTER_VALUE - {"TERNARY"}),
    "ACCESSOR": _AFTER_VALUE | {"CLAUSE"},
    "MODIFIER": frozenset(("PREFIX", *_VALUES, "STRING", "CLAUSE", "CLAUSE_CLOSE")),
    "COMPARATOR": _BEGIN | {"CLAUSE_CLOSE"},
    "LOGICALOP": (_BEGIN | {"CLAUSE_CLOSE"}) - {"PATTERN"},
    "PREFIX": frozenset((*_VALUES, "CLAUSE", "CLAUSE_CLOSE")),
    "TERNARY": (_BEGIN | {"SEPARATOR"}) - {"PATTERN"},
    "SEPARATOR": _BEGIN - {"PATTERN"},
}
_LAST: Final = frozenset(("CLAUSE_CLOSE", *_VALUES, "STRING", "TIME", "PATTERN"))
_DATE: Final = re.compile(r"\d:\d\d|\d{4}-\d\d-\d\d")
_DATES: Final = (
    "Mon Jan _2 15:04:05 2006", "Mon Jan _2 15:04:05 MST 2006", "Mon Jan 02 15:04:05 -0700 2006", "3:04PM",
    "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05.999999999Z07:00", "2006-01-02", "2006-01-02 15:04",
    "2006-01-02 15:04:05", "2006-01-02 15:04:05-07:00", "2006-01-02T15Z0700", "2006-01-02T15:04Z0700",
    "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05.999999999Z0700",
)  # fmt: skip


def tokens(text: str) -> list[Token]:
    """The tokens of a condition, bare words as texts.

    Raises:
        NotParsed: they make no condition.
    """
    found = _cut(text)
    if sum((token.kind == "CLAUSE") - (token.kind == "CLAUSE_CLOSE") for token in found):
        raise NotParsed("Unbalanced parenthesis")
    _check(found)
    # The controller parses twice: once with its own patterns and bare words, once with the words as texts.
    words = [Token("STRING", token.value) if token.kind == "VARIABLE" else token for token in _patterns(found)]
    _check(words)
    return _patterns(words)


def bare_words(text: str) -> list[str]:
    """Its words without quotes: texts in the `when` of a task, unknown in that of a CronWorkflow.

    Raises:
        NotParsed: it is not a condition.
    """
    return [str(token.value) for token in _cut(text) if token.kind == "VARIABLE"]


def _cut(text: str) -> list[Token]:
    reader = _Reader(text)
    found: list[Token] = []
    while (token := reader.token(found[-1].kind if found else "")) is not None:
        found.append(token)
    return found


def _patterns(found: list[Token]) -> list[Token]:
    """The same, with patterns after `=~`."""
    after = [False, *(token.kind == "COMPARATOR" and token.value in ("=~", "!~") for token in found)]
    return [
        Token("PATTERN", token.value) if matched and token.kind == "STRING" else token
        for token, matched in zip(found, after, strict=False)
    ]


def _check(found: list[Token]) -> None:
    before = Token("", None)
    for token in found:
        if token.kind not in _FOLLOWS[before.kind]:
            if before.kind == "VARIABLE" and token.kind == "CLAUSE":
                raise NotParsed(f"Undefined function {before.value}")
            raise NotParsed(
                f"Cannot transition token types from {before.kind or 'UNKNOWN'} [{before.value}] to "
                f"{token.kind} [{token.value}]"
            )
        before = token
    if before.kind not in _LAST:
        raise NotParsed("Unexpected end of expression")


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def token(self, before: str) -> Token | None:  # noqa: PLR0911 - one for each kind of token
        """The next token; None at the end."""
        while self.position < len(self.text) and self.text[self.position].isspace():
            self.position += 1
        if self.position >= len(self.text):
            return None
        letter = self.text[self.position]
        if letter.isdigit() or letter == ".":
            return self.number()
        self.position += 1
        match letter:
            case ",":
                return Token("SEPARATOR", letter)
            case "(":
                return Token("CLAUSE", letter)
            case ")":
                return Token("CLAUSE_CLOSE", letter)
            case "[":
                return Token("VARIABLE", self.enclosed("]", "Unclosed parameter bracket"))
            case "'" | '"':
                return _text(self.enclosed("'\"", "Unclosed string literal"))
        self.position -= 1
        return self.word() if letter.isalpha() else self.symbol(before)

    def run(self, belongs: Callable[[str], bool]) -> str:
        """Characters that belong together, up to a space; a backslash takes the next one as it is."""
        found = []
        while self.position < len(self.text):
            letter = self.text[self.position]
            self.position += 1
            if letter == "\\":
                found.append(self.escaped())
            elif letter.isspace():
                break
            elif belongs(letter):
                found.append(letter)
            else:
                self.position -= 1
                break
        return "".join(found)

    def escaped(self) -> str:
        if self.position >= len(self.text):
            raise NotParsed("nothing follows the last backslash")
        self.position += 1
        return self.text[self.position - 1]

    def enclosed(self, ends: str, problem: str) -> str:
        found = []
        while self.position < len(self.text):
            letter = self.text[self.position]
            self.position += 1
            if letter == "\\":
                found.append(self.escaped())
            elif letter in ends:
                return "".join(found)
            else:
                found.append(letter)
        raise NotParsed(problem)

    def number(self) -> Token:
        if self.text.startswith("0x", self.position) and self.position + 2 < len(self.text):
            self.position += 2
            digits = self.run(lambda letter: letter.lower() in "0123456789abcdef")
            if not digits or len(digits) > 16:
                raise NotParsed(f"Unable to parse hex value '{digits}' to uint64")
            return Token("NUMERIC", float(int(digits, 16)))
        digits = self.run(lambda letter: letter.isdigit() or letter == ".")
        try:
            if not digits.isascii():
                raise ValueError
            return Token("NUMERIC", float(digits))
        except ValueError:
            raise NotParsed(f"Unable to parse numeric value '{digits}' to float64") from None

    def word(self) -> Token:
        word = self.run(lambda letter: letter.isalnum() or letter in "_.")
        if word in ("true", "false"):
            return Token("BOOLEAN", word == "true")
        if word in ("in", "IN"):
            return Token("COMPARATOR", "in")
        if word.find(".") > 0:
            if word.endswith("."):
                raise NotParsed(f"Hanging accessor on token '{word}'")
            for part in word.split(".")[1:]:
                if part[:1].upper() != part[:1]:
                    raise NotParsed(f"Unable to access unexported field '{part}' in token '{word}'")
            return Token("ACCESSOR", word)
        return Token("VARIABLE", word)

    def symbol(self, before: str) -> Token:
        symbol = self.run(lambda letter: not (letter.isalnum() or letter in "()[]'\""))
        if symbol in ("-", "!", "~") and "PREFIX" in _FOLLOWS[before]:
            return Token("PREFIX", symbol)
        if symbol not in _SYMBOLS:
            raise NotParsed(f"Invalid token: '{symbol}'")
        return Token(_SYMBOLS[symbol], symbol)


def _text(text: str) -> Token:
    if _DATE.search(text) is not None:
        from pipeline.engine.language.expr.errors import NotEvaluated  # noqa: PLC0415
        from pipeline.engine.language.expr.gotime.dates import read  # noqa: PLC0415 - only a date needs them

        for layout in _DATES:
            try:
                return Token("TIME", float(read(layout, text).seconds))
            except NotEvaluated:
                continue
    return Token("STRING", text)
