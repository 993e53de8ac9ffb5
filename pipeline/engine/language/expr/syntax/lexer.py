"""The tokens of an expression, as expr-lang splits it. https://expr-lang.org/docs/language-definition"""

import re
from typing import Final, NamedTuple

from pipeline.engine.language.expr.errors import NotParsed


class Token(NamedTuple):
    """`kind`: Identifier, Number, String, Operator, Bracket or EOF; `column`: where it starts, from 0."""

    kind: str
    value: str
    column: int

    def __str__(self) -> str:
        return f'{self.kind}("{self.value}")' if self.value else self.kind


_WORDS: Final = frozenset(
    ("not", "in", "or", "and", "matches", "contains", "startsWith", "endsWith", "let", "if", "else")
)
_NAME: Final = r"[^\W\d]|[$_]"
_TOKEN: Final = re.compile(
    rf"""
    (?P<space>[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|//[^\n]*|/\*(?s:.*?)\*/)
    |(?P<text>'(?:[^'\\\n]|\\[^\n])*'|"(?:[^"\\\n]|\\[^\n])*")
    |`(?P<raw>(?:[^`]|``)*)`
    |(?P<number>(?:0[xX][0-9a-fA-F_]*|0[oO][0-7_]*|0[bB][01_]*|[0-9][0-9_]*)
        (?:\.(?!\.)[0-9_]*)?(?:[eE][+-]?[0-9_]*)?
        |\.[0-9][0-9_]*(?:\.(?!\.)[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)
    |(?P<bracket>[()\[\]{{}}])
    |(?P<operator>\?[.?]?|\|\|?|::?|\.\.?|[&!=*<>][&=*]?|[,;%+\-^/])
    |\#(?P<pointer>\#?[\w$]*)
    |(?P<name>(?:{_NAME})(?:\w|[$_])*)
    """,
    re.VERBOSE,
)
_ESCAPE: Final = re.compile(
    r"\\(?:(?P<plain>[abfnrtv\\'\"])|(?P<octal>[0-3][0-7]{2})"
    r"|x(?P<hex>[0-9a-fA-F]{2})|u(?P<four>[0-9a-fA-F]{4})|u\{(?P<braced>[0-9a-fA-F]{1,6})\}|U(?P<eight>[0-9a-fA-F]{8})"
    r"|(?P<bad>))",
    re.DOTALL,
)
_PLAIN: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def tokens(text: str) -> list[Token]:
    """The tokens of `text`, EOF last.

    Raises:
        NotParsed: a character, a number or a literal is not of the language.
    """
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise NotParsed(_problem(text, position), text, position)
        found.extend(_tokens_of(match, text))
        position = match.end()
    found.append(Token("EOF", "", max(len(text) - 1, 0)))
    return found


def _tokens_of(match: re.Match[str], text: str) -> list[Token]:
    """None for a space, two for a pointer with a name, otherwise one."""
    start, end = match.span()
    kind = match.lastgroup or "space"
    value = match[kind]
    match kind:
        case "name":
            return [Token("Operator" if value in _WORDS else "Identifier", value, start)]
        case "operator" | "bracket":
            return [Token(kind.capitalize(), value, start)]
        case "number":
            if text[end : end + 1].isalnum() or text[end : end + 1] in ("_", "$"):
                raise NotParsed(f'bad number syntax: "{text[start : end + 1]}"', text, end)
            return [Token("Number", value, start)]
        case "text" | "raw":
            literal = _unescaped(value, text, start) if kind == "text" else value.replace("``", "`")
            return [Token("String", literal, start)]
        case "pointer":
            pointer = Token("Operator", "##" if value.startswith("#") else "#", start)
            return [pointer, Token("Identifier", value.lstrip("#"), start + 1)] if value.strip("#") else [pointer]
    return []


def _problem(text: str, position: int) -> str:
    if text[position] in "'\"`":
        return "literal not terminated"
    if text.startswith("/*", position):
        return "unclosed comment"
    return f"unrecognized character: U+{ord(text[position]):04X} '{text[position]}'"


def _unescaped(literal: str, text: str, position: int) -> str:
    quote, body = literal[0], literal[1:-1].replace("\r\n", "\n").replace("\r", "\n")
    if "\\" not in body:
        return body

    def one(match: re.Match[str]) -> str:
        kind = match.lastgroup
        value = match.group(kind or 0)
        if kind == "plain":
            if value in "'\"" and value != quote:
                raise NotParsed("invalid char escape", text, position)
            return _PLAIN.get(value, value)
        if kind == "bad":
            raise NotParsed("invalid char escape", text, position)
        code = int(value, 8 if kind == "octal" else 16)
        if code > 0x10FFFF:
            raise NotParsed("unable to unescape string", text, position)
        return "�" if 0xD800 <= code < 0xE000 else chr(code)

    return _ESCAPE.sub(one, body)
