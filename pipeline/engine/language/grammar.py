"""A small Pratt parser, for `depends`. The language brings its tokens and the strength of its operators, and evaluates
the tree itself. (`when` and expressions have their own: their tokens depend on what stands before.)"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal


class NotParsed(Exception):
    """The text is not an expression of the language; the message says where."""


@dataclass(frozen=True, eq=False)
class Node:
    """One node of a tree: a `name` with its text, or an operator (`unary`, `binary`) with its symbol."""

    kind: Literal["name", "unary", "binary"]
    value: str
    parts: tuple["Node", ...] = ()


@dataclass(frozen=True, eq=False)
class Language:
    """Tokens, by named groups `name` and `operator`; how strongly each operator binds."""

    tokens: re.Pattern[str]
    binary: Mapping[str, int]
    unary: frozenset[str]

    def parse(self, text: str) -> Node:
        """The tree of `text`.

        Raises:
            NotParsed: `text` is not of this language.
        """
        parser = _Parser(self, _tokens(self, text))
        tree = parser.expression(0)
        parser.end()
        return tree


_Token = tuple[str, str, int]  # kind, text, column
_CHAINED = ("&&", "||")  # one node for a whole chain: a thousand dependencies make no deep tree
MAX_DEPTH = 60


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
        found.append((match.lastgroup, match.group(), position + 1))
        position = match.end()
    return found


class _Parser:
    def __init__(self, language: Language, tokens: Sequence[_Token]) -> None:
        self.language = language
        self.tokens = tokens
        self.position = 0
        self.depth = 0

    def peek(self) -> str:
        """The coming operator; empty where none comes."""
        if self.position < len(self.tokens) and self.tokens[self.position][0] == "operator":
            return self.tokens[self.position][1]
        return ""

    def place(self) -> str:
        if self.position >= len(self.tokens):
            return "at the end"
        return f"before {self.tokens[self.position][1]!r} at column {self.tokens[self.position][2]}"

    def end(self) -> None:
        if self.position < len(self.tokens):
            raise NotParsed(f"wanted an operator {self.place()}")

    def expression(self, strength: int) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise NotParsed(f"it is nested deeper than {MAX_DEPTH}")
        left = self.operand()
        while (binds := self.language.binary.get(symbol := self.peek(), 0)) > strength:
            self.position += 1
            right = self.expression(binds)
            chained = symbol in _CHAINED and left.kind == "binary" and left.value == symbol
            left = Node("binary", symbol, (*(left.parts if chained else (left,)), right))
        self.depth -= 1
        return left

    def operand(self) -> Node:
        if self.position >= len(self.tokens):
            raise NotParsed("wanted a value at the end")
        kind, text, _ = self.tokens[self.position]
        if text in self.language.unary:
            self.position += 1
            return Node("unary", text, (self.expression(max(self.language.binary.values())),))
        if text == "(":
            self.position += 1
            inner = self.expression(0)
            if self.peek() != ")":
                raise NotParsed(f"wanted ')' {self.place()}")
            self.position += 1
            return inner
        if kind != "name":
            raise NotParsed(f"wanted a value {self.place()}")
        self.position += 1
        return Node("name", text)
