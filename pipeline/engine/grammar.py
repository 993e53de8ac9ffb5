"""A small Pratt parser for Argo's three little languages: `when`, `depends` and retry expressions.

Each language brings its tokens and the strength of its operators, and evaluates the tree itself. There is no library
for the first (govaluate's dialect), and the others share what it needs.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal


class NotParsed(Exception):
    """The text is not an expression of the language; the message says where."""


@dataclass(frozen=True, eq=False)
class Node:
    """One node of a tree: a `name`, `text` or `number` with its text, an operator (`unary`, `binary`) with its symbol,
    a `list` of entries, a `call` of a function, a `choice` (condition ? one : other)."""

    kind: Literal["name", "text", "number", "unary", "binary", "list", "call", "choice"]
    value: str
    parts: tuple["Node", ...] = ()


@dataclass(frozen=True, eq=False)
class Language:
    """Tokens, by named groups `name`, `text` (also `text2`), `number`, `operator`; how strongly each operator binds.

    `brackets`: what encloses a list.
    """

    tokens: re.Pattern[str]
    binary: Mapping[str, int]
    unary: frozenset[str]
    brackets: tuple[str, str]
    right: frozenset[str] = frozenset()

    def parse(self, text: str) -> Node:
        """The tree of `text`.

        Raises:
            NotParsed: `text` is not of this language.
        """
        parser = _Parser(self, _tokens(self, text), text)
        tree = parser.expression(0)
        parser.end()
        return tree


_Token = tuple[str, str, int]  # kind, text, column
_CHAINED = ("&&", "||", "and", "or")  # one node for a whole chain: a thousand dependencies make no deep tree


def _tokens(language: Language, text: str) -> list[_Token]:
    found: list[_Token] = []
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        match = language.tokens.match(text, position)
        if match is None or match.lastgroup is None:
            raise NotParsed(f"invalid token {text[position]!r} at column {position + 1}")
        kind, token = match.lastgroup.rstrip("2"), match.group(match.lastgroup)
        found.append((kind, " ".join(token.split()) if kind == "operator" else token, position + 1))
        position = match.end()
    return found


class _Parser:
    def __init__(self, language: Language, tokens: Sequence[_Token], text: str) -> None:
        self.language = language
        self.tokens = tokens
        self.position = 0
        self.text = text

    def peek(self) -> str:
        """The coming operator; empty where none comes."""
        if self.position < len(self.tokens) and self.tokens[self.position][0] == "operator":
            return self.tokens[self.position][1]
        return ""

    def expect(self, symbol: str) -> None:
        if self.peek() != symbol:
            raise NotParsed(f"wanted {symbol!r} {self.place()}")
        self.position += 1

    def place(self) -> str:
        if self.position >= len(self.tokens):
            return "at the end"
        return f"before {self.tokens[self.position][1]!r} at column {self.tokens[self.position][2]}"

    def end(self) -> None:
        if self.position < len(self.tokens):
            raise NotParsed(f"wanted an operator {self.place()}")

    def expression(self, strength: int) -> Node:
        left = self.operand()
        while True:
            symbol = self.peek()
            if symbol == "?" and strength == 0:
                self.position += 1
                one = self.expression(0)
                self.expect(":")
                left = Node("choice", "?", (left, one, self.expression(0)))
                continue
            binds = self.language.binary.get(symbol, 0)
            if binds <= strength:
                return left
            self.position += 1
            right = self.expression(binds - 1 if symbol in self.language.right else binds)
            chained = symbol in _CHAINED and left.kind == "binary" and left.value == symbol
            left = Node("binary", symbol, (*(left.parts if chained else (left,)), right))

    def operand(self) -> Node:
        if self.position >= len(self.tokens):
            raise NotParsed("wanted a value at the end")
        kind, text, _ = self.tokens[self.position]
        symbol = self.peek()
        opening, closing = self.language.brackets
        if symbol in self.language.unary:
            self.position += 1
            return Node("unary", symbol, (self.expression(max(self.language.binary.values())),))
        if symbol and symbol == opening and opening != "(":
            self.position += 1
            return Node("list", "", self.entries(closing))
        if symbol == "(":
            self.position += 1
            entries = self.entries(")")
            if len(entries) == 1:
                return entries[0]
            if opening != "(" or not entries:
                raise NotParsed(f"wanted one value in the brackets {self.place()}")
            return Node("list", "", entries)
        if kind not in ("name", "text", "number"):
            raise NotParsed(f"wanted a value {self.place()}")
        self.position += 1
        if kind == "name" and self.peek() == "(":
            self.position += 1
            return Node("call", text, self.entries(")"))
        return Node(kind, text)  # type: ignore[arg-type]  # one of the three above

    def entries(self, closing: str) -> tuple[Node, ...]:
        found: list[Node] = []
        while self.peek() != closing:
            if found:
                self.expect(",")
            found.append(self.expression(0))
        self.position += 1
        return tuple(found)
