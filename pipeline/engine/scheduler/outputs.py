"""The outputs of a dag or steps, from those of their tasks; and outputs with a global name, for the whole run.

https://argo-workflows.readthedocs.io/en/latest/variables/#global
"""

from dataclasses import replace

from pipeline.engine.language import expr
from pipeline.engine.language.lookup import ABSENT
from pipeline.engine.scheduler.events import Outputs
from pipeline.engine.scheduler.reading import Reader
from pipeline.engine.scheduler.state import Frame, Run
from pipeline.engine.scheduler.tasks import NotReady, resolved
from pipeline.engine.spec import Artifact, Template, ValueFrom


class NotPutOut(Exception):
    """An output has no value; the message becomes the node's."""


def outputs_of(run: Run, frame: Frame) -> Outputs | None:
    """The outputs that a dag or steps declare; None if they declare none.

    Raises:
        NotPutOut: one has no value, and no default.
    """
    declared = frame.template.outputs
    if not declared.parameters and not declared.artifacts:
        return None
    reader = Reader(run, frame)
    parameters = {}
    for parameter in declared.parameters:
        source = parameter.value_from
        assert source is not None  # noqa: S101 - the parser wants one for every output
        try:
            parameters[parameter.name] = _computed(source, reader) if source.expression else _read(source, reader)
        except (expr.NotEvaluated, ValueError) as problem:
            if source.default is None:
                raise NotPutOut(f"output parameter '{parameter.name}': {problem}") from None
            parameters[parameter.name] = source.default
    artifacts: dict[str, Artifact] = {}
    for artifact in declared.artifacts:
        try:
            found = resolved(artifact, reader)
        except NotReady as problem:
            raise NotPutOut(f"unable to resolve outputs from scope: {problem}") from None
        if found is not None:
            artifacts[artifact.name] = replace(found, name=artifact.name)
    return Outputs(parameters, artifacts)


def _read(source: ValueFrom, reader: Reader) -> str:
    tag = source.parameter.removeprefix("{{").removesuffix("}}").strip()
    value = reader(tag)
    if not isinstance(value, str):
        raise ValueError(f"{{{{{tag}}}}} has no value, and there is no default")
    return value


def _computed(source: ValueFrom, reader: Reader) -> str:
    value = expr.evaluate(source.expression, reader)
    if value is None or value is ABSENT:
        raise ValueError(f'failed to evaluate expression "{source.expression}"')
    return expr.printed(value)


def publish(run: Run, template: Template, outputs: Outputs) -> None:
    """Give the whole run those outputs of a node that have a global name."""
    parameters, artifacts = dict(run.outputs.parameters), dict(run.outputs.artifacts)
    for parameter in template.outputs.parameters:
        if parameter.global_name and parameter.name in outputs.parameters:
            parameters[parameter.global_name] = outputs.parameters[parameter.name]
            run.variables[f"workflow.outputs.parameters.{parameter.global_name}"] = outputs.parameters[parameter.name]
    for artifact in template.outputs.artifacts:
        if artifact.global_name and artifact.name in outputs.artifacts:
            artifacts[artifact.global_name] = replace(outputs.artifacts[artifact.name], name=artifact.global_name)
    if parameters or artifacts:
        run.outputs = Outputs(parameters, artifacts)
