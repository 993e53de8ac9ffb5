"""Reading one mapping of a manifest: each field is taken by name and type, and whatever is not taken is refused by
name, so that no manifest silently means less here than on a cluster.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, NoReturn

from pipeline.engine.language import numbers
from pipeline.engine.manifest.defaults import with_defaults
from pipeline.engine.manifest.documents import Located
from pipeline.engine.settings import OBJECT_NAME
from pipeline.errors import Refused

_NAME: Final = re.compile(r"[a-zA-Z0-9][-a-zA-Z0-9]*")
VALUE_NAME: Final = re.compile(r"[-a-zA-Z0-9_]+")
OF_OBJECTS: Final = (  # of their metadata, which an API server fills in
    "generateName", "creationTimestamp", "uid", "resourceVersion", "generation", "finalizers", "managedFields",
    "ownerReferences", "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds",
)  # fmt: skip


_COLLECTED: Final[ContextVar[list[str] | None]] = ContextVar("collected", default=None)


_IGNORED: Final[ContextVar[list[str] | None]] = ContextVar("ignored", default=None)


@contextmanager
def ignored() -> Iterator[list[str]]:
    """Collects the fields that are there and mean nothing here."""
    found: list[str] = []
    token = _IGNORED.set(found)
    try:
        yield found
    finally:
        _IGNORED.reset(token)


@contextmanager
def collected() -> Iterator[list[str]]:
    """Collects the problems that do not keep the rest from being read."""
    found: list[str] = []
    token = _COLLECTED.set(found)
    try:
        yield found
    finally:
        _COLLECTED.reset(token)


def text_of(value: Any) -> str:
    """A scalar as Argo's AnyString renders it: `true`, `3`, `0.00001`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return numbers.any_string(value) if isinstance(value, int | float) else str(value)


class Fields:
    """The fields of one mapping. `where`: what names it in messages: the template, and the path of fields."""

    def __init__(self, value: Any, where: str, file: str) -> None:
        self.where = where
        self.file = file
        self._taken: set[str] = set()
        if not isinstance(value, dict):
            raise Refused(f"{file}: {where or 'the document'} is {value!r:.60}; wanted a mapping")
        self._value = value

    def refuse(self, problem: str, field: str = "") -> NoReturn:
        """Stop, naming file, line, template and field."""
        lines = self._value.lines if isinstance(self._value, Located) else {}
        line = lines.get(field) or min(lines.values(), default=None)
        place = f"{self.file}, line {line}" if line else self.file
        path = ".".join(part for part in (self.where, field) if part)
        raise Refused(f"{place}: {path} {problem}")

    def note(self, problem: str, field: str = "") -> None:
        """The same, but go on where problems are collected."""
        try:
            self.refuse(problem, field)
        except Refused as refused:
            found = _COLLECTED.get()
            if found is None:
                raise
            found.extend(refused.problems)

    def _take(self, name: str, kinds: tuple[type, ...], wanted: str) -> Any:
        self._taken.add(name)
        value = self._value.get(name)
        if value is None:
            return None
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            self.refuse(f"is {value!r:.60}; wanted {wanted}{_hint(value)}", name)
        return value

    def text(self, name: str, default: str = "") -> str:
        """A text that must be a text in the manifest too (a name, a path, an expression)."""
        value = self._take(name, (str,), "a text")
        return default if value is None else str(value)

    def required(self, name: str) -> str:
        """A text that must not be left out."""
        value = self.text(name)
        if not value:
            self.refuse("is missing", name)
        return value

    def any_text(self, name: str) -> str | None:
        """A text, number or boolean, as text."""
        value = self._take(name, (str, int, float, bool), "a text or a number")
        return None if value is None else text_of(value)

    def flag(self, name: str, default: bool = False) -> bool:
        """true or false."""
        value = self._take(name, (bool,), "true or false")
        return default if value is None else bool(value)

    def number(self, name: str) -> int | None:
        """A whole number."""
        value = self._take(name, (int,), "a whole number")
        return None if value is None else int(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        values = self._take(name, (list,), "a list of texts") or []
        for value in values:
            if not isinstance(value, str):
                self.refuse(f"holds {value!r:.60}; wanted only texts{_hint(value)}", name)
        return tuple(values)

    def any_texts(self, name: str) -> tuple[str, ...]:
        """A list of texts, numbers or booleans, as texts."""
        return tuple(text_of(value) for value in self.list(name))

    def list(self, name: str) -> list[Any]:
        """A list of anything."""
        return self._take(name, (list,), "a list") or []

    def mapping(self, name: str) -> "Fields | None":
        """A mapping, to be read in turn; None if it is not there."""
        value = self._take(name, (dict,), "a mapping")
        return None if value is None else Fields(value, f"{self.where}.{name}" if self.where else name, self.file)

    def mappings(self, name: str) -> Iterable["Fields"]:
        """A list of mappings, each labelled with its `name` if it has one."""
        for number, value in enumerate(self.list(name)):
            label = value.get("name", number) if isinstance(value, dict) else number
            yield Fields(value, f"{self.where}.{name}[{label}]" if self.where else f"{name}[{label}]", self.file)

    def each_mapping(self, name: str) -> Iterable["Fields"]:
        """The mappings of a mapping, each labelled with its key."""
        inner = self.mapping(name)
        for key in inner.names() if inner is not None else ():
            found = inner.mapping(key) if inner is not None else None
            if found is not None:
                yield found

    def read[T](self, name: str, reader: Callable[["Fields"], T]) -> T | None:
        """What `reader` makes of a mapping, all of whose fields it must take; None if there is no such mapping."""
        fields = self.mapping(name)
        return None if fields is None else _read(fields, reader)

    def read_each[T](self, name: str, reader: Callable[["Fields"], T]) -> tuple[T, ...]:
        """The same for each mapping of a list."""
        return tuple(_read(fields, reader) for fields in self.mappings(name))

    def plain(self, name: str) -> dict[str, str]:
        """A mapping of texts (labels, annotations)."""
        value = self._take(name, (dict,), "a mapping") or {}
        return {key: text_of(entry) for key, entry in value.items()}

    def names(self) -> tuple[str, ...]:
        """The fields that are there."""
        return tuple(self._value)

    def over(self, defaults: dict[str, Any]) -> "Fields":
        """The same with `templateDefaults` below it."""
        return Fields(with_defaults(self._value, defaults), self.where, self.file)

    def has(self, name: str) -> bool:
        """Whether the field is there, without taking it."""
        return self._value.get(name) is not None

    def ignore(self, *names: str) -> None:
        """Fields that have a meaning on a cluster and none here."""
        self._taken.update(names)
        found = _IGNORED.get()
        if found is not None:
            found.extend(name for name in names if self.has(name))

    def unsupported(self, *names: str) -> None:
        """Refuse fields that Argo has and this engine does not."""
        for name in names:
            if self.has(name):
                self.note("is not run by this engine; take it out, or run the manifest on a cluster", name)
            self._taken.add(name)

    def done(self) -> None:
        """Refuse whatever was not taken."""
        for name in self._value:
            if name not in self._taken:
                known = ", ".join(sorted(self._taken))
                self.note(f"is not a field that this engine knows; it knows {known}", name)


def _read[T](fields: Fields, reader: Callable[[Fields], T]) -> T:
    found = reader(fields)
    fields.done()
    return found


def _hint(value: Any) -> str:
    return "; put it in quotes" if isinstance(value, bool | int | float) else ""


def name_of(fields: Fields, pattern: re.Pattern[str] = _NAME) -> str:
    """The field `name`: letters, digits and `-` (for parameters and artifacts also `_`)."""
    name = fields.required("name")
    if not pattern.fullmatch(name) or len(name) > 128:
        fields.refuse(f"is {name!r}; wanted up to 128 letters, digits and '-'", "name")
    return name


def object_name(fields: Fields, field: str = "name") -> str:
    """The name of a Kubernetes object, as RFC 1123 has names of domains."""
    name = fields.required(field)
    if not OBJECT_NAME.fullmatch(name):
        wanted = "wanted small letters, digits, '-' and '.', the first and last a letter or digit"
        fields.refuse(f"is {name!r}; {wanted}", field)
    return name
