"""The grammar of `depends`: names, `&&`, `||`, `!` and brackets, by a small Pratt parser. (`when` and expressions have
their own parsers: their tokens depend on what stands before them.)"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

MAX_DEPTH: Final = 60
_TOKENS: Final = re.compile(r"(?P<name>[A-Za-z0-9][-A-Za-z0-9]*(?:\.[A-Z][A-Za-z]+)?)|(?P<operator>&&|\|\||[!()])")
_STRENGTH: Final = {"||": 1, "&&": 2}


class NotParsed(Exception):
    """The text is not of the language; the message says where."""


@dataclass(frozen=True, eq=False)
class Node:
    """One node of a tree: a `name` with its text, or an operator (`unary`, `binary`) with its symbol."""

    kind: Literal["name", "unary", "binary"]
    value: str
    parts: tuple["Node", ...] = ()


def parse(text: str) -> Node:
    """The tree of a `depends`.

    Raises:
        NotParsed: it is not one.
    """
    parser = _Parser(_tokens(text))
    tree = parser.expression(0)
    parser.end()
    return tree


_Token = tuple[str, str, int]  # kind, text, column


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        match = _TOKENS.match(text, position)
        if match is None or match.lastgroup is None:
            raise NotParsed(f"invalid token {text[position]!r} at column {position + 1}")
        found.append((match.lastgroup, match.group(), position + 1))
        position = match.end()
    return found


class _Parser:
    def __init__(self, tokens: Sequence[_Token]) -> None:
        self.tokens = tokens
        self.position = 0
        self.depth = 0

    def peek(self) -> str:
        """The coming operator; empty if none comes."""
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
        while (binds := _STRENGTH.get(symbol := self.peek(), 0)) > strength:
            self.position += 1
            right = self.expression(binds)
            chained = left.kind == "binary" and left.value == symbol  # a thousand dependencies make no deep tree
            left = Node("binary", symbol, (*(left.parts if chained else (left,)), right))
        self.depth -= 1
        return left

    def operand(self) -> Node:
        if self.position >= len(self.tokens):
            raise NotParsed("wanted a value at the end")
        kind, text, _ = self.tokens[self.position]
        if text not in ("!", "(") and kind != "name":
            raise NotParsed(f"wanted a value {self.place()}")
        self.position += 1
        if text == "!":
            return Node("unary", text, (self.expression(max(_STRENGTH.values())),))
        if text == "(":
            inner = self.expression(0)
            if self.peek() != ")":
                raise NotParsed(f"wanted ')' {self.place()}")
            self.position += 1
            return inner
        return Node("name", text)
