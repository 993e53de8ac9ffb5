"""`{{…}}`: finding the tags of a text, and filling them in as the controller does.

The controller fills in a whole template at once, in passes (globals, then inputs, then what tasks have put out), and
leaves alone what a pass does not know. A value that itself holds a tag is therefore filled in by a later pass. That is
copied here, for it is what happens on a cluster; and so is it that `{{=…}}` is run wherever it comes from.
https://argo-workflows.readthedocs.io/en/latest/variables/
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, Final

from pipeline.engine.language.lookup import ABSENT, SPACES, Lookup, unquotable

_TAG = re.compile(r"[A-Za-z][\w-]*(\.[\w\[\]-]+)*")


Strict = Callable[[str], bool]  # whether a tag must have a value


class Unresolved(Exception):
    """A tag that must have a value has none."""


def tags(text: str) -> Iterator[str]:
    """The tags of a text, as written between the braces."""
    position = 0
    while (start := text.find("{{", position)) >= 0 and (end := text.find("}}", start + 2)) >= 0:
        yield text[start + 2 : end]
        position = end + 2


def is_name(tag: str) -> bool:
    """Whether a tag could be a variable of Argo's (other text in braces is left alone)."""
    return _TAG.fullmatch(tag.strip(SPACES)) is not None


def replace_text(text: str, lookup: Lookup, strict: Strict | None = None) -> str:
    """Fill in one text. A tag that `lookup` does not know stays, unless `strict` wants it. Without `strict`, an
    expression that fails stays too.

    Raises:
        Unresolved: a tag wanted by `strict` is not known, a value is absent, cannot be put into a manifest, or is an
            expression that can have no value.
    """
    if "{{" not in text:
        return text
    parts = []
    position = 0
    while (start := text.find("{{", position)) >= 0 and (end := text.find("}}", start + 2)) >= 0:
        parts.append(text[position:start])
        tag = text[start + 2 : end]
        parts.append((_computed if tag.startswith("=") else _value)(tag, lookup, strict))
        position = end + 2
    parts.append(text[position:])
    return "".join(parts)


def _computed(tag: str, lookup: Lookup, strict: Strict | None) -> str:
    from pipeline.engine.language.expr.errors import NotEvaluated  # noqa: PLC0415 - loaded where an expression is met
    from pipeline.engine.language.expr.tags import render  # noqa: PLC0415

    try:
        value = render(tag[1:], lookup, strict)
    except NotEvaluated as error:
        raise Unresolved(f"{{{{{tag}}}}}: {error}") from None
    return f"{{{{{tag}}}}}" if value is None else value


def _value(tag: str, lookup: Lookup, strict: Strict | None) -> str:
    value = lookup(tag.strip(SPACES))
    nested = tag.rfind("{{")
    if value is None and nested > 0:
        inner = lookup(tag[nested + 2 :])
        if inner is ABSENT:
            raise Unresolved(
                f"unable to substitute nested tag {{{{{tag}}}}}: {tag[nested + 2 :]} is an absent optional"
            )
        if isinstance(inner, str):
            return "{{" + tag[:nested] + inner
    if value is ABSENT:
        raise Unresolved(f"{{{{{tag}}}}} has no value: its task was skipped or omitted, and it has no default")
    if value is None:
        if strict is not None and strict(tag.strip(SPACES)):
            raise Unresolved(f"failed to resolve {{{{{tag}}}}}")
        return f"{{{{{tag}}}}}"
    found = str(value)
    if unquotable(found):
        raise Unresolved(
            f"cannot finish template replacement because the result was invalid JSON: the value of {{{{{tag}}}}} holds "
            "a control character"
        )
    return found


def replace_all(value: Any, lookup: Lookup, strict: Strict | None = None) -> Any:
    """Fill in every text of a frozen value (dataclass, tuple, mapping, list, text); the same value where none changed.

    Raises:
        Unresolved: as `replace_text`.
    """
    if isinstance(value, str):
        return replace_text(value, lookup, strict)
    if isinstance(value, tuple | list):
        replaced = [replace_all(entry, lookup, strict) for entry in value]
        return value if all(map(_same, replaced, value)) else type(value)(replaced)
    if isinstance(value, Mapping):
        return {replace_all(key, lookup, strict): replace_all(entry, lookup, strict) for key, entry in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        changes = {}
        for name in _names(type(value)):
            old = getattr(value, name)
            if old and not isinstance(old, bool | int):
                new = replace_all(old, lookup, strict)
                if new is not old and new != old:
                    changes[name] = new
        return replace(value, **changes) if changes else value
    return value


def _same(one: object, other: object) -> bool:
    return one is other


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text within a frozen value, with the path of fields that leads to it."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, tuple | list):
        for number, entry in enumerate(value):
            label = getattr(entry, "name", number)
            yield from texts(entry, f"{path}[{label}]")
    elif isinstance(value, Mapping):
        for key, entry in value.items():
            yield from texts(entry, f"{path}.{key}")
    elif is_dataclass(value):
        for name in _names(value.__class__):
            yield from texts(getattr(value, name), f"{path}.{name}" if path else name)


def go_json(value: Any, *, sort: bool = True) -> str:
    """JSON as Go writes it: compact, `<`, `>` and `&` escaped, whole floats without a point; a map's keys sorted, a
    struct's as they come."""
    text = json.dumps(_whole(value), sort_keys=sort, separators=(",", ":"), ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_whole(entry) for entry in value]
    return value


# https://argo-workflows.readthedocs.io/en/latest/variables/#global: the letters after workflow.creationTimestamp.
_TIME_FORMATS: Final = {
    "B": "%B", "b": "%b", "m": "%m", "A": "%A", "a": "%a", "d": "%d", "H": "%H", "I": "%I",
    "M": "%M", "S": "%S", "Y": "%Y", "y": "%y", "p": "%p", "Z": "UTC", "z": "+0000",
}  # fmt: skip


def time_variables(name: str, at: datetime) -> dict[str, str]:
    """The forms of a point in time (UTC) that Argo offers: RFC 3339, seconds, and a letter each."""
    rfc3339 = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    forms = {f"{name}.{letter}": at.strftime(form) for letter, form in _TIME_FORMATS.items()}
    milliseconds = f".{at.microsecond // 1000:03d}"
    return {name: rfc3339, f"{name}.RFC3339": rfc3339, f"{name}.s": str(int(at.timestamp())), **forms,
            f"{name}.L": milliseconds}  # fmt: skip
