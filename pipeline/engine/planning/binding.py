"""Giving a template its inputs: arguments, then defaults, then every `{{…}}` that is known by now.

As in the controller this takes two passes: what is known everywhere (`workflow.…`, the node's own names), then the
inputs. The places of files (`{{inputs.artifacts.a.path}}` and the like) are filled in last, where the leaf is started.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from pipeline.engine.language.lookup import Lookup
from pipeline.engine.language.variables import Unresolved, go_json, replace_all
from pipeline.engine.spec import Artifact, Parameter, Template, Values

# The value of an argument that refers to the output of a skipped task: the input's default takes its place.
ABSENT_ARGUMENT: Final = "\0absent\0"


class NotBound(Exception):
    """A template cannot be given its inputs."""


def bind(template: Template, arguments: Values, known: Mapping[str, str], local: Mapping[str, str]) -> Template:
    """`template` with its inputs and all that is known by now.

    Raises:
        NotBound: an input is not given, or a value is absent.
    """
    given = {parameter.name: parameter.value for parameter in arguments.parameters}
    held = {artifact.name: artifact for artifact in arguments.artifacts}
    inputs = Values(
        tuple(_parameter(parameter, given) for parameter in template.inputs.parameters),
        tuple(_artifact(artifact, held) for artifact in template.inputs.artifacts),
    )
    return fill(replace(template, inputs=inputs), known, local)


def fill(template: Template, known: Mapping[str, str], local: Mapping[str, str]) -> Template:
    """`template`, whose inputs have values, with all that is known by now. Tasks and steps are filled in again when
    they start, so what changes with time is left to that."""
    if template.tasks:
        known = {name: value for name, value in known.items() if name != "workflow.duration"}
    try:
        first: Template = replace_all(template, lambda tag: local.get(tag, known.get(tag)))
        second: Template = replace_all(first, _with_inputs(first, known, local))
    except Unresolved as error:
        raise NotBound(str(error)) from None
    return second


def _with_inputs(template: Template, known: Mapping[str, str], local: Mapping[str, str]) -> Lookup:
    values = {f"inputs.parameters.{parameter.name}": parameter.value for parameter in template.inputs.parameters}

    def lookup(tag: str) -> object:
        for names in (values, local, known):
            if tag in names:
                return names[tag]
        return parameters_json(template.inputs.parameters) if tag == "inputs.parameters" else None

    return lookup


def _parameter(parameter: Parameter, given: Mapping[str, str | None]) -> Parameter:
    value = given.get(parameter.name)
    own = parameter.value if parameter.value is not None else parameter.default
    if value == ABSENT_ARGUMENT:
        if own is None:
            raise NotBound(
                f"inputs.parameters.{parameter.name}: argument references an absent optional "
                "(skipped/omitted node output with no default)"
            )
        value = own
    if value is None:
        value = own
    if value is None:
        raise NotBound(f"inputs.parameters.{parameter.name} was not supplied")
    return replace(parameter, value=value)


def _artifact(artifact: Artifact, held: Mapping[str, Artifact]) -> Artifact:
    found = held.get(artifact.name)
    if found is None:
        if not artifact.optional and not artifact.located:
            raise NotBound(f"inputs.artifacts.{artifact.name} was not supplied")
        return artifact
    return replace(found, path=artifact.path, mode=artifact.mode, optional=artifact.optional)


def parameters_json(parameters: tuple[Parameter, ...]) -> str:
    """A list of parameters as `{{workflow.parameters.json}}` and `{{inputs.parameters}}` give it."""
    entries = []
    for parameter in parameters:
        entry: dict[str, Any] = {"name": parameter.name}
        if parameter.default is not None:
            entry["default"] = parameter.default
        if parameter.value is not None:
            entry["value"] = parameter.value
        if parameter.enum:
            entry["enum"] = list(parameter.enum)
        if parameter.description:
            entry["description"] = parameter.description
        entries.append(entry)
    return go_json(entries, sort=False)
