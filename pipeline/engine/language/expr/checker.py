"""Whether an expression can be run: its names, functions, numbers of arguments, and operand types.

As in the controller, a mistake counts even in a branch that would not be taken.
"""

from collections.abc import Mapping
from typing import Final

from pipeline.engine.language.expr.builtins.methods import METHODS, takes
from pipeline.engine.language.expr.errors import NotEvaluated, NotParsed
from pipeline.engine.language.expr.syntax import types
from pipeline.engine.language.expr.syntax.operation_types import type_of_operation
from pipeline.engine.language.expr.syntax.signatures import ARGO, BUILTINS, PREDICATES, mismatch, result_of
from pipeline.engine.language.expr.syntax.tree import Node
from pipeline.engine.language.expr.syntax.types import ANY, BOOL, FLOAT, INT, MAP, NIL, STRING, UNKNOWN, Type
from pipeline.engine.language.expr.values.regexes import compiled

_BOOLEAN: Final = ("all", "none", "any", "one", "filter", "count", "find", "findLast", "findIndex", "findLastIndex")


def check_types(tree: Node, names: Mapping[str, Type] | None, text: str) -> Type:
    """The type of an expression whose top-level variables are `names` (None: any).

    Raises:
        NotEvaluated: it cannot be run.
    """
    return _Checker(names, text).type_of(tree)


class _Checker:
    def __init__(self, names: Mapping[str, Type] | None, text: str) -> None:
        self.names = names
        self.text = text
        self.variables: list[tuple[str, Type]] = []
        self.pointers: list[dict[str, Type]] = []
        self.known: dict[int, Type] = {}

    def error(self, node: Node, problem: str) -> NotEvaluated:
        return NotParsed(problem, self.text, node.column)

    def type_of(self, node: Node) -> Type:
        found = self.known.get(id(node))  # `1 < x < 3` has `x` twice
        if found is None:
            visit = getattr(self, node.kind + "_")
            found = self.known[id(node)] = visit(node)
        return found

    def literal_(self, node: Node) -> Type:
        return _LITERALS[type(node.value)]

    def name_(self, node: Node) -> Type:
        for name, found in reversed(self.variables):
            if name == node.value:
                return found
        if node.value in ARGO:
            return types.FUNCTION
        if node.value in ("$env", "sprig"):
            return MAP if node.value == "sprig" else UNKNOWN
        if self.names is None:
            return UNKNOWN
        known = self.names.get(node.value)
        if known is not None:
            return known
        if node.value in BUILTINS or node.value in PREDICATES:
            return types.FUNCTION
        raise self.error(node, f"unknown name {node.value}")

    def unary_(self, node: Node) -> Type:
        found = self.type_of(node.parts[0])
        if node.value == "!" and found.kind in ("bool", "unknown"):
            return BOOL
        if node.value != "!" and (found.number or found.kind == "unknown"):
            return found
        raise self.error(node, f"invalid operation: {node.value} (mismatched type {found})")

    def binary_(self, node: Node) -> Type:
        below = []  # innermost first, so that a long sum is no deep recursion
        lowest = node.parts[0]
        while lowest.kind == "binary" and id(lowest) not in self.known:
            below.append(lowest)
            lowest = lowest.parts[0]
        for part in reversed(below):
            self.type_of(part)
        found = self.type_of(node.parts[0])
        for part in node.parts[1:]:
            other = self.type_of(part)
            if node.value == "matches":
                self.pattern(part)
            if node.value == "%" and node.parts[0].kind == part.kind == "literal" and part.value == 0:
                raise self.error(node, "integer divide by zero")
            try:
                found = type_of_operation(node.value, found, other)
            except NotEvaluated as error:
                raise self.error(node, str(error)) from None
        return found

    def pattern(self, node: Node) -> None:
        if node.kind == "literal" and isinstance(node.value, str):
            try:
                compiled(node.value)
            except NotEvaluated as error:
                raise self.error(node, str(error)) from None

    def chain_(self, node: Node) -> Type:
        return self.type_of(node.parts[0])

    def member_(self, node: Node) -> Type:
        base_node, key_node = node.parts
        name = key_node.value if key_node.kind == "literal" and isinstance(key_node.value, str) else None
        if base_node.kind == "name" and base_node.value == "$env":
            known = name is not None and not node.value
            return self.name_(Node("name", name, (), node.column)) if known else UNKNOWN
        base, key = self.type_of(base_node), self.type_of(key_node)
        if base.kind == "unknown":
            return UNKNOWN
        if base.kind in ("map", "array"):
            return self.entry(base, key, key_node)
        if name is None:
            raise self.error(node, f"type {base}[{key}] is undefined")
        if name not in METHODS.get(base.kind, ()):
            raise self.error(node, f"type {base if base.kind != 'nil' else 'nil'} has no field {name}")
        return types.FUNCTION

    def entry(self, base: Type, key: Type, key_node: Node) -> Type:
        if base is MAP and key.kind not in ("string", "unknown"):
            raise self.error(key_node, f"cannot use {key} to get an element from {base}")
        if base.kind == "array" and key.kind not in ("int", "unknown"):
            raise self.error(key_node, f"array elements can only be selected using an integer (got {key})")
        return base.entry or ANY

    def slice_(self, node: Node) -> Type:
        base, *ends = node.parts
        found = self.type_of(base)
        if found.kind == "unknown":
            return UNKNOWN
        if found.kind not in ("string", "array"):
            raise self.error(node, f"cannot slice {found}")
        for end in ends:
            if end is not None and self.type_of(end).kind not in ("int", "unknown"):
                raise self.error(end, f"non-integer slice index {self.type_of(end)}")
        return found

    def call_(self, node: Node) -> Type:
        callee, *arguments = node.parts
        found = self.type_of(callee)
        if found.kind == "unknown":
            return UNKNOWN  # the arguments of sprig's functions are checked when they are called
        if callee.kind == "name" and callee.value in ARGO and found is types.FUNCTION:
            return self.result(node, callee.value, [self.type_of(argument) for argument in arguments])
        if found.kind == "nil":
            raise self.error(node, f"{callee.value} is nil; cannot call nil as function")
        if found.kind != "function":
            raise self.error(node, f"{found} is not callable")
        if callee.kind == "member" and self.type_of(callee.parts[0]).kind in METHODS:
            return self.method(node, callee, [self.type_of(argument) for argument in arguments])
        return UNKNOWN

    def method(self, node: Node, callee: Node, given: list[Type]) -> Type:
        kind, name = self.type_of(callee.parts[0]).kind, callee.parts[1].value
        problem = mismatch(name, takes(kind, name), given)
        if problem:
            raise self.error(node, problem)
        return METHODS[kind][name]

    def builtin_(self, node: Node) -> Type:
        if len(node.parts) > 1 and node.parts[1].kind == "predicate":
            return self.predicated(node)
        if node.value in ("count", "sum"):
            found = self.collection(node)
            return INT if node.value == "count" else found.entry or ANY
        return self.result(node, node.value, [self.type_of(part) for part in node.parts])

    def result(self, node: Node, name: str, given: list[Type]) -> Type:
        try:
            return result_of(name, given)
        except NotEvaluated as error:
            raise self.error(node, str(error)) from None

    def collection(self, node: Node) -> Type:
        found = self.type_of(node.parts[0])
        if found.kind not in ("array", "unknown"):
            raise self.error(node.parts[0], f"builtin {node.value} takes only array (got {found})")
        return found

    def predicated(self, node: Node) -> Type:
        found = self.collection(node)
        entry = UNKNOWN if found.kind == "unknown" else found.entry or ANY
        out = self.predicate_type(node, entry)
        for part in node.parts[2:]:
            self.type_of(part)
        if out.kind == "nil":
            raise self.error(node.parts[1], "predicate should has one input and one output param")
        if node.value in _BOOLEAN and out.kind not in ("bool", "unknown"):
            raise self.error(node.parts[1], f"predicate should return boolean (got {out})")
        results = {
            "count": INT, "findIndex": INT, "findLastIndex": INT, "filter": types.array(found.entry or ANY),
            "sortBy": found, "map": types.array(out), "find": entry, "findLast": entry, "sum": out, "reduce": out,
            "groupBy": Type("map", "map[interface {}][]interface {}", types.array(found.entry or ANY)),
        }  # fmt: skip
        return results.get(node.value, BOOL)

    def predicate_type(self, node: Node, entry: Type) -> Type:
        """The type that the predicate of a function has for entries of a type."""
        scope = {"": entry}
        if node.value in ("map", "reduce"):
            scope["index"] = INT
        if node.value == "reduce":
            scope["acc"] = UNKNOWN
        self.pointers.append(scope)
        out = self.type_of(node.parts[1].parts[0])
        self.pointers.pop()
        return out

    def predicate_(self, node: Node) -> Type:
        return self.type_of(node.parts[0])

    def pointer_(self, node: Node) -> Type:
        if not self.pointers:
            raise self.error(node, "cannot use pointer accessor outside predicate")
        found = self.pointers[-1].get(node.value)
        if found is None:
            raise self.error(node, f"unknown pointer #{node.value}")
        return found

    def let_(self, node: Node) -> Type:
        name = node.value
        if name in ARGO or name == "sprig" or (self.names is not None and name in self.names):
            raise self.error(node, f"cannot redeclare {name}")
        if name in BUILTINS or name in PREDICATES:
            raise self.error(node, f"cannot redeclare builtin {name}")
        if any(name == other for other, _ in self.variables):
            raise self.error(node, f"cannot redeclare variable {name}")
        self.variables.append((name, self.type_of(node.parts[0])))
        found = self.type_of(node.parts[1])
        self.variables.pop()
        return found

    def sequence_(self, node: Node) -> Type:
        return [self.type_of(part) for part in node.parts][-1]

    def choice_(self, node: Node) -> Type:
        condition = self.type_of(node.parts[0])
        if condition.kind not in ("bool", "unknown"):
            raise self.error(node.parts[0], f"non-bool expression (type {condition}) used as condition")
        one, other = self.type_of(node.parts[1]), self.type_of(node.parts[2])
        if "nil" in (one.kind, other.kind):
            return other if one.kind == "nil" else one
        if not types.assignable(one, other):
            return UNKNOWN
        return types.array() if one.kind == "array" and one != other else one

    def array_(self, node: Node) -> Type:
        entries = [self.type_of(part) for part in node.parts]
        same = entries and all(entry.kind == entries[0].kind for entry in entries)
        return types.array(entries[-1]) if same else types.array()

    def map_(self, node: Node) -> Type:
        for pair in node.parts:
            for part in pair.parts:
                self.type_of(part)
        return MAP


_LITERALS: Final = {type(None): NIL, bool: BOOL, int: INT, float: FLOAT, str: STRING}
