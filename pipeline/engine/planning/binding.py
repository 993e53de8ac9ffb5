"""Giving a template its inputs: arguments, then defaults, then every `{{…}}` that is already known.

As in the controller this takes two passes: what is known everywhere (`workflow.…`, the node's own names), then the
inputs. Paths of files (`{{inputs.artifacts.a.path}}` and the like) are filled in last, when the leaf starts.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from pipeline.engine.language.lookup import Lookup
from pipeline.engine.language.paths import is_absolute
from pipeline.engine.language.variables import Unresolved, go_json, replace_all
from pipeline.engine.planning.config_maps import ConfigMaps, NoSuchKey, valued
from pipeline.engine.spec import Artifact, Parameter, Template, Values

# The value of an argument that refers to an output of a skipped task: the input's default takes its place.
ABSENT_ARGUMENT: Final = "\0absent\0"


class NotBound(Exception):
    """A template cannot be given its inputs."""


def bind(
    template: Template,
    arguments: Values,
    known: Mapping[str, str],
    local: Mapping[str, str],
    config_maps: ConfigMaps | None = None,
) -> Template:
    """`template` with its inputs and all else that is already known. `config_maps`: of which inputs have their values.

    Raises:
        NotBound: an input is not given, or a value is absent.
    """
    given = {parameter.name: parameter for parameter in arguments.parameters}
    held = {artifact.name: artifact for artifact in arguments.artifacts}
    inputs = Values(
        tuple(_parameter(parameter, given, config_maps or {}, known) for parameter in template.inputs.parameters),
        tuple(_artifact(artifact, held) for artifact in template.inputs.artifacts),
    )
    return fill(replace(template, inputs=inputs), known, local)


def fill(template: Template, known: Mapping[str, str], local: Mapping[str, str]) -> Template:
    """`template`, whose inputs have values, with all else that is already known. Tasks and steps are filled in again
    when they start, so what changes with time is left until then."""
    if template.tasks:
        known = {name: value for name, value in known.items() if name != "workflow.duration"}
    given: set[str] = set()
    try:
        first: Template = replace_all(template, _noting(lambda tag: local.get(tag, known.get(tag)), given))
        second: Template = replace_all(first, _noting(_with_inputs(first, known, local), given))
    except Unresolved as error:
        raise NotBound(str(error)) from None
    return replace(second, given_paths=tuple(sorted(given.union(template.given_paths)))) if given else second


def _noting(lookup: Lookup, given: set[str]) -> Lookup:
    """The same lookup; absolute paths that it finds are added to `given`."""

    def noted(tag: str) -> object:
        value = lookup(tag)
        if isinstance(value, str) and is_absolute(value):
            given.add(value)
        return value

    return noted


def _with_inputs(template: Template, known: Mapping[str, str], local: Mapping[str, str]) -> Lookup:
    values = {f"inputs.parameters.{parameter.name}": parameter.value for parameter in template.inputs.parameters}

    def lookup(tag: str) -> object:
        for names in (values, local, known):
            if tag in names:
                return names[tag]
        if tag != "inputs.parameters":
            return None
        return parameters_json(template.inputs.parameters) if template.inputs.parameters else "null"

    return lookup


def _parameter(
    parameter: Parameter, given: Mapping[str, Parameter], config_maps: ConfigMaps, known: Mapping[str, str]
) -> Parameter:
    argument = given.get(parameter.name)
    try:
        argument = argument and valued(argument, config_maps, known.get)
        value = argument.value if argument is not None else None
        parameter = valued(parameter, config_maps, known.get) if value is None else parameter
    except NoSuchKey as error:
        raise NotBound(f"inputs.parameters.{parameter.name}: {error}") from None
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
    """A list of parameters as in `{{workflow.parameters.json}}` and `{{inputs.parameters}}`."""
    entries: list[dict[str, Any]] = []
    for each in parameters:
        entry: dict[str, Any] = {"name": each.name, "default": each.default, "value": each.value}
        entry |= {"enum": list(each.enum) or None, "description": each.description or None}
        entries.append({name: value for name, value in entry.items() if value is not None})
    return go_json(entries, sort=False)
