"""Reading parameters and artifacts: inputs, outputs, arguments."""

from collections.abc import Iterable
from functools import partial
from typing import Final, Literal

from pipeline.engine.language import resources
from pipeline.engine.language.paths import is_absolute
from pipeline.engine.manifest.fields import VALUE_NAME, Fields, name_of
from pipeline.engine.manifest.leaves.locations import read_location
from pipeline.engine.spec import Artifact, Parameter, ValueFrom, Values

Role = Literal["inputs", "outputs", "arguments"]
_OF_OUTPUTS: Final = ("path", "jsonPath", "parameter", "expression", "supplied")


def read_values(fields: Fields, role: Role) -> Values | None:
    """The field `inputs`, `outputs` or `arguments`."""
    return fields.read(role, partial(_values, role=role))


def _values(fields: Fields, role: Role) -> Values:
    parameters = fields.read_each("parameters", partial(_parameter, role=role))
    artifacts = fields.read_each("artifacts", partial(_artifact, role=role))
    for values in (parameters, artifacts):
        names = [value.name for value in values]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            fields.refuse(f"names {twice!r} twice")
    if role == "outputs":
        fields.unsupported("result", "exitCode")
    return Values(parameters, artifacts)


def _parameter(fields: Fields, role: Role) -> Parameter:
    name = name_of(fields, VALUE_NAME)
    enum = fields.any_texts("enum")
    parameter = Parameter(
        name=name,
        value=fields.any_text("value"),
        default=fields.any_text("default"),
        value_from=fields.read("valueFrom", partial(_value_from, role=role)),
        enum=enum,
        description=fields.text("description"),
        global_name=_global_name(fields, role),
    )
    if role == "outputs" and (parameter.value_from is None) == (parameter.value is None):
        fields.refuse("or value must say where an output parameter's value comes from, one of them", "valueFrom")
    if parameter.value is not None and enum and "{{" not in parameter.value and parameter.value not in enum:
        fields.refuse(f"is {parameter.value!r}, which is not in its enum {', '.join(enum)}", "value")
    return parameter


def _global_name(fields: Fields, role: Role) -> str:
    name = fields.text("globalName")
    if name and role != "outputs":
        fields.refuse("is only for outputs", "globalName")
    return name


def _value_from(fields: Fields, role: Role) -> ValueFrom:
    fields.unsupported("jqFilter", "event")
    _only_of(fields, role, _OF_OUTPUTS, ("configMapKeyRef",))
    if role != "outputs":
        name, key = fields.read("configMapKeyRef", _key_of_config_map) or fields.refuse("is missing", "configMapKeyRef")
        return ValueFrom(config_map=name, key=key, default=fields.any_text("default"))
    source = ValueFrom(
        path=fields.text("path"),
        json_path=fields.text("jsonPath"),
        parameter=fields.text("parameter"),
        expression=fields.text("expression"),
        supplied=fields.mapping("supplied") is not None,
        default=fields.any_text("default"),
    )
    ways = (source.path, source.json_path, source.parameter, source.expression, source.supplied)
    if sum(map(bool, ways)) != 1:
        fields.refuse("must have exactly one of path, jsonPath, parameter, expression, supplied")
    if "{{" not in source.json_path and source.json_path and resources.steps(source.json_path) is None:
        fields.refuse(f"is {source.json_path!r}; this engine runs plain paths, as {{.status.address.url}}", "jsonPath")
    return source


def _only_of(fields: Fields, role: Role, of_outputs: Iterable[str], of_others: Iterable[str]) -> None:
    """Refuse what is only of outputs elsewhere, and what is only of others in outputs."""
    wrong, there = (of_others, "inputs and arguments") if role == "outputs" else (of_outputs, "outputs")
    for name in filter(fields.has, wrong):
        fields.refuse(f"is only for {there}", name)


def _key_of_config_map(fields: Fields) -> tuple[str, str]:
    fields.ignore("optional")  # which the controller ignores too
    return fields.required("name"), fields.required("key")


def _artifact(fields: Fields, role: Role) -> Artifact:
    fields.unsupported("recurseMode")
    _only_of(fields, role, (), ("raw", "git"))
    fields.ignore("artifactGC", "archiveLogs", "description", "deleted")
    artifact = Artifact(
        name=name_of(fields, VALUE_NAME),
        path=fields.text("path"),
        source=fields.text("from"),
        expression=fields.text("fromExpression"),
        global_name=_global_name(fields, role),
        raw=fields.read("raw", lambda raw: raw.text("data")),
        location=read_location(fields),
        sub_path=fields.text("subPath").strip("/"),
        mode=fields.number("mode"),
        optional=fields.flag("optional"),
    )
    if "{{" not in artifact.path and artifact.path and not is_absolute(artifact.path):
        fields.refuse(f"is {artifact.path!r}; wanted an absolute path without '..'", "path")
    referring = artifact.source or artifact.expression
    if role == "inputs" and referring:
        fields.refuse("is for arguments and outputs, not for inputs", "from" if artifact.source else "fromExpression")
    if role == "arguments" and not referring and not artifact.located:
        fields.refuse("needs 'from', 'fromExpression', 'raw', 'http', 'git' or 's3'")
    return artifact
