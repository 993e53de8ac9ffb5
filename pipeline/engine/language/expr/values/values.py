"""Go's values as expressions see them, where Python's types do not say enough: whole numbers wrap at 64 bits, and the
kind of a list, map or number decides which functions take it and how it is written."""

import math
from collections.abc import Callable
from typing import Any, Final, NamedTuple


class Int64(int):
    """An int64: sprig's arithmetic returns it, and functions that want an `int` refuse it."""


class Byte(int):
    """The type of `'abc'[0]`."""


class Texts(list[str]):
    """A []string."""


class Numbers(list[int]):
    """A []int."""


class NilList(list[Any]):
    """A list that is nil: empty, and `null` in JSON."""


class NilMap(dict[str, Any]):
    """A map that is nil: empty, `null` in JSON, and nothing can be added to it."""


class TextMap(dict[str, str]):
    """A map[string]string, which functions that want a map of anything refuse."""


class AnyMap(dict[Any, Any]):
    """A map[interface{}]interface{}: it has no JSON."""


class Function(NamedTuple):
    """A function that an expression can call. `takes`: a letter for each argument (see `calling`)."""

    name: str
    takes: str
    run: Callable[..., Any]


_LOW, _HIGH = -(2**63), 2**63 - 1


def wrapped(number: int) -> int:
    """A whole number as 64 bits hold it."""
    return number if _LOW <= number <= _HIGH else (number - _LOW) % 2**64 + _LOW


def whole(number: float) -> int:
    """A float as a whole number, as Go converts it (on amd64 what does not fit becomes the lowest number)."""
    if math.isnan(number) or not _LOW <= number <= _HIGH:
        return _LOW
    return int(number)


def is_number(value: object) -> bool:
    """Whether a value takes part in arithmetic: an int or a float, not a boolean or a named kind such as a month."""
    return type(value) in _NUMBERS


_NUMBERS: Final = frozenset((int, float, Int64, Byte))
_TYPES: Final[dict[type, str]] = {
    type(None): "<nil>", bool: "bool", int: "int", float: "float64", str: "string", Int64: "int64", Byte: "uint8",
    list: "[]interface {}", Texts: "[]string", Numbers: "[]int", NilList: "[]interface {}",
    dict: "map[string]interface {}", NilMap: "map[string]interface {}", TextMap: "map[string]string",
    AnyMap: "map[interface {}]interface {}",
    Function: "func",
}  # fmt: skip


def go_type(value: object) -> str:
    """The name of a value's type, as `%T` writes it."""
    known = _TYPES.get(type(value))
    return known if known is not None else str(getattr(value, "go_type", "struct"))


def encoded(text: str) -> bytes:
    """The bytes of a text; where a character was cut, its odd bytes are kept."""
    return text.encode("utf-8", "surrogateescape")


def decoded(raw: bytes) -> str:
    """The text of some bytes."""
    return raw.decode("utf-8", "surrogateescape")


def bytes_of(text: str, start: int, end: int) -> str:
    """A part of a text, counted in bytes as Go does."""
    return text[start:end] if text.isascii() else decoded(encoded(text)[start:end])


def size(text: str) -> int:
    """How many bytes a text has."""
    return len(text) if text.isascii() else len(encoded(text))
