"""The tree of an expression. One class for all nodes: the checker and the evaluator choose by `kind`."""

from collections.abc import Iterator
from typing import Any, Final

Parts = tuple["Node", ...]


class Node:
    """`kind` and what `value` is:

    literal (the value), array, map (of pairs), pair, name (its text), env, unary and binary (the operator),
    member (of a base and a property; whether optional), chain, slice (base, from, to; missing ends are None),
    call (callee first), builtin (its name; predicates are of kind `predicate`), pointer (its name),
    let (its name; value, rest), sequence, choice (condition, one, other).
    """

    __slots__ = ("column", "kind", "parts", "value")

    def __init__(self, kind: str, value: Any, parts: tuple["Node | None", ...], column: int) -> None:
        self.kind = kind
        self.value = value
        self.parts: tuple[Any, ...] = parts
        self.column = column


def walk(root: Node) -> Iterator[Node]:
    """Every node once, its parts before it."""
    seen: set[int] = set()
    todo = [(root, False)]
    while todo:
        node, entered = todo.pop()
        if entered:
            yield node
        elif id(node) not in seen:
            seen.add(id(node))
            todo.append((node, True))
            todo.extend((part, False) for part in reversed(node.parts) if part is not None)


def member_path(node: Node) -> tuple[str, ...] | None:
    """The names of `a.b['c']`, or of `a` alone; None for other nodes, and if one of them is computed or optional."""
    names: list[str] = []
    while node.kind == "member":
        base, key = node.parts
        if node.value or key.kind != "literal" or not isinstance(key.value, str):
            return None
        names.append(key.value)
        node = base
    if node.kind != "name":
        return None
    names.append(node.value)
    return tuple(reversed(names))


MAX_NODES: Final = 10_000  # what expr-lang allows
MAX_DEPTH: Final = 60  # ours: what Python's stack can take, with room for the callers
MAX_LENGTH: Final = 100_000
