"""`resource` templates: when an applied object is done or has failed, and what is read from it.

Conditions are Kubernetes label selectors over the object's fields (`status.state == Available, status.replicas in (1,
2)`); outputs are kubectl's JSONPath, of which plain fields and list positions are supported.
https://argo-workflows.readthedocs.io/en/latest/walk-through/kubernetes-resources/
"""

import json
import re
from typing import Any, Final

from pipeline.engine.language.variables import go_json

_KEY: Final = r"[\w./#@-]+"
_REQUIREMENT: Final = re.compile(
    rf"\s*(?:(?P<absent>!)\s*(?P<missing>{_KEY})"
    rf"|(?P<key>{_KEY})\s*(?:(?P<symbol>==|!=|=|>|<)\s*(?P<value>[\w.-]*)"
    rf"|\s(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?)\s*(?:,|$)"
)
_RELAXED: Final = re.compile(r"^\{([^{}]+)\}$|^([^{}]+)$")
_STEP: Final = re.compile(r"\.([\w-]+(?:\\.[\w-]+)*)|\['((?:[^'\\]|\\.)*)'\]|\[(\d+)\]")


def requirements(condition: str) -> list[re.Match[str]] | None:
    """The parts of a condition, all of which must hold; None if it is not one."""
    found, position = [], 0
    while position < len(condition):
        match = _REQUIREMENT.match(condition, position)
        if match is None or match.end() == position:
            return None
        found.append(match)
        position = match.end()
    return found


def meets(requirement: re.Match[str], manifest: dict[str, Any]) -> bool:
    """Whether an object meets one part of a condition."""
    value = _field(manifest, (requirement["key"] or requirement["missing"]).split("."))
    if requirement["absent"]:
        return value is None
    if requirement["set"]:
        wanted = {each.strip() for each in requirement["values"].split(",")}
        return (value in wanted) if requirement["set"] == "in" else (value not in wanted)
    match requirement["symbol"]:
        case None:
            return value is not None
        case "!=":
            return value != requirement["value"]
        case ">" | "<" as symbol:
            one, other = _whole(value), _whole(requirement["value"])
            return one is not None and other is not None and (one > other if symbol == ">" else one < other)
    return value == requirement["value"]


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"-?\d+", text) else None


def _field(value: Any, path: list[str]) -> str | None:
    for name in path:
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
        if value is None:
            return None
    return value if isinstance(value, str) else json.dumps(value)


def steps(path: str) -> list[str | int] | None:
    """The fields and list positions of a JSONPath; None if it has anything else."""
    text = path.strip()
    relaxed = _RELAXED.match(text)  # as kubectl takes it, without braces or a point
    if relaxed is None:
        return None
    text = (relaxed[1] or relaxed[2]).strip().removeprefix("$")
    text = text if text.startswith((".", "[")) else f".{text}"
    found: list[str | int] = []
    position = 0
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None:
            return None
        name = match[1] if match[1] is not None else match[2]
        found.append(int(match[3]) if name is None else name.replace("\\", ""))
        position = match.end()
    return found or None


def read_json_path(path: str, manifest: dict[str, Any]) -> str:
    """The text that kubectl prints for `path`: empty if there is no such field.

    Raises:
        ValueError: this engine does not support such a path.
    """
    found = steps(path)
    if found is None:
        raise ValueError(f"jsonPath {path!r} is not run by this engine")
    value: Any = manifest
    for step in found:
        if isinstance(step, str) and isinstance(value, dict):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list) and step < len(value):
            value = value[step]
        else:
            return ""
    if value is None:
        return ""
    return value if isinstance(value, str) else go_json(value)
