"""Fan-outs: from `withItems`, `withParam` or `withSequence` to a task for each item, named as the controller does:
`task(0:first)`, `task(1:key:value,other:value)`.
https://argo-workflows.readthedocs.io/en/latest/walk-through/loops/
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from pipeline.engine.language import when
from pipeline.engine.language.lookup import Lookup
from pipeline.engine.language.numbers import in_json
from pipeline.engine.language.variables import Unresolved, replace_all
from pipeline.engine.spec import Sequence, Task

MOST_ITEMS: Final = 20_000


class NotExpanded(Exception):
    """A fan-out's items cannot be had."""


class Number(str):
    """A JSON number, as it was written."""

    __slots__ = ()


def expand(task: Task, lookup: Lookup, *, in_dag: bool = False) -> list[Task]:
    """A task for each item, with `{{item}}` filled in; the task itself if it is not a fan-out.

    Raises:
        NotExpanded: the items are not a list, are too many, or a variable of one has no value.
    """
    if not task.expands:
        return [task]
    try:
        items = _items(task)
    except NotExpanded:
        if not _never_runs(task):
            raise
        items = []
    if len(items) > MOST_ITEMS:
        raise NotExpanded(f"{task.name} has {len(items)} items; this engine takes up to {MOST_ITEMS} in one fan-out")
    single = replace(task, items=(), param="", sequence=None, on_exit=None, hooks=None)
    lenient = _never_runs(task)
    if in_dag and not lenient:
        _refuse_unknown_tags(task, lookup)
    found = [_of_item(single, number, item, lookup, lenient) for number, item in enumerate(items)]
    if not task.all_hooks:
        return found
    hooks = [replace_all((task.on_exit, task.hooks), _variables(item).get) for item in items]
    return [replace(one, on_exit=last, hooks=others) for one, (last, others) in zip(found, hooks, strict=True)]


def _never_runs(task: Task) -> bool:
    try:
        return not when.holds(task.when)
    except when.NotEvaluated:
        return False


def _items(task: Task) -> list[Any]:
    if task.items:
        return [_written(item) for item in task.items]
    if task.sequence is not None:
        return list(_numbers(task.sequence))
    try:
        items = json.loads(task.param, parse_int=Number, parse_float=Number, parse_constant=Number)
    except ValueError as error:
        items = error
    if not isinstance(items, list):
        why = f": {items}" if isinstance(items, ValueError) else ""
        raise NotExpanded(f"withParam value could not be parsed as a JSON list: {task.param.strip():.200}{why}")
    return items


def _written(item: Any) -> Any:
    """An item with its numbers as JSON has them."""
    if isinstance(item, dict):
        return {key: _written(value) for key, value in item.items()}
    if isinstance(item, list):
        return [_written(value) for value in item]
    return Number(in_json(item)) if isinstance(item, int | float) and not isinstance(item, bool) else item


def _numbers(sequence: Sequence) -> Iterator[str]:
    start = _whole(sequence.start) if sequence.start is not None else 0
    if sequence.end is not None:
        end = _whole(sequence.end)
    else:
        count = _whole(sequence.count or "")
        if count == 0:
            return
        end = start + count - 1
    if abs(end - start) >= MOST_ITEMS:
        raise NotExpanded(f"withSequence from {start} to {end} is longer than the {MOST_ITEMS} that this engine takes")
    for number in range(start, end + 1) if start <= end else range(start, end - 1, -1):
        try:
            yield (sequence.format or "%d") % number
        except (TypeError, ValueError) as error:
            raise NotExpanded(f"withSequence.format {sequence.format!r}: {error}") from None


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise NotExpanded(f"withSequence has {text!r}; wanted a whole number") from None


def _refuse_unknown_tags(task: Task, lookup: Lookup) -> None:
    """In a dag the controller fills in the items too: an unknown tag in one is an error."""
    try:
        replace_all((task.items, task.param), lambda tag: "" if tag.startswith("item") else lookup(tag), lambda _: True)
    except Unresolved as error:
        raise NotExpanded(str(error)) from None


def _variables(item: Any) -> dict[str, str]:
    own = {"item": _text(item)}
    return own | {f"item.{key}": _label(value) for key, value in item.items()} if isinstance(item, dict) else own


def _of_item(task: Task, number: int, item: Any, lookup: Lookup, lenient: bool) -> Task:
    variables = _variables(item)
    try:
        found: Task = replace_all(
            task,
            lambda tag: variables[tag] if tag in variables else lookup(tag),
            None if lenient else lambda _: True,
        )
    except Unresolved as error:
        raise NotExpanded(str(error)) from None
    label = _name(item).replace("(", "").replace(")", "")
    return replace(found, name=f"{task.name}({number}:{label})", template=task.template)


def _text(item: Any) -> str:
    """The value of `{{item}}`: a text as it is, a number as written, anything else as JSON."""
    return item if isinstance(item, str) else _json(item)


def _label(item: Any) -> str:
    """The value of `{{item.key}}`, and of an item in a name: like JSON, but a text without quotes."""
    if isinstance(item, Number) or not isinstance(item, str):
        return _text(item)
    return json.dumps(item, ensure_ascii=False)[1:-1]


def _name(item: Any) -> str:
    if item is None:
        return "[]"
    if isinstance(item, dict):
        return ",".join(sorted(f"{key}:{_label(value)}" for key, value in item.items()))
    if isinstance(item, list):
        return f"[{' '.join(map(_label, item))}]"
    return _label(item)


def _json(value: Any) -> str:
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{_json(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
