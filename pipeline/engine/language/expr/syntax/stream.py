"""The tokens of an expression as a parser reads them, and the bounds of its tree."""

from pipeline.engine.language.expr.errors import NotParsed
from pipeline.engine.language.expr.syntax.lexer import Token, tokens
from pipeline.engine.language.expr.syntax.tree import MAX_DEPTH, MAX_NODES, Node


class Stream:
    """Where a parser is."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.position = 0
        self.current = self.tokens[0]
        self.nodes = 0
        self.depth = 0
        self.predicates = 0  # how many predicates we are in

    def next(self) -> Token:
        passed = self.current
        if self.position + 1 < len(self.tokens):
            self.position += 1
        self.current = self.tokens[self.position]
        return passed

    def at(self, kind: str, *values: str) -> bool:
        return self.current.kind == kind and (not values or self.current.value in values)

    def expect(self, kind: str, *values: str) -> Token:
        if not self.at(kind, *values):
            raise self.unexpected()
        return self.next()

    def error(self, problem: str) -> NotParsed:
        return NotParsed(problem, self.text, self.current.column)

    def unexpected(self) -> NotParsed:
        return self.error(f"unexpected token {self.current}")

    def node(self, kind: str, value: object, *parts: Node | None, column: int) -> Node:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise self.error("compilation failed: expression exceeds maximum allowed nodes")
        return Node(kind, value, parts, column)

    def deeper(self) -> None:
        """Go one level down.

        Raises:
            NotParsed: that is too deep.
        """
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(f"the expression is nested deeper than {MAX_DEPTH}")
