"""The types by which an expression is checked before it is evaluated, as in expr-lang: `1 + 'a'` fails even where it
would never be reached. The type of what a variable holds may be unknown; that is checked during evaluation."""

from typing import Final, NamedTuple


class Type(NamedTuple):
    """A type as Go knows it: its kind, its name (for messages), the type of an array's entries."""

    kind: str
    name: str
    entry: "Type | None" = None

    def __str__(self) -> str:
        return self.name

    @property
    def number(self) -> bool:
        return self.kind in ("int", "float")


UNKNOWN: Final = Type("unknown", "unknown")
ANY: Final = Type("unknown", "interface {}")  # unknown too, but a Go type: of what a function or a map returns
NIL: Final = Type("nil", "unknown")
BOOL: Final = Type("bool", "bool")
INT: Final = Type("int", "int")
FLOAT: Final = Type("float", "float64")
STRING: Final = Type("string", "string")
MAP: Final = Type("map", "map[string]interface {}")
ANY_MAP: Final = Type("map", "map[interface {}]interface {}")
TIME: Final = Type("time", "time.Time")
DURATION: Final = Type("duration", "time.Duration")
LOCATION: Final = Type("location", "*time.Location")
FUNCTION: Final = Type("function", "func")
TEXTS: Final = Type("array", "[]string", STRING)


def array(entry: Type = ANY) -> Type:
    return Type("array", "[]interface {}", entry)


def assignable(one: Type, other: Type) -> bool:
    """Whether a value of one type can stand for a value of the other."""
    if UNKNOWN in (one, other):
        return False
    if one.kind == "nil":
        return other is ANY or other.kind in ("map", "array", "function")
    return other is ANY or (one.kind == other.kind and one.name == other.name)


def comparable(one: Type, other: Type) -> bool:
    """Whether `==` is defined for them."""
    kinds = {one.kind, other.kind}
    if kinds & {"unknown", "nil"} or (one.number and other.number) or kinds == {"array"}:
        return True
    return assignable(one, other)


def fit(one: Type, other: Type, *kinds: str) -> bool:
    """Whether both are of the same one of these kinds, as far as is known; numbers fit each other."""
    if one.kind == "unknown":
        return other.kind == "unknown" or other.kind in kinds
    if other.kind == "unknown":
        return one.kind in kinds
    if one.number and other.number:
        return one.kind in kinds and other.kind in kinds
    return one.kind == other.kind and one.kind in kinds
