"""Reading containers and scripts: a command in its environment."""

from functools import partial
from typing import Any, Final, get_args

from pipeline.engine.manifest.fields import Fields
from pipeline.engine.manifest.leaves import images
from pipeline.engine.manifest.leaves.probes import read_port, read_probe
from pipeline.engine.manifest.leaves.users import read_user
from pipeline.engine.manifest.leaves.volumes import read_mount
from pipeline.engine.spec import Container, Pull, Script, Source, Variable, VariablesFrom

_CONTAINER_IGNORED: Final = (
    "resources", "terminationMessagePath",
    "terminationMessagePolicy", "livenessProbe", "startupProbe", "stdin", "stdinOnce", "tty",
    "restartPolicy", "resizePolicy",
)  # fmt: skip


_OF_POD: Final = {
    "metadata.name": "{{pod.name}}",
    "metadata.namespace": "{{workflow.namespace}}",
    "metadata.uid": "{{workflow.uid}}",
    "metadata.labels['workflows.argoproj.io/workflow']": "{{workflow.name}}",
    "spec.serviceAccountName": "{{workflow.serviceAccountName}}",
    "spec.nodeName": "localhost",
    "status.hostIP": "127.0.0.1",
    "status.podIP": "127.0.0.1",
}


def read_script(fields: Fields) -> Script:
    """The field `script`."""
    source = fields.text("source")
    return Script(**vars(read_main(fields)), source=source)


def read_main(fields: Fields) -> Container:
    """The field `container`."""
    fields.ignore("name")
    return read_container(fields)


def read_container(fields: Fields) -> Container:
    """One container of a pod; its name is read by who has several."""
    fields.ignore(*_CONTAINER_IGNORED)
    fields.unsupported("lifecycle", "volumeDevices")
    mounts = fields.read_each("volumeMounts", read_mount)
    command, args, image = fields.texts("command"), fields.texts("args"), fields.text("image")
    return Container(
        command=command or images.command_of(image, args),
        args=args,
        image=image,
        entry="given" if command else "known" if images.is_known(image) else "unknown",
        pull=_pull(fields),
        env=fields.read_each("env", _variable),
        env_from=fields.read_each("envFrom", _variables_from),
        working_dir=fields.text("workingDir"),
        mounts=mounts,
        ports=fields.read_each("ports", read_port),
        ready=fields.read("readinessProbe", read_probe),
        user=fields.read("securityContext", read_user) or "",
    )


def _pull(fields: Fields) -> Pull | None:
    found: Any = fields.text("imagePullPolicy") or None
    if found is not None and found not in get_args(Pull):
        fields.refuse(f"is {found!r}; wanted one of {', '.join(get_args(Pull))}", "imagePullPolicy")
    return found  # type: ignore[no-any-return]


def _variable(fields: Fields) -> Variable:
    name, value = fields.required("name"), fields.text("value")
    return fields.read("valueFrom", partial(_variable_from, name=name)) or Variable(name, value)


def _variable_from(fields: Fields, name: str) -> Variable:
    fields.unsupported("resourceFieldRef", "fileKeyRef")
    if fields.has("fieldRef"):
        return Variable(name, fields.read("fieldRef", _field_of_pod))
    kind, reference = _reference(fields, "ConfigMapKeyRef", "configMapKeyRef", "secretKeyRef")
    key, optional = reference.required("key"), reference.flag("optional")
    variable = Variable(name, None, kind, reference.required("name"), key, optional)
    reference.done()
    return variable


def _field_of_pod(fields: Fields) -> str:
    """A field of the pod, as Argo's own variables have it."""
    fields.ignore("apiVersion")
    path = fields.required("fieldPath")
    if path not in _OF_POD:
        fields.refuse(f"is {path!r}; here there are {', '.join(_OF_POD)}", "fieldPath")
    return _OF_POD[path]


def _variables_from(fields: Fields) -> VariablesFrom:
    kind, reference = _reference(fields, "source", "configMapRef", "secretRef")
    variables = VariablesFrom(kind, reference.required("name"), fields.text("prefix"), reference.flag("optional"))
    reference.done()
    return variables


def _reference(fields: Fields, what: str, config_map: str, secret: str) -> tuple[Source, Fields]:
    first, second = fields.mapping(config_map), fields.mapping(secret)
    if first is not None and second is None:
        return "configMap", first
    if second is None or first is not None:
        fields.refuse(f"must have exactly one {what}: {config_map} or {secret}")
    return "secret", second
