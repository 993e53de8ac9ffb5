"""The grammar of expr-lang 1.17, as in Argo 3.7. https://expr-lang.org/docs/language-definition

A Pratt parser: each operator binds with its strength.
"""

import math
from functools import lru_cache
from typing import Final

from pipeline.engine.language.expr.errors import NotParsed
from pipeline.engine.language.expr.syntax.lexer import Token
from pipeline.engine.language.expr.syntax.signatures import BUILTINS, PREDICATES
from pipeline.engine.language.expr.syntax.stream import Stream
from pipeline.engine.language.expr.syntax.tree import MAX_DEPTH, MAX_LENGTH, Node

_BINARY: Final = {
    "|": 0, "or": 10, "||": 10, "and": 15, "&&": 15, "==": 20, "!=": 20, "<": 20, ">": 20, ">=": 20, "<=": 20,
    "in": 20, "matches": 20, "contains": 20, "startsWith": 20, "endsWith": 20, "..": 25, "+": 30, "-": 30,
    "*": 60, "/": 60, "%": 60, "**": 100, "^": 100, "??": 500,
}  # fmt: skip
_UNARY: Final = {"not": 50, "!": 50, "-": 90, "+": 90}
_RIGHT: Final = frozenset(("**", "^"))
_COMPARISONS: Final = frozenset(("<", ">", ">=", "<="))
_NEGATED: Final = frozenset(("contains", "matches", "startsWith", "endsWith", "in"))
_SPELT: Final = {"or": "||", "and": "&&", "not": "!", "^": "**"}


@lru_cache(maxsize=1024)
def parse(text: str) -> Node:
    """The tree of an expression.

    Raises:
        NotParsed: it is not one, or exceeds a stated bound.
    """
    if len(text) > MAX_LENGTH:
        raise NotParsed(f"the expression has {len(text)} characters; at most {MAX_LENGTH} are parsed", text)
    parser = _Parser(text)
    tree = parser.sequence()
    if parser.current.kind != "EOF":
        raise parser.unexpected()
    return tree


class _Parser(Stream):
    def sequence(self) -> Node:
        found = [self.expression(0)]
        while self.at("Operator", ";"):
            self.next()
            if self.at("EOF"):
                break
            found.append(self.expression(0))
        return found[0] if len(found) == 1 else self.node("sequence", None, *found, column=found[0].column)

    def expression(self, strength: int) -> Node:
        self.deeper()
        if strength == 0 and self.at("Operator", "let"):
            found = self.declaration()
        elif strength == 0 and self.at("Operator", "if"):
            found = self.conditional_if()
        else:
            found = self.operators(self.primary(), strength)
            if strength == 0:
                found = self.conditional(found)
        self.depth -= 1
        return found

    def operators(self, left: Node, strength: int) -> Node:
        before = ""
        while self.at("Operator"):
            operator = self.current
            negated = operator.value == "not"
            if negated:
                following = self.tokens[self.position + 1]
                if following.kind != "Operator" or following.value not in _NEGATED:
                    self.next()
                    raise self.unexpected()
                if _BINARY[following.value] < strength:
                    break
                self.next()
                operator = following
            binds = _BINARY.get(operator.value, -1)
            if binds < strength:
                break
            self.next()
            if operator.value == "|":
                left = self.call(self.expect("Identifier"), (left,))
            elif before == "??" and operator.value != "??":
                raise NotParsed(
                    f"Operator ({operator.value}) and coalesce expressions (??) cannot be mixed. "
                    "Wrap either by parentheses.", self.text, operator.column,
                )  # fmt: skip
            elif operator.value in _COMPARISONS:
                left = self.comparisons(left, operator, binds)
            else:
                right = self.expression(binds if operator.value in _RIGHT else binds + 1)
                left = self.binary(operator, left, right)
                if negated:
                    left = self.node("unary", "!", left, column=operator.column)
            before = operator.value
        return left

    def binary(self, operator: Token, left: Node, right: Node) -> Node:
        symbol = _SPELT.get(operator.value, operator.value)
        chained = symbol in ("&&", "||") and left.kind == "binary" and left.value == symbol
        parts = left.parts if chained else (left,)  # so that a thousand conditions make no deep tree
        return self.node("binary", symbol, *parts, right, column=operator.column)

    def comparisons(self, left: Node, operator: Token, binds: int) -> Node:
        """`1 < x < 3` is `1 < x && x < 3`."""
        whole: Node | None = None
        while True:
            right = self.expression(binds + 1)
            one = self.binary(operator, left, right)
            whole = one if whole is None else self.node("binary", "&&", whole, one, column=operator.column)
            if not self.at("Operator", *_COMPARISONS):
                return whole
            left, operator = right, self.next()

    def declaration(self) -> Node:
        self.next()
        name = self.expect("Identifier")
        self.expect("Operator", "=")
        value = self.expression(0)
        self.expect("Operator", ";")
        return self.node("let", name.value, value, self.sequence(), column=name.column)

    def conditional_if(self) -> Node:
        column = self.next().column
        condition = self.expression(0)
        one = self.block()
        self.expect("Operator", "else")
        if self.at("Operator", "if"):
            self.deeper()
            other = self.conditional_if()
            self.depth -= 1
        else:
            other = self.block()
        return self.node("choice", None, condition, one, other, column=column)

    def block(self) -> Node:
        self.expect("Bracket", "{")
        found = self.sequence()
        self.expect("Bracket", "}")
        return found

    def conditional(self, condition: Node) -> Node:
        while self.at("Operator", "?"):
            column = self.next().column
            if self.at("Operator", ":"):
                self.next()
                one = condition
            else:
                one = self.expression(0)
                self.expect("Operator", ":")
            condition = self.node("choice", None, condition, one, self.expression(0), column=column)
        return condition

    def primary(self) -> Node:
        token = self.current
        if token.kind == "Operator" and token.value in _UNARY:
            self.next()
            operand = self.expression(_UNARY[token.value])
            symbol = _SPELT.get(token.value, token.value)
            return self.postfix(self.node("unary", symbol, operand, column=token.column))
        if self.at("Bracket", "("):
            self.next()
            found = self.sequence()
            self.expect("Bracket", ")")
            return self.postfix(found)
        if self.predicates and self.at("Operator", "#", "."):
            name = ""
            if token.value == "#":
                self.next()
                if self.at("Identifier"):
                    name = self.next().value
            return self.postfix(self.node("pointer", name, column=token.column))
        if self.at("Operator", "::"):
            self.next()
            return self.postfix(self.call(self.expect("Identifier"), ()))
        return self.secondary()

    def secondary(self) -> Node:  # noqa: PLR0911 - one for each kind of token
        token = self.current
        if token.kind == "Identifier":
            self.next()
            if token.value in _CONSTANTS:
                return self.node("literal", _CONSTANTS[token.value], column=token.column)
            if self.at("Bracket", "("):
                return self.postfix(self.call(token, ()))
            return self.postfix(self.node("name", token.value, column=token.column))
        if token.kind == "Number":
            self.next()
            return self.node("literal", self.number(token), column=token.column)
        if token.kind == "String":
            self.next()
            return self.postfix(self.node("literal", token.value, column=token.column))
        if self.at("Bracket", "["):
            return self.postfix(self.array())
        if self.at("Bracket", "{"):
            return self.postfix(self.map())
        raise self.unexpected()

    def number(self, token: Token) -> int | float:
        text = token.value.replace("_", "")
        lower = text.lower()
        try:
            if lower.startswith("0x"):
                kind, found = "hex", int(lower[2:], 16)
            elif "." in lower or "e" in lower:
                kind, real = "float", float(text)
                if math.isinf(real):
                    raise ValueError
                return real
            elif lower.startswith(("0b", "0o")):
                kind, found = ("binary", int(lower[2:], 2)) if lower[1] == "b" else ("octal", int(lower[2:], 8))
            else:
                kind, found = "integer", int(text)
            if found > 2**63 - 1:
                raise ValueError
        except ValueError:
            kind = {"x": "hex", "b": "binary", "o": "octal"}.get(lower[1:2], "number")
            raise NotParsed(f"invalid {kind} literal: {token.value}", self.text, token.column) from None
        return found

    def call(self, name: Token, arguments: tuple[Node, ...]) -> Node:
        if name.value in PREDICATES:
            return self.predicate_call(name, arguments)
        given = (*arguments, *self.arguments())
        if name.value in BUILTINS:
            return self.node("builtin", name.value, *given, column=name.column)
        callee = self.node("name", name.value, column=name.column)
        return self.node("call", None, callee, *given, column=name.column)

    def predicate_call(self, name: Token, arguments: tuple[Node, ...]) -> Node:
        least, most = PREDICATES[name.value]
        self.expect("Bracket", "(")
        given = list(arguments)
        for place in range(len(given), most):
            if self.at("Bracket", ")"):
                if place >= least:
                    break
                raise self.error(f"expected at least {most - len(arguments)} arguments")
            if place > len(arguments):
                self.expect("Operator", ",")
            given.append(self.predicate() if place == 1 else self.expression(0))
        if self.at("Operator", ","):
            self.next()
        self.expect("Bracket", ")")
        return self.node("builtin", name.value, *given, column=name.column)

    def predicate(self) -> Node:
        column = self.current.column
        self.predicates += 1
        if self.at("Bracket", "{"):
            self.next()
            found = self.sequence()
            self.predicates -= 1
            self.expect("Bracket", "}")
        else:
            found = self.expression(0)
            self.predicates -= 1
            if self.at("Operator", ";"):
                raise self.error("wrap predicate with brackets { and }")
        return self.node("predicate", None, found, column=column)

    def arguments(self) -> list[Node]:
        self.expect("Bracket", "(")
        found: list[Node] = []
        while not self.at("Bracket", ")"):
            if found:
                self.expect("Operator", ",")
                if self.at("Bracket", ")"):
                    break
            found.append(self.expression(0))
        self.next()
        return found

    def array(self) -> Node:
        column = self.next().column
        found: list[Node] = []
        while not self.at("Bracket", "]"):
            if found:
                self.expect("Operator", ",")
                if self.at("Bracket", "]"):
                    break
            found.append(self.expression(0))
        self.next()
        return self.node("array", None, *found, column=column)

    def map(self) -> Node:
        column = self.next().column
        found: list[Node] = []
        while not self.at("Bracket", "}"):
            if found:
                self.expect("Operator", ",")
                if self.at("Bracket", "}"):
                    break
            token = self.current
            if token.kind in ("Number", "String", "Identifier"):
                self.next()
                key = self.node("literal", token.value, column=token.column)
            elif self.at("Bracket", "("):
                key = self.expression(0)
            else:
                raise self.error(
                    "a map key must be a quoted string, a number, a identifier, or an expression enclosed in "
                    f"parentheses (unexpected token {token})"
                )
            self.expect("Operator", ":")
            found.append(self.node("pair", None, key, self.expression(0), column=token.column))
        self.next()
        return self.node("map", None, *found, column=column)

    def postfix(self, found: Node) -> Node:
        length = 0
        while True:
            length += 1
            if length > MAX_DEPTH:
                raise self.error(f"more than {MAX_DEPTH} members follow each other")
            if self.at("Operator", ".", "?."):
                optional = self.next().value == "?."
                if optional and self.at("Bracket", "["):
                    found = self.subscript(found, optional=True)
                else:
                    found = self.property(found, optional)
            elif self.at("Bracket", "["):
                found = self.subscript(found, optional=False)
            else:
                return found

    def property(self, base: Node, optional: bool) -> Node:
        token = self.next()
        if token.kind != "Identifier" and not (token.kind == "Operator" and token.value.isalpha()):
            raise self.error("expected name")
        chained = base.kind == "chain"
        key = self.node("literal", token.value, column=token.column)
        found = self.node("member", optional, base.parts[0] if chained else base, key, column=token.column)
        if self.at("Bracket", "("):
            found = self.node("call", None, found, *self.arguments(), column=token.column)
        return self.node("chain", None, found, column=token.column) if chained or optional else found

    def subscript(self, base: Node, *, optional: bool) -> Node:
        column = self.next().column
        start = None if self.at("Operator", ":") else self.expression(0)
        if self.at("Operator", ":"):
            self.next()
            end = None if self.at("Bracket", "]") else self.expression(0)
            found = self.node("slice", None, base, start, end, column=column)
        else:
            found = self.node("member", optional, base, start, column=column)
            if optional:
                found = self.node("chain", None, found, column=column)
        self.expect("Bracket", "]")
        return found


_CONSTANTS: Final = {"true": True, "false": False, "nil": None}
