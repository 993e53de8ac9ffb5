"""Reading what a leaf does: a container's command and environment, or a resource to apply."""

from typing import Final

import yaml

from pipeline.engine.host import Source
from pipeline.engine.language import resources
from pipeline.engine.manifest.fields import VALUE_NAME, Fields, name_of
from pipeline.engine.spec import Container, Resource, Script, Variable, VariablesFrom

_CONTAINER_IGNORED: Final = (
    "image", "imagePullPolicy", "name", "ports", "resources", "securityContext", "terminationMessagePath",
    "terminationMessagePolicy",
)  # fmt: skip
_CONTAINER_LATER: Final = (
    "lifecycle", "livenessProbe", "readinessProbe", "startupProbe", "stdin", "stdinOnce", "tty", "volumeDevices",
    "mirrorVolumeMounts", "restartPolicy",
)  # fmt: skip


def read_script(fields: Fields) -> Script:
    """The field `script`."""
    source = fields.text("source")
    container = read_container(fields)
    return Script(**vars(container), source=source)


def read_container(fields: Fields) -> Container:
    """The field `container`."""
    fields.ignore(*_CONTAINER_IGNORED)
    fields.later(*_CONTAINER_LATER)
    mounts = []
    for mount in fields.mappings("volumeMounts"):
        mount.ignore("name", "readOnly")
        mounts.append(mount.required("mountPath").rstrip("/"))
        mount.done()
    command = fields.texts("command")
    if not command:
        fields.refuse("is missing; images are not run here, so their entry points are not known", "command")
    container = Container(
        command=command,
        args=fields.texts("args"),
        env=tuple(_variable(entry) for entry in fields.mappings("env")),
        env_from=tuple(_variables_from(entry) for entry in fields.mappings("envFrom")),
        working_dir=fields.text("workingDir"),
        mounts=tuple(mounts),
    )
    fields.done()
    return container


def _variable(fields: Fields) -> Variable:
    name, value = fields.required("name"), fields.text("value") if fields.has("value") else None
    source = fields.mapping("valueFrom")
    fields.done()
    if source is None:
        return Variable(name, value or "")
    source.later("fieldRef", "resourceFieldRef", "fileKeyRef")
    kind, reference = _reference(source, "ConfigMapKeyRef", "configMapKeyRef", "secretKeyRef")
    source.done()
    key, optional = reference.required("key"), reference.flag("optional")
    variable = Variable(name, None, kind, reference.required("name"), key, optional)
    reference.done()
    return variable


def _variables_from(fields: Fields) -> VariablesFrom:
    kind, reference = _reference(fields, "source", "configMapRef", "secretRef")
    variables = VariablesFrom(kind, reference.required("name"), fields.text("prefix"), reference.flag("optional"))
    reference.done()
    fields.done()
    return variables


def _reference(fields: Fields, what: str, config_map: str, secret: str) -> tuple[Source, Fields]:
    first, second = fields.mapping(config_map), fields.mapping(secret)
    if first is not None and second is None:
        return "configMap", first
    if second is None or first is not None:
        fields.refuse(f"must have exactly one {what}: {config_map} or {secret}")
    return "secret", second


def read_resource(fields: Fields) -> Resource:
    """The field `resource`."""
    fields.ignore("setOwnerReference")
    fields.later("mergeStrategy", "flags")
    action = fields.required("action")
    if action != "apply":
        fields.refuse(f"is {action!r}; this engine runs only 'apply'", "action")
    place = fields.mapping("manifestFrom")
    artifact = ""
    if place is not None:
        reference = place.mapping("artifact") or place.refuse("is missing", "artifact")
        artifact = name_of(reference, VALUE_NAME)
        reference.done()
        place.done()
    resource = Resource(
        manifest=fields.text("manifest"),
        artifact=artifact,
        success=fields.text("successCondition"),
        failure=fields.text("failureCondition"),
    )
    if bool(resource.manifest) == bool(resource.artifact):
        fields.refuse("must have exactly one of manifest, manifestFrom")
    if resource.manifest and "{{" not in resource.manifest:
        try:
            yaml.load(resource.manifest, yaml.CSafeLoader)
        except yaml.YAMLError as error:
            fields.refuse(f"is not YAML: {' '.join(str(error).split())}", "manifest")
    for name, condition in (("successCondition", resource.success), ("failureCondition", resource.failure)):
        if "{{" not in condition and resources.requirements(condition) is None:
            fields.refuse(f"is {condition!r}; wanted a selector such as 'status.state == Available'", name)
    fields.done()
    return resource
