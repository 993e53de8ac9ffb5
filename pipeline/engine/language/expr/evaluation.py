"""Evaluating the tree of an expression. Nothing of Python can be reached: names are looked up in the environment alone,
and members only in its maps and lists and in the methods of points in time and durations."""

from collections.abc import Callable
from typing import Any, Final

from pipeline.engine.language.expr.builtins.functions import BUILTINS
from pipeline.engine.language.expr.builtins.methods import METHODS, kind_of, method
from pipeline.engine.language.expr.calling import call
from pipeline.engine.language.expr.context import Context
from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.predicates import PREDICATES
from pipeline.engine.language.expr.syntax.signatures import takes
from pipeline.engine.language.expr.syntax.tree import Node
from pipeline.engine.language.expr.values import operators
from pipeline.engine.language.expr.values.conversions import boolean, text
from pipeline.engine.language.expr.values.regexes import matches
from pipeline.engine.language.expr.values.values import Numbers, bytes_of, go_type, is_number, size


class _Nil(Exception):
    """`?.` has met nil: the whole chain is nil."""


class Evaluation(Context):
    """One evaluation of one expression."""

    def value(self, node: Node) -> Any:
        """See `Context`."""
        self.budget.step()
        return _KINDS[node.kind](self, node)

    def literal(self, node: Node) -> Any:
        return node.value

    def name(self, node: Node) -> Any:
        if node.value in self.variables:
            return self.variables[node.value]
        return self.names if node.value == "$env" else self.names.get(node.value)

    def unary(self, node: Node) -> Any:
        found = self.value(node.parts[0])
        if node.value == "!":
            return not boolean(found)
        return operators.negate(found) if node.value == "-" else found

    def binary(self, node: Node) -> Any:  # noqa: PLR0911 - one for each kind of operator
        symbol = node.value
        if symbol in ("&&", "||"):
            return self.logical(node, settling=symbol == "||")
        left_node, right_node = node.parts
        if symbol == "+" and left_node.kind == "binary":
            return self.total(node)
        left = self.value(left_node)
        if symbol == "??":
            return self.value(right_node) if operators.is_nil(left) else left
        if symbol == "in":
            return self.membership(left, right_node)
        right = self.value(right_node)
        self.budget.weigh(left, right)
        if symbol in ("==", "!="):
            return operators.equal(left, right, self.budget) == (symbol == "==")
        if symbol in operators.COMPARISONS:
            return operators.compare(symbol, left, right)
        if symbol in _TEXTS:
            if operators.is_nil(left) or operators.is_nil(right):
                return False
            return _TEXTS[symbol](text(left), text(right))
        return self.arithmetic(symbol, left, right)

    def total(self, node: Node) -> Any:
        """A long sum, without deep recursion."""
        added = []
        while node.kind == "binary" and node.value == "+":
            added.append(node.parts[1])
            node = node.parts[0]
        found = self.value(node)
        for part in reversed(added):
            self.budget.step()
            found = operators.add(found, self.value(part), self.budget)
        return found

    def arithmetic(self, symbol: str, left: Any, right: Any) -> Any:
        if symbol == "+":
            return operators.add(left, right, self.budget)
        if symbol in _ARITHMETIC:
            return _ARITHMETIC[symbol](left, right)
        low, high = operators.to_int(left), operators.to_int(right)
        self.budget.grow(max(high - low + 1, 0))
        return Numbers(range(low, high + 1))

    def logical(self, node: Node, *, settling: bool) -> Any:
        """`&&` and `||`, with the operand that settles each. As expr-lang folds them, a settling constant is enough,
        and the last operand need not be a boolean."""
        constants = {id(part): part.value for part in node.parts if part.kind == "literal"}
        if any(value is settling for value in constants.values()):
            return settling
        neutral = not settling
        parts = [part for part in node.parts if constants.get(id(part)) is not neutral] or node.parts[-1:]
        for part in parts[:-1]:
            if boolean(self.value(part)) is settling:
                return settling
        return self.value(parts[-1])

    def membership(self, left: Any, node: Node) -> bool:
        is_range = node.kind == "binary" and node.value == ".." and is_number(left)
        if (is_range or node.kind == "array") and node.parts and all(part.kind == "literal" for part in node.parts):
            values = [part.value for part in node.parts]
            if is_range:
                low, high = map(operators.to_int, values)
                return bool(low <= left <= high and left == operators.to_int(left))
            if all(isinstance(value, str) for value in values):
                self.budget.step(len(values))  # expr-lang makes a map of it
                return operators.contained(left, dict.fromkeys(values), self.budget)
        return operators.contained(left, self.value(node), self.budget)

    def chain(self, node: Node) -> Any:
        try:
            found = self.value(node.parts[0])
        except _Nil:
            return None
        return None if operators.is_nil(found) else found

    def member(self, node: Node) -> Any:
        base = self.value(node.parts[0])
        if node.value and operators.is_nil(base):
            raise _Nil
        key = self.value(node.parts[1])
        kind = kind_of(base)
        if kind and isinstance(key, str) and key in METHODS[kind]:
            return method(base, key)
        return operators.fetch(base, key)

    def slice(self, node: Node) -> Any:
        base = self.value(node.parts[0])
        length = size(base) if isinstance(base, str) else len(base) if isinstance(base, list) else 0
        end = length if node.parts[2] is None else operators.to_int(self.value(node.parts[2]))
        start = 0 if node.parts[1] is None else operators.to_int(self.value(node.parts[1]))
        if not isinstance(base, str | list):
            raise NotEvaluated(f"cannot slice {go_type(base)}")
        end = min(max(end + length if end < 0 else end, 0), length)
        start = min(max(start + length if start < 0 else start, 0), end)
        found = bytes_of(base, start, end) if isinstance(base, str) else type(base)(base[start:end])
        self.budget.made(found)
        return found

    def call(self, node: Node) -> Any:
        arguments = [self.value(part) for part in node.parts[1:]]
        self.budget.weigh(*arguments)
        found = call(self.value(node.parts[0]), arguments, self)
        self.budget.made(found)
        return found

    def builtin(self, node: Node) -> Any:
        if node.value in PREDICATES:
            return PREDICATES[node.value](self, node)
        arguments = [self.value(part) for part in node.parts]
        if not takes(node.value, len(arguments)):
            raise NotEvaluated(f"invalid number of arguments for {node.value} (got {len(arguments)})")
        self.budget.weigh(*arguments)
        found = BUILTINS[node.value](self, *arguments)
        self.budget.made(found)
        return found

    def pointer(self, node: Node) -> Any:
        if node.value not in ("", "index", "acc"):
            raise NotEvaluated(f"unknown pointer {node.value}")
        return self.pointers[-1].get(node.value)

    def let(self, node: Node) -> Any:
        outer = self.variables
        self.variables = {**outer, node.value: self.value(node.parts[0])}
        found = self.value(node.parts[1])
        self.variables = outer
        return found

    def sequence(self, node: Node) -> Any:
        return [self.value(part) for part in node.parts][-1]

    def choice(self, node: Node) -> Any:
        return self.value(node.parts[1] if boolean(self.value(node.parts[0])) else node.parts[2])

    def array(self, node: Node) -> Any:
        self.budget.grow(len(node.parts))
        return [self.value(part) for part in node.parts]

    def map(self, node: Node) -> Any:
        self.budget.grow(len(node.parts))
        found = {}
        for pair in node.parts:
            key = self.value(pair.parts[0])
            found[text(key)] = self.value(pair.parts[1])
        return found


_KINDS: Final[dict[str, Callable[[Evaluation, Node], Any]]] = {
    name: getattr(Evaluation, name)
    for name in ("literal", "name", "unary", "binary", "chain", "member", "slice", "call", "builtin", "pointer", "let",
                 "sequence", "choice", "array", "map")
}  # fmt: skip
_ARITHMETIC: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "-": operators.subtract, "*": operators.multiply, "/": operators.divide, "%": operators.modulo,
    "**": operators.power,
}  # fmt: skip
_TEXTS: Final[dict[str, Callable[[str, str], bool]]] = {
    "contains": lambda held, part: part in held,
    "startsWith": lambda held, part: held.startswith(part),
    "endsWith": lambda held, part: held.endswith(part),
    "matches": matches,
}
