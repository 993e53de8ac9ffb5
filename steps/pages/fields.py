"""Fields: a step's summary, read so that a wrong shape is one clear sentence in the page instead of a traceback.

A summary was written by another program, perhaps of another version. Every access says what it wanted.
"""

import math
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from steps.pages.words import instant


class Unreadable(ValueError):
    """A summary that cannot be shown: names the field, what was got and what was wanted."""


class Absent(Unreadable):
    """There is no such summary, or it has nothing of the kind, and nothing is broken; says why."""


class Fields:
    """A JSON object. `where` is its place in the summary, for messages."""

    def __init__(self, value: object, where: str = "summary") -> None:
        if not isinstance(value, dict):
            raise Unreadable(f"{where}: got {_seen(value)}, wanted an object")
        self._values: dict[str, Any] = value
        self.where = where

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def raw(self, name: str) -> object:
        """Whatever is there, or None."""
        return self._values.get(name)

    def text(self, name: str) -> str:
        """A text; numbers and booleans become one."""
        value = self._wanted(name)
        if isinstance(value, dict | list):
            raise self._wrong(name, value, "text")
        return str(value)

    def text_or(self, name: str, otherwise: str = "") -> str:
        """A text, or `otherwise` where there is none."""
        return self.text(name) if name in self else otherwise

    def time(self, name: str) -> datetime:
        """An RFC 3339 time, in UTC."""
        return self._time(name, self.text(name))

    def times(self, name: str) -> list[datetime]:
        """A list of RFC 3339 times, in UTC."""
        return [self._time(name, text) for text in self.texts(name)]

    def number(self, name: str) -> float:
        """A finite number."""
        value = self._wanted(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self._wrong(name, value, "a number")
        return float(value)

    def whole(self, name: str) -> int:
        """A whole number."""
        return int(self.number(name))

    def inner(self, name: str) -> "Fields":
        """An object in it."""
        return Fields(self._wanted(name), f"{self.where}.{name}")

    def objects(self, name: str) -> list["Fields"]:
        """A list of objects."""
        return [Fields(value, f"{self.where}.{name}[{index}]") for index, value in enumerate(self._list(name))]

    def texts(self, name: str) -> list[str]:
        """A list of texts."""
        return [str(value) for value in self._list(name)]

    def numbers(self, name: str) -> list[float | None]:
        """A list of numbers; null, and what is no number, is a gap."""
        return [
            float(value) if isinstance(value, int | float) and math.isfinite(value) else None
            for value in self._list(name)
        ]

    def _time(self, name: str, text: str) -> datetime:
        try:
            return instant(text)
        except ValueError:
            raise self._wrong(name, text, "an RFC 3339 time") from None

    def _list(self, name: str) -> list[Any]:
        value = self._wanted(name)
        if not isinstance(value, list):
            raise self._wrong(name, value, "a list")
        return value

    def _wanted(self, name: str) -> Any:
        value = self._values.get(name)
        if value is None:
            raise Unreadable(f"{self.where}.{name} is missing")
        return value

    def _wrong(self, name: str, value: object, wanted: str) -> Unreadable:
        return Unreadable(f"{self.where}.{name}: got {_seen(value)}, wanted {wanted}")


def known[T](read: Callable[[], T]) -> T | None:
    """What `read` finds, or None where it cannot be read."""
    try:
        return read()
    except Unreadable:
        return None


def _seen(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:59]}…"
