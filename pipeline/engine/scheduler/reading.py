"""What a task or step can read while a run goes on: `{{tasks.A.…}}`, the inputs of its dag, the `workflow.…` variables.

A fan-out's outputs come together as JSON lists, of the items that succeeded. A skipped task's outputs are its
template's defaults, or absent. What the controller would wait for, for ever, is an error here.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from pipeline.engine.language.lookup import ABSENT
from pipeline.engine.language.variables import go_json
from pipeline.engine.scheduler.state import Frame, Node, Run
from pipeline.engine.spec import Artifact, Template


class NotJson(ValueError):
    """What an item of a fan-out printed is no JSON, so the results cannot come together."""


class Reader:
    """The variables of one place in a dag or steps: of the task `name`, or (empty) of the outputs. `own`: the node of
    the task itself, for its exit hook."""

    def __init__(self, run: Run, frame: Frame, name: str = "", own: Node | None = None) -> None:
        self._run = run
        self._frame = frame
        self._name = name
        self._own = own
        self._prefix = f"{frame.template.prefix}."
        self._inputs = {
            f"inputs.parameters.{parameter.name}": parameter.value for parameter in frame.template.inputs.parameters
        }

    def __call__(self, tag: str) -> object:
        """A tag's value; ABSENT; None where it is not known."""
        if tag.startswith(self._prefix):
            name, _, what = tag.removeprefix(self._prefix).partition(".")
            if name in self._frame.items and self._has_ended(name) and what.startswith("outputs."):
                return _together(name, self._frame.items[name], what)
            node = self._node(name)
            return None if node is None else self._of_node(node, name, what)
        if tag in self._inputs:
            return self._inputs[tag]
        return self._run.variables.get(tag)

    def artifact(self, tag: str) -> Artifact | None:
        """The artifact that a reference leads to."""
        if tag.startswith("inputs.artifacts."):
            name = tag.removeprefix("inputs.artifacts.")
            found = (artifact for artifact in self._frame.template.inputs.artifacts if artifact.name == name)
            return next((artifact for artifact in found if artifact.located), None)
        if tag.startswith("workflow.outputs.artifacts."):
            return self._run.outputs.artifacts.get(tag.removeprefix("workflow.outputs.artifacts."))
        parts = tag.split(".")
        node = self._node(parts[1]) if len(parts) == 5 and parts[0] == self._frame.template.prefix else None
        outputs = _last(node).outputs if node is not None else None
        return outputs.artifacts.get(parts[4]) if outputs is not None else None

    def _node(self, name: str) -> Node | None:
        if self._own is not None and name == self._name:
            return self._own
        if not self._has_ended(name):
            return None
        if name in self._frame.items:
            return self._frame.items[name][0].owner  # of a fan-out among steps, its group
        return self._frame.nodes.get(name)

    def _has_ended(self, name: str) -> bool:
        """Whether a task or step has ended wherever this one begins."""
        if not self._name:
            return True
        if self._frame.template.steps is None:
            return self._before(name)
        present = self._frame.template.steps[self._frame.number]
        return all(step.name != name for step in present)

    def _before(self, other: str) -> bool:
        """Whether the task depends on `other`, directly or not."""
        conditions = self._frame.plan.conditions
        seen, todo = {self._name}, [self._name]
        while todo:
            after = conditions[todo.pop()].tasks
            if other in after:
                return True
            todo.extend(name for name in after if name not in seen)
            seen.update(after)
        return False

    def _of_node(self, node: Node, name: str, what: str) -> object:  # noqa: PLR0911 - one for each kind of value
        if node.type == "TaskGroup" and what.startswith("outputs."):
            return _together(node.display_name, node.children.values(), what)
        skipped = node.phase in ("Skipped", "Omitted") and node.outputs is None
        if skipped and what.startswith("outputs.parameters."):
            task = self._frame.tasks[name]
            return _default(self._run.workflow.templates[task.template], what.removeprefix("outputs.parameters."))
        last = _last(node)
        if what in _PLAIN:
            return _PLAIN[what](last)
        outputs = last.outputs
        if outputs is None:
            return None
        if what == "exitCode":
            return outputs.exit_code
        if what == "outputs.result":
            return outputs.result
        return outputs.parameters.get(what.removeprefix("outputs.parameters."))


def _time(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_PLAIN: Final[Mapping[str, Callable[[Node], str | None]]] = {
    "id": lambda node: node.id,
    "status": lambda node: node.phase,
    "startedAt": lambda node: _time(node.started_at if node.started_at is not None else node.created_at),
    "finishedAt": lambda node: _time(node.finished_at),
}


def _last(node: Node) -> Node:
    """The node whose outputs count: of a retry node, the last attempt."""
    return node.attempts[-1] if node.attempts else node


def _default(template: Template, name: str) -> object:
    for parameter in template.outputs.parameters:
        if parameter.name == name:
            source = parameter.value_from
            return source.default if source is not None and source.default is not None else ABSENT
    return None


def _together(name: str, items: Iterable[Node], what: str) -> str | None:
    """A fan-out's outputs, of the items that succeeded, in their order.

    Raises:
        ValueError: a result is not JSON.
    """
    done = [item for item in items if item.phase == "Succeeded" and item.outputs is not None]
    found = [item.outputs for item in done if item.outputs is not None]
    if what == "outputs.result":
        results = [_json(name, outputs.result) for outputs in found if outputs.result is not None]
        return json.dumps(results, separators=(",", ":"), ensure_ascii=False)
    if what == "outputs.parameters":
        return go_json([dict(outputs.parameters) for outputs in found if outputs.parameters])
    wanted = what.removeprefix("outputs.parameters.")
    values = [outputs.parameters[wanted] for outputs in found if wanted in outputs.parameters]
    return go_json(_parsed(values)) if values else None


def _json(name: str, result: str) -> Any:
    try:
        return json.loads(result)
    except ValueError:
        problem = f"an item of {name} printed {result[:60]!r}; the results of a fan-out must be JSON"
        raise NotJson(problem) from None


def _parsed(values: list[str]) -> list[Any]:
    """The values as lists and mappings where all of them are such, as texts otherwise."""
    parsed = []
    for value in values:
        try:
            entry = json.loads(value)
        except ValueError:
            return list(values)
        if not isinstance(entry, list | dict):
            return list(values)
        parsed.append(entry)
    return parsed
