"""What each function takes and returns, as far as that can be checked before it is called.

A signature has a letter for each argument, then one for the result: s text, i whole number, f number, b boolean, a
anything, A list of anything, S, I and F lists of texts, whole numbers and floats, t time, d duration, l time zone.
"""

from collections.abc import Callable, Sequence
from typing import Final

from pipeline.engine.language.expr.errors import NotEvaluated
from pipeline.engine.language.expr.syntax import types
from pipeline.engine.language.expr.syntax.types import ANY, FLOAT, INT, STRING, UNKNOWN, Type

_LETTERS: Final = {
    "s": STRING, "i": INT, "f": FLOAT, "a": ANY, "A": types.array(), "S": types.TEXTS, "b": types.BOOL,
    "t": types.TIME, "d": types.DURATION, "l": types.LOCATION,
    "I": Type("array", "[]int", INT), "F": Type("array", "[]float64", FLOAT),
}  # fmt: skip
_SIGNATURES: Final[dict[str, tuple[str, ...]]] = {
    "type": ("a:s",), "string": ("a:s",), "trim": ("s:s", "ss:s"), "trimPrefix": ("ss:s", "s:s"),
    "trimSuffix": ("ss:s", "s:s"), "upper": ("s:s",), "lower": ("s:s",), "split": ("ss:S", "ssi:S"),
    "splitAfter": ("ss:S", "ssi:S"), "replace": ("sssi:s", "sss:s"), "repeat": ("si:s",),
    "join": ("Ss:s", "As:s", "A:s", "S:s"), "indexOf": ("ss:i",), "lastIndexOf": ("ss:i",), "hasPrefix": ("ss:b",),
    "hasSuffix": ("ss:b",), "toJSON": ("a:s",), "fromJSON": ("s:a",), "toBase64": ("s:s",), "fromBase64": ("s:s",),
    "duration": ("s:d",), "timezone": ("s:l",), "bitnot": ("i:i",),
    "sort": ("As:A", "Is:A", "Fs:A", "Ss:A", "A:A", "F:A", "S:A", "I:A"),
    **dict.fromkeys(("bitand", "bitor", "bitxor", "bitnand", "bitshl", "bitshr", "bitushr"), ("ii:i",)),
    # What Argo adds.
    "asInt": ("a:a",), "asFloat": ("a:a",), "toJson": ("a:s",), "jsonpath": ("ss:a",),
}  # fmt: skip
# How many arguments the functions with a predicate take, at least and at most; the second is the predicate.
PREDICATES: Final = {
    "all": (2, 2), "none": (2, 2), "any": (2, 2), "one": (2, 2), "filter": (2, 2), "map": (2, 2), "count": (1, 2),
    "sum": (1, 2), "find": (2, 2), "findIndex": (2, 2), "findLast": (2, 2), "findLastIndex": (2, 2),
    "groupBy": (2, 2), "sortBy": (2, 3), "reduce": (2, 3),
}  # fmt: skip
BUILTINS: Final = frozenset((
    "len", "type", "abs", "ceil", "floor", "round", "int", "float", "string", "trim", "trimPrefix", "trimSuffix",
    "upper", "lower", "split", "splitAfter", "replace", "repeat", "join", "indexOf", "lastIndexOf", "hasPrefix",
    "hasSuffix", "max", "min", "mean", "median", "toJSON", "fromJSON", "toBase64", "fromBase64", "now", "duration",
    "date", "timezone", "first", "last", "get", "take", "keys", "values", "toPairs", "fromPairs", "reverse", "uniq",
    "concat", "flatten", "sort", "bitand", "bitor", "bitxor", "bitnand", "bitshl", "bitshr", "bitushr", "bitnot",
))  # fmt: skip
ARGO: Final = frozenset(("asInt", "asFloat", "toJson", "jsonpath"))


def result_of(name: str, given: Sequence[Type]) -> Type:
    """The type that a function returns for arguments of these types.

    Raises:
        NotEvaluated: it does not take them.
    """
    rule = _RULES.get(name)
    if rule is not None:
        return rule(name, given)
    problem = ""
    for signature in _SIGNATURES[name]:
        wanted, _, out = signature.partition(":")
        problem = mismatch(name, wanted, given)
        if not problem:
            return _LETTERS[out]
    raise NotEvaluated(problem)


def mismatch(name: str, wanted: str, given: Sequence[Type]) -> str:
    """Why a function with the signature `wanted` does not take arguments of these types; empty if it does."""
    if len(given) != len(wanted):
        return f"{'too many' if len(given) > len(wanted) else 'not enough'} arguments to call {name}"
    for letter, argument in zip(wanted, given, strict=True):
        want = _LETTERS[letter]
        if letter == "a" or argument.kind == "unknown" or (argument.kind == "int" and want.number):
            continue
        if argument.kind == "nil":
            return f"cannot use nil as argument (type {want}) to call {name}"
        if not types.assignable(argument, want):
            return f"cannot use {argument} as argument (type {want}) to call {name}"
    return ""


def _count_of(signature: str) -> int:
    return signature.index(":")


def _count(given: Sequence[Type], wanted: int) -> None:
    if len(given) != wanted:
        raise NotEvaluated(f"invalid number of arguments (expected {wanted}, got {len(given)})")


def _of_kinds(wanted: Sequence[str], result: Type | None, problem: str) -> Callable[[str, Sequence[Type]], Type]:
    """The rule of a function of one argument of some kinds. `result`: None for the argument's own type; `problem`: the
    message, with its name and what it got."""

    def rule(name: str, given: Sequence[Type]) -> Type:
        _count(given, 1)
        if given[0].kind not in (*wanted, "unknown"):
            raise NotEvaluated(problem.format(name=name, got=given[0] if given[0].kind != "nil" else "%!s(<nil>)"))
        return given[0] if result is None else result

    return rule


def _entry(name: str, given: Sequence[Type]) -> Type:
    _count(given, 1)
    if given[0].kind not in ("array", "unknown"):
        raise NotEvaluated(f"cannot get {name} element from {given[0]}")
    return ANY if given[0].name != "[]string" else STRING


def _take(_name: str, given: Sequence[Type]) -> Type:
    _count(given, 2)
    if given[0].kind not in ("array", "unknown"):
        raise NotEvaluated(f"cannot take from {given[0]}")
    if given[1].kind not in ("int", "duration", "unknown"):
        raise NotEvaluated(f"cannot take {given[1]} elements")
    return given[0]


def _concat(_name: str, given: Sequence[Type]) -> Type:
    if not given:
        raise NotEvaluated("invalid number of arguments (expected at least 1, got 0)")
    for argument in given:
        if argument.kind not in ("array", "unknown"):
            raise NotEvaluated(f"cannot concat {argument}")
    return types.array()


def _aggregate(name: str, given: Sequence[Type]) -> Type:
    if not given:
        raise NotEvaluated(f"not enough arguments to call {name}")
    for argument in given:
        if argument.kind in ("array", "unknown"):
            return ANY
        if not argument.number and argument.kind != "duration":
            raise NotEvaluated(f"invalid argument for {name} (type {argument})")
    return given[0]


def _get(_name: str, given: Sequence[Type]) -> Type:
    _count(given, 2)
    base, key = given
    if base.kind == "unknown":
        return UNKNOWN
    if base.kind == "array":
        if key.kind not in ("int", "unknown"):
            raise NotEvaluated(f"non-integer slice index {key}")
        return base.entry or ANY
    if base.kind == "map":
        if base is types.MAP and key.kind not in ("string", "unknown"):
            raise NotEvaluated(f"cannot use {key} to get an element from {base}")
        return base.entry or ANY
    raise NotEvaluated(f"type {base} does not support indexing")


def _now(_name: str, given: Sequence[Type]) -> Type:
    if given and (len(given) > 1 or given[0].kind != "location"):
        raise NotEvaluated(f"invalid number of arguments (expected 0, got {len(given)})")
    return types.TIME


def _date(_name: str, given: Sequence[Type]) -> Type:
    if not given:
        raise NotEvaluated("invalid number of arguments (expected at least 1, got 0)")
    rest = given[1:] if given[0].kind == "location" else given
    if len(rest) > 3:
        raise NotEvaluated(f"invalid number of arguments (expected at most 3, got {len(rest)})")
    return types.TIME


_NUMBERS: Final = ("int", "float", "duration")
_RULES: Final[dict[str, Callable[[str, Sequence[Type]], Type]]] = {
    "len": _of_kinds(("array", "map", "string"), INT, "invalid argument for len (type {got})"),
    "abs": _of_kinds(_NUMBERS, None, "invalid argument for abs (type {got})"),
    **{name: _of_kinds(_NUMBERS, FLOAT, "invalid argument for {name} (type {got})")
       for name in ("ceil", "floor", "round")},
    "int": _of_kinds((*_NUMBERS, "string"), INT, "invalid argument for int (type {got})"),
    "float": _of_kinds((*_NUMBERS, "string"), FLOAT, "invalid argument for float (type {got})"),
    **dict.fromkeys(("max", "min", "mean", "median"), _aggregate),
    "first": _entry, "last": _entry, "take": _take, "concat": _concat, "get": _get, "now": _now, "date": _date,
    "keys": _of_kinds(("map",), types.array(), "cannot get keys from {got}"),
    "values": _of_kinds(("map",), types.array(), "cannot get values from {got}"),
    "toPairs": _of_kinds(("map",), types.array(), "cannot transform {got} to pairs"),
    "fromPairs": _of_kinds(("array",), types.ANY_MAP, "cannot transform {got} from pairs"),
    "reverse": _of_kinds(("array",), types.array(), "cannot reverse {got}"),
    "uniq": _of_kinds(("array",), types.array(), "cannot uniq {got}"),
    "flatten": _of_kinds(("array",), types.array(), "cannot flatten {got}"),
}  # fmt: skip
_COUNTS: Final = {
    **dict.fromkeys(_RULES, (1, 1)), **dict.fromkeys(("max", "min", "mean", "median", "concat"), (1, 10_000)),
    "take": (2, 2), "get": (2, 2), "now": (0, 1), "date": (1, 4), **PREDICATES,
    **{name: (min(map(_count_of, forms)), max(map(_count_of, forms))) for name, forms in _SIGNATURES.items()},
}  # fmt: skip


def takes(name: str, count: int) -> bool:
    """Whether a function takes this many arguments: the checker does not see into arguments of sprig's functions."""
    least, most = _COUNTS[name]
    return least <= count <= most
