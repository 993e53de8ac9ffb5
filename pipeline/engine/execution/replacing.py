"""Python functions in place of containers, scripts and resources: a manifest's control flow without its work.

A function gets the node's `Inputs` and returns its outputs: nothing; a text, as if the node had printed it; or a
mapping from their names, parameters and artifacts alike. An exception is a failed attempt, whose exit code is the
exception's `exit_code` (or that of `SystemExit`), else 1. For a resource, what a function returns is laid over the
object that would be applied, and the template's conditions and outputs read that.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pipeline.engine.execution import leaves
from pipeline.engine.execution.leaves import Outcome
from pipeline.engine.places import Place
from pipeline.engine.scheduler.events import Event
from pipeline.engine.scheduler.state import Node
from pipeline.engine.spec import Resource, Template, Workflow
from pipeline.errors import UserError

Function = Callable[["Inputs"], object]
_BROKEN: Final = 1


class Inputs(Mapping[str, str]):
    """What a node is given: its input parameters by name. `artifacts`: the paths of its input artifacts, by name.
    `node`: its name; `attempt`: 0 for the first. `manifest`: for a resource, the object to apply."""

    def __init__(
        self,
        parameters: Mapping[str, str],
        artifacts: Mapping[str, Path],
        node: str,
        attempt: int,
        manifest: Mapping[str, Any] | None = None,
    ) -> None:
        self._parameters = parameters
        self.artifacts = artifacts
        self.node, self.attempt, self.manifest = node, attempt, manifest

    def __getitem__(self, name: str) -> str:
        return self._parameters[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def __len__(self) -> int:
        return len(self._parameters)

    def __repr__(self) -> str:
        return f"Inputs({dict(self._parameters)}, node={self.node!r}, attempt={self.attempt})"


class Replacements:
    """Functions by the name of the template that each replaces.

    Raises:
        UserError: the workflow has no such template, or it starts nothing itself; names those that do.
    """

    def __init__(self, functions: Mapping[str, Function], workflow: Workflow) -> None:
        starting = {key: template for key, template in workflow.templates.items() if template.leaf}
        known = {template.name for template in starting.values()} | starting.keys()
        unknown = sorted(functions.keys() - known)
        if unknown:
            raise UserError(
                f"{workflow.name} has no container, script or resource template {', '.join(unknown)} to replace; "
                f"it has {', '.join(sorted(template.name for template in starting.values())) or 'none'}"
            )
        self._functions = functions

    def instead(self, node: Node, place: Place, *, printed: bool) -> Callable[[], Outcome] | None:
        """What to do instead of starting a leaf; None if no function replaces it."""
        template = node.bound
        function = self._functions.get(node.template) or self._functions.get(template.name if template else "")
        if template is None or function is None:
            return None
        if template.resource is not None:
            return lambda: leaves.apply(template, place, _Applying(function, node, place))
        return lambda: _called(function, template, node, place, printed=printed)

    def pauses(self, now: float) -> list[Event]:  # noqa: ARG002 - the clock skips them
        """None: a pause ends by itself."""
        return []


class _Applying:
    """Works on an object by asking a function what has become of it."""

    def __init__(self, function: Function, node: Node, place: Place) -> None:
        self._function, self._node, self._place = function, node, place

    def apply(self, manifest: dict[str, Any], *, log: Path) -> dict[str, Any]:  # noqa: ARG002 - it logs nothing
        template = self._node.bound
        inputs = _inputs(template, self._node, self._place, manifest) if template is not None else None
        try:
            found = self._function(inputs) if inputs is not None else None
        except (Exception, SystemExit) as error:
            raise ValueError(_said(error)) from None
        return {**manifest, **(found if isinstance(found, Mapping) else {})}

    def change(self, resource: Resource, manifest: dict[str, Any] | None, *, log: Path) -> dict[str, Any]:  # noqa: ARG002
        return self.apply(manifest or {}, log=log)

    def look(self, manifest: dict[str, Any]) -> dict[str, Any] | None:  # noqa: ARG002 - a function is asked once
        return None


def _called(function: Function, template: Template, node: Node, place: Place, *, printed: bool) -> Outcome:
    place.prepare()
    for artifact in template.inputs.artifacts:
        place.provide(artifact)
    try:
        _write(function(_inputs(template, node, place)), template, place)
    except (Exception, SystemExit) as error:
        code = _exit_code(error)
        if code != 0:
            place.stderr.write_text(_said(error) + "\n", encoding="utf-8")
            return leaves.gather(template, place, code, printed=printed)
    return leaves.gather(template, place, 0, printed=printed)


def _inputs(template: Template, node: Node, place: Place, manifest: Mapping[str, Any] | None = None) -> Inputs:
    parameters = {each.name: each.value or "" for each in template.inputs.parameters}
    artifacts = {each.name: place.local(each.path) for each in template.inputs.artifacts if each.path}
    whole = node.owner if node.owner is not None and node.is_attempt else node
    return Inputs(parameters, artifacts, whole.display_name, node.attempt, manifest)


def _write(found: object, template: Template, place: Place) -> None:
    """Put what a function returned where the template's outputs are read.

    Raises:
        UserError: it is neither a text nor a mapping, or names an output that the template does not have.
    """
    if found is None:
        return
    if isinstance(found, str):
        place.stdout.write_text(found, encoding="utf-8")
        return
    if not isinstance(found, Mapping):
        raise UserError(
            f"the function for {template.name} returned {found!r:.80}; wanted None, a text, or a mapping of its outputs"
        )
    files = {each.name: each.value_from.path for each in template.outputs.parameters if each.value_from is not None}
    paths = {**files, **{each.name: each.path for each in template.outputs.artifacts}}
    for name, value in found.items():
        if name not in paths:
            raise UserError(
                f"the function for {template.name} returned {name!r}, which is not an output of the template; "
                f"it has {', '.join(paths) or 'none'}"
            )
        _put(value, place.local(paths[name]))


def _put(value: object, target: Path) -> None:
    """A path is copied, file or folder; bytes and text are written as they are, anything else as JSON."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(value, Path) and value.is_dir():
        shutil.copytree(value, target, dirs_exist_ok=True)
    elif isinstance(value, Path):
        shutil.copyfile(value, target)
    else:
        target.write_bytes(value if isinstance(value, bytes) else _text(value).encode())


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _exit_code(error: BaseException) -> int:
    code = error.code if isinstance(error, SystemExit) else getattr(error, "exit_code", _BROKEN)
    return (code if isinstance(code, int) else _BROKEN) if code is not None else 0


def _said(error: BaseException) -> str:
    text = leaves.explain(error)
    name = type(error).__name__
    return text if isinstance(error, UserError) or text == name else f"{name}: {text}"
