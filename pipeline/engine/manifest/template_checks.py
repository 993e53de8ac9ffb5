"""What must hold of a template's inputs and outputs: they fit its kind."""

from typing import Final

from pipeline.engine.manifest.text_checks import Subject, check_expression
from pipeline.engine.spec import Template

_FIELDS: Final = {"json_path": "jsonPath"}


def check_outputs(subject: Subject, template: Template) -> None:
    """Refuse outputs of another kind of template, or that say nothing."""
    kind, wanted = _kind(template)
    for parameter in template.outputs.parameters:
        where, source = f".outputs.parameters[{parameter.name}]", parameter.value_from
        given = parameter.value is not None and not template.tasks
        if not given and not any(getattr(source, name, None) for name in wanted):
            fields = " or ".join(f"valueFrom.{_FIELDS.get(name, name)}" for name in wanted)
            subject.refuse(f"{where} of a {kind} needs {fields}")
        check_expression(subject, f"{where}.valueFrom", source.expression if source is not None else "")
    for artifact in template.outputs.artifacts:
        where = f".outputs.artifacts[{artifact.name}]"
        if template.tasks and not artifact.source and not artifact.expression:
            subject.refuse(f"{where} of a {kind} needs 'from' or 'fromExpression'")
        if template.main and not artifact.path:
            subject.refuse(f"{where} of a {kind} needs 'path'")
        if template.resource or template.suspend or template.http:
            subject.refuse(f".outputs.artifacts: a {kind} has none in this engine")


def check_inputs(subject: Subject, template: Template) -> None:
    """Refuse input artifacts without a path that they need, or with one that means nothing."""
    kind, _ = _kind(template)
    for artifact in template.inputs.artifacts:
        where = f".inputs.artifacts[{artifact.name}]"
        if template.main and not artifact.path:
            subject.refuse(f"{where} of a {kind} needs 'path'")
        if template.tasks and artifact.path:
            subject.refuse(f"{where} of a {kind} has no 'path'")
    wanted = template.resource.artifact if template.resource else ""
    if wanted and wanted not in {artifact.name for artifact in template.inputs.artifacts}:
        subject.refuse(f".resource.manifestFrom names {wanted}, which is not one of its input artifacts")


def check_mounts(subject: Subject, template: Template) -> None:
    """Refuse to mount a volume that neither the template nor the workflow has."""
    known = {volume.name for volume in template.volumes}
    for where, mount in [(where, mount) for where, part in template.containers for mount in part.container.mounts]:
        if mount.volume not in known and "{{" not in mount.volume:
            there = ", ".join(sorted(known)) or "none"
            subject.refuse(f".{where}.volumeMounts[{mount.volume}] is of no volume; there are {there}")


def _kind(template: Template) -> tuple[str, tuple[str, ...]]:
    """What a template is, and where its output parameters may come from."""
    if template.tasks:
        return ("dag" if template.dag is not None else "steps"), ("parameter", "expression")
    if template.suspend is not None:
        return "suspend", ("supplied",)
    if template.resource is not None:
        return "resource", ("json_path",)
    if template.http is not None:
        return "http", ()
    return ("containerSet" if template.container_set else "script" if template.script else "container"), ("path",)
