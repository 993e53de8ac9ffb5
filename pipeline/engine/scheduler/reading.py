"""What a task or step can read during a run: `{{tasks.A.…}}`, the inputs of its dag, the `workflow.…` variables.

The outputs of a fan-out are combined into JSON lists, of the items that succeeded. The outputs of a skipped task are
its template's defaults, or absent. What the controller would wait for forever is an error here.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from pipeline.engine.language.lookup import ABSENT
from pipeline.engine.language.variables import go_json, rfc3339
from pipeline.engine.scheduler.state import Frame, Node, Run, StepsFrame
from pipeline.engine.spec import Artifact, Template


class NotJson(ValueError):
    """What an item of a fan-out printed is not JSON, so the results cannot be combined."""


class Reader:
    """The variables at one place in a dag or steps: those of the task `name`, or (if empty) of the outputs. `own`: the
    node of the task itself, for its hooks."""

    def __init__(self, run: Run, frame: Frame, name: str = "", own: Node | None = None) -> None:
        self._run = run
        self._frame = frame
        self._name = name
        self._own = own
        self._items = frame.items if isinstance(frame, StepsFrame) else {}
        self._prefix = f"{frame.template.prefix}."
        self._inputs = {
            f"inputs.parameters.{parameter.name}": parameter.value for parameter in frame.template.inputs.parameters
        }

    def __call__(self, tag: str) -> object:
        """A tag's value; ABSENT; None if it is not known."""
        if tag.startswith(self._prefix):
            name, _, what = tag.removeprefix(self._prefix).partition(".")
            if name in self._items and self._has_ended(name) and what.startswith("outputs."):
                return _combined(name, self._items[name], what)
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
        outputs = node.last_attempt.outputs if node is not None else None
        return outputs.artifacts.get(parts[4]) if outputs is not None else None

    def _node(self, name: str) -> Node | None:
        if self._own is not None and name == self._name:
            return self._own
        if not self._has_ended(name):
            return None
        if name in self._items:
            return self._items[name][0].owner  # the group of a fan-out among steps
        return self._frame.nodes.get(name)

    def _has_ended(self, name: str) -> bool:
        """Whether a task or step has certainly ended when this one begins."""
        if not self._name:
            return True
        if self._frame.template.steps is None or not isinstance(self._frame, StepsFrame):
            return self._depends_on(name)
        present = self._frame.template.steps[self._frame.number]
        return all(step.name != name for step in present)

    def _depends_on(self, other: str) -> bool:
        """Whether the task depends on `other`, directly or not."""
        conditions = self._frame.plan.conditions
        seen, todo = {self._name}, [self._name]
        while todo:
            before = conditions[todo.pop()].tasks
            if other in before:
                return True
            todo.extend(name for name in before if name not in seen)
            seen.update(before)
        return False

    def _of_node(self, node: Node, name: str, what: str) -> object:
        if node.type == "TaskGroup" and what.startswith("outputs."):
            return _combined(node.display_name, node.children.values(), what)
        skipped = node.phase in ("Skipped", "Omitted") and node.outputs is None
        if skipped and what.startswith("outputs.parameters."):
            task = self._frame.tasks[name]
            return _default(self._run.workflow.templates[task.template], what.removeprefix("outputs.parameters."))
        last = node.last_attempt
        if what == "status" and node is self._own:
            return node.phase  # of a retry node: its own while it runs
        if what in _OF_NODE:
            return _OF_NODE[what](last)
        if last.outputs is None:
            return None
        plain = {"exitCode": last.outputs.exit_code, "outputs.result": last.outputs.result}
        return plain[what] if what in plain else last.outputs.parameters.get(what.removeprefix("outputs.parameters."))


_OF_NODE: Final[Mapping[str, Callable[[Node], str | None]]] = {
    "id": lambda node: node.id,
    "status": lambda node: node.phase,
    "ip": lambda node: "127.0.0.1" if node.told else None,
    "startedAt": lambda node: rfc3339(node.started_at if node.started_at is not None else node.created_at),
    "finishedAt": lambda node: rfc3339(node.finished_at) if node.finished_at is not None else None,
}


def _default(template: Template, name: str) -> object:
    for parameter in template.outputs.parameters:
        if parameter.name == name:
            source = parameter.value_from
            return source.default if source is not None and source.default is not None else ABSENT
    return None


def _combined(name: str, items: Iterable[Node], what: str) -> str | None:
    """The outputs of a fan-out: those of the items that succeeded, in their order.

    Raises:
        NotJson: a result is not JSON.
    """
    found = [item.outputs for item in items if item.phase == "Succeeded" and item.outputs is not None]
    if what == "outputs.result":
        results = [_parsed_result(name, outputs.result) for outputs in found if outputs.result is not None]
        return json.dumps(results, separators=(",", ":"), ensure_ascii=False)
    if what == "outputs.parameters":
        return go_json([dict(outputs.parameters) for outputs in found if outputs.parameters])
    wanted = what.removeprefix("outputs.parameters.")
    values = [outputs.parameters[wanted] for outputs in found if wanted in outputs.parameters]
    return go_json(_parsed(values)) if values else None


def _parsed_result(name: str, result: str) -> Any:
    try:
        return json.loads(result)
    except ValueError:
        problem = f"an item of {name} printed {result[:60]!r}; the results of a fan-out must be JSON"
        raise NotJson(problem) from None


def _parsed(values: list[str]) -> list[Any]:
    """The values as lists and mappings if they all are, otherwise as texts."""
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
