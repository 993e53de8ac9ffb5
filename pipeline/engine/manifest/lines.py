"""The file and line of what a workflow is refused for: the checks know paths of fields, not lines."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pipeline.engine.manifest.documents import Located

_PATH: Final = re.compile(r"(?:\.[A-Za-z]\w*(?:\[[^\]]*\])*)+")
_STEP: Final = re.compile(r"\.(\w+)|\[([^\]]*)\]")
# Fields that paths call by this engine's own names.
_FIELDS: Final = {
    "retry": "retryStrategy", "on_exit": "onExit", "param": "withParam", "items": "withItems",
    "sequence": "withSequence", "source": "from", "expression": "fromExpression",
    "deadline_seconds": "activeDeadlineSeconds", "value_from": "valueFrom", "env_from": "envFrom",
    "working_dir": "workingDir", "json_path": "jsonPath",
}  # fmt: skip


def with_line(message: str, start: str, documents: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """The message of a refusal with file and line. `start`: how its message begins, `FILE: WORKFLOW`; `documents`: the
    workflow's own, then those it refers to, each with its file."""
    if not message.startswith(start):
        return message
    path = _PATH.match(message, len(start))
    steps = _STEP.findall(path[0]) if path else []
    wanted = min(len(steps), 2)  # a template that is not there is in another document
    for file, document in documents:
        line, found = _follow(document, steps)
        if line is not None and found >= wanted:
            return f"{file}, line {line}: {message.partition(': ')[2]}"
    return message


def _follow(document: Mapping[str, Any], steps: list[tuple[str, str]]) -> tuple[int | None, int]:
    """The line of a field, or of the innermost one around it that exists; and how many steps lead there."""
    spec = document.get("spec")
    value: Any = spec.get("workflowSpec", spec) if isinstance(spec, dict) else None
    line = document.lines.get("spec") if isinstance(document, Located) else None
    for number, (field, label) in enumerate(steps):
        if field and isinstance(value, Located):
            name = next((name for name in (field, _FIELDS.get(field, field)) if name in value), None)
            if name is None:
                return line, number
            line, value = value.lines[name], value[name]
        elif label and isinstance(value, list):
            value = _labelled(value, label)
            if value is None:
                return line, number
            line = min(value.lines.values(), default=line) if isinstance(value, Located) else line
        else:
            return line, number
    return line, len(steps)


def _labelled(values: list[Any], label: str) -> Any:
    """The entry of a list with that name or number; for groups of steps, a step of any group."""
    for value in values:
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict) and each.get("name") == label:
                return each
    return values[int(label)] if label.isdecimal() and int(label) < len(values) else None
