"""The names and types of the fields that Argo's manifests may have: facts, read of Argo's JSON schemas, without texts.

`schema.json` holds for each type its fields, and for each field a word (`text`, `number`, `flag`, `any`) or the type of
the mapping that it holds, in `[…]` where it is a list of these and in `{…}` where it is a mapping of names to these.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from pipeline.engine.manifest.workflows import KINDS

STORED: Final = Path(__file__).parent / "schema.json"
_WORDS: Final = {"string": "text", "integer": "number", "number": "number", "boolean": "flag"}
_PREFIX: Final = "io.argoproj.workflow.v1alpha1."
_TEXTS: Final = ("Time", "Quantity", "IntOrString", "MicroTime")
_HOOKS: Final = "LifecycleHooks"

Types = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Schema:
    """The fields of all types. `only`: the versions of Argo that have a field `Type.field`, if not all `versions`."""

    versions: Sequence[str]
    types: Types
    only: Mapping[str, str]


@cache
def load() -> Schema:
    """What is stored."""
    return Schema(**json.loads(STORED.read_text(encoding="utf-8")))


def written(schema: Schema) -> str:
    """A schema as JSON, a line for each type."""
    types = ",\n".join(f"  {json.dumps(name)}: {json.dumps(fields)}" for name, fields in schema.types.items())
    head = f'"versions": {json.dumps(schema.versions)},\n "only": {json.dumps(schema.only, indent=2)}'
    return f'{{\n {head},\n "types": {{\n{types}\n }}\n}}\n'


def of_files(files: Mapping[str, Path]) -> Schema:
    """The fields of several versions of Argo, given by the file `api/jsonschema/schema.json` of each."""
    found = {version: _types(json.loads(file.read_text(encoding="utf-8"))["definitions"])
             for version, file in files.items()}  # fmt: skip
    types: Types = {}
    having: dict[str, list[str]] = {}
    for version, each in found.items():
        for name, fields in each.items():
            types.setdefault(name, {}).update(fields)
            for field in fields:
                having.setdefault(f"{name}.{field}", []).append(version)
    only = {field: ", ".join(those) for field, those in sorted(having.items()) if len(those) < len(found)}
    return Schema(list(found), {name: dict(sorted(fields.items())) for name, fields in sorted(types.items())}, only)


def _types(definitions: Mapping[str, Any]) -> Types:
    """The types that our kinds lead to."""
    types: Types = {}
    todo = [_PREFIX + kind for kind in KINDS]
    while todo:
        name = todo.pop()
        if _short(name) in types:
            continue
        types[_short(name)] = found = {}
        for field, schema in (definitions[name].get("properties") or {}).items():
            found[field], referred = _kind(schema, definitions)
            todo += [referred] if referred else []
    hook = {"exit": "LifecycleHook", "any other name": "LifecycleHook"}
    return {**types, _HOOKS: hook}


def _kind(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> tuple[str, str]:
    """The word for a field, and the type that it refers to."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if _short(name) in _TEXTS or _short(name) == "Amount":
            return "text", ""
        if "items" in definitions[name]:
            return _kind(definitions[name], definitions)
        return ("any", "") if _short(name) == "Item" else (_short(name), name)
    if schema.get("type") == "array":
        word, referred = _kind(schema["items"], definitions)
        return f"[{word}]", referred
    if "additionalProperties" in schema:
        word, referred = _kind(schema["additionalProperties"], definitions)
        return (_HOOKS if word == "LifecycleHook" else f"{{{word}}}"), referred
    return _WORDS.get(schema.get("type", ""), "any"), ""


def _short(name: str) -> str:
    return name.rpartition(".")[2]
