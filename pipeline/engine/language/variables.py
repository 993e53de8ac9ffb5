"""`{{…}}`: finding the tags of a text, and filling them in as the controller does.

The controller fills in a whole template at once, in passes (globals, then inputs, then outputs of tasks), and a pass
leaves alone what it does not know. So a value that itself holds a tag is filled in by a later pass, and `{{=…}}` is
evaluated wherever it comes from. That is what happens on a cluster, so it is copied here.
https://argo-workflows.readthedocs.io/en/latest/variables/
"""

import json
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
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
    """Whether a tag could be one of Argo's variables (other text in braces is left alone)."""
    return _TAG.fullmatch(tag.strip(SPACES)) is not None


def replace_text(text: str, lookup: Lookup, strict: Strict | None = None) -> str:
    """Fill in one text. A tag that `lookup` does not know stays, unless `strict` wants it. Without `strict`, an
    expression that fails stays too.

    Raises:
        Unresolved: a tag that `strict` wants is not known, an expression can never have a value, or a value is absent
            or cannot be put into a manifest.
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
    """Fill in every text of a frozen value (dataclass, tuple, mapping, list, text); the same value if none changed.

    Raises:
        Unresolved: as `replace_text`.
    """
    if isinstance(value, str):
        return replace_text(value, lookup, strict)
    if isinstance(value, tuple | list):
        replaced = [replace_all(entry, lookup, strict) for entry in value]
        return value if all(map(operator.is_, replaced, value)) else type(value)(replaced)
    if isinstance(value, Mapping):
        return {replace_all(key, lookup, strict): replace_all(entry, lookup, strict) for key, entry in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return _replace_fields(value, lookup, strict)
    return value


def _replace_fields(value: Any, lookup: Lookup, strict: Strict | None) -> Any:
    changes = {}
    for name in _names(value.__class__):
        old = getattr(value, name)
        if old and not isinstance(old, bool | int):
            new = replace_all(old, lookup, strict)
            if new is not old and new != old:
                changes[name] = new
    return replace(value, **changes) if changes else value


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
            yield from texts(getattr(value, name), f"{path}.{name}")


def go_json(value: Any, *, sort: bool = True) -> str:
    """JSON as Go writes it: compact, `<`, `>` and `&` escaped, whole floats without a point; the keys of a map sorted,
    those of a struct in their order."""
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


# The letters after workflow.creationTimestamp: https://argo-workflows.readthedocs.io/en/latest/variables/#global
_TIME_FORMATS: Final = {
    "B": "%B", "b": "%b", "m": "%m", "A": "%A", "a": "%a", "d": "%d", "H": "%H", "I": "%I",
    "M": "%M", "S": "%S", "Y": "%Y", "y": "%y", "p": "%p", "Z": "UTC", "z": "+0000", "L": ".000",
}  # fmt: skip


def rfc3339(at: float) -> str:
    """A point in time (seconds since 1970) as Kubernetes writes it, to the second."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def time_variables(name: str, at: float) -> dict[str, str]:
    """The forms in which Argo offers a point in time (whole seconds since 1970): RFC 3339, seconds, single letters."""
    time = datetime.fromtimestamp(int(at), UTC)
    letters = {f"{name}.{letter}": time.strftime(form) for letter, form in _TIME_FORMATS.items()}
    return {name: rfc3339(int(at)), f"{name}.RFC3339": rfc3339(int(at)), f"{name}.s": str(int(at)), **letters}
