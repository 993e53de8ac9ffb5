"""The arguments of a run: a workflow's own, or those that were given."""

from collections.abc import Mapping
from dataclasses import replace

from pipeline.engine.planning.config_maps import NoSuchKey, valued
from pipeline.engine.spec import Parameter, Values, Workflow
from pipeline.errors import UserError


def arguments_of(workflow: Workflow, given: Mapping[str, str]) -> Values:
    """A workflow's arguments with these parameters instead of its own.

    Raises:
        UserError: a parameter is unknown, or a value is missing or not in the parameter's enum.
    """
    known = {parameter.name for parameter in workflow.arguments.parameters}
    unknown = sorted(set(given) - known)
    if unknown:
        there = ", ".join(sorted(known)) or "none"
        raise UserError(f"{workflow.name} has no parameter {', '.join(unknown)}; it has {there}")
    variables = {f"workflow.parameters.{name}": value for name, value in given.items()}
    found = [_argument(workflow, each, given.get(each.name), variables) for each in workflow.arguments.parameters]
    return Values(tuple(found), workflow.arguments.artifacts)


def _argument(workflow: Workflow, parameter: Parameter, given: str | None, variables: Mapping[str, str]) -> Parameter:
    if given is None:
        try:
            parameter = valued(parameter, workflow.config_maps or {}, variables.get)
        except NoSuchKey as error:
            raise UserError(f"{workflow.name}: {error}; give {parameter.name}=…") from None
    own = parameter.value if parameter.value is not None else parameter.default
    value = given if given is not None else own
    if value is None:
        raise UserError(f"{workflow.name} needs a value for the parameter {parameter.name}; give {parameter.name}=…")
    if parameter.enum and value not in parameter.enum:
        raise UserError(f"the parameter {parameter.name} is {value!r}; it takes {', '.join(parameter.enum)}")
    return replace(parameter, value=value)
