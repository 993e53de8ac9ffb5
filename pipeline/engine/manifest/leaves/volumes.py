"""Reading volumes and where a container mounts them.

A volume is a folder of the node (emptyDir), of the run (volumeClaimTemplates), of all runs (a claim by its name), one
of this machine (hostPath, where that is allowed), or files made of a ConfigMap or Secret.
https://argo-workflows.readthedocs.io/en/latest/walk-through/volumes/
"""

from typing import Any, Final

from pipeline.engine.manifest.fields import OF_OBJECTS, Fields
from pipeline.engine.spec import Mount, Volume

_KINDS: Final = ("emptyDir", "persistentVolumeClaim", "secret", "configMap", "hostPath", "projected")


def read_volumes(fields: Fields) -> tuple[Volume, ...]:
    """The fields `volumes` and `volumeClaimTemplates`."""
    claims = fields.read_each("volumeClaimTemplates", _claim_template) if fields.has("volumeClaimTemplates") else ()
    return fields.read_each("volumes", _volume) + claims


def _claim_template(fields: Fields) -> Volume:
    metadata = fields.mapping("metadata") or fields.refuse("is missing", "metadata")
    fields.ignore("spec", "apiVersion", "kind", "status")
    name = metadata.required("name")
    metadata.ignore("labels", "annotations", "namespace", *OF_OBJECTS)
    metadata.done()
    return Volume(name, "run")


def _volume(fields: Fields) -> Volume:
    name = fields.required("name")
    found = [kind for kind in _KINDS if fields.has(kind)]
    if not found and len(fields.names()) > 1:
        fields.unsupported(*(each for each in fields.names() if each != "name"))
    if len(found) > 1:
        fields.refuse(f"must have only one of {', '.join(found)}")
    return _of_kind(fields, found[0], name) if found and found[0] != "emptyDir" else _empty(fields, name)


def _empty(fields: Fields, name: str) -> Volume:
    fields.read("emptyDir", lambda inner: inner.ignore("medium", "sizeLimit"))
    return Volume(name, "empty")


def _of_kind(fields: Fields, kind: str, name: str) -> Volume:
    inner = fields.mapping(kind)
    assert inner is not None  # noqa: S101 - it was asked for
    if kind == "persistentVolumeClaim":
        volume = Volume(name, "claim", inner.required("claimName"))
        inner.ignore("readOnly")
    elif kind == "hostPath":
        volume = Volume(name, "host", inner.required("path"))
        inner.ignore("type")
    elif kind == "projected":
        inner.ignore("defaultMode")
        volume = Volume(name, "projected", parts=inner.read_each("sources", _projected))
    else:
        volume = _files(inner, kind, name, "secretName" if kind == "secret" else "name")
    inner.done()
    return volume


def _projected(fields: Fields) -> Volume:
    fields.unsupported(*(each for each in fields.names() if each not in ("secret", "configMap")))
    kind = "secret" if fields.has("secret") else "configMap"
    inner = fields.mapping(kind) or fields.refuse("must have exactly one of secret, configMap")
    volume = _files(inner, kind, "", "name")
    inner.done()
    return volume


def _files(fields: Fields, kind: Any, name: str, field: str) -> Volume:
    fields.ignore("defaultMode")
    items = fields.read_each("items", _item)
    return Volume(name, kind, fields.required(field), items, fields.flag("optional"))


def _item(fields: Fields) -> tuple[str, str]:
    fields.ignore("mode")
    key, path = fields.required("key"), fields.required("path")
    if path.startswith("/") or ".." in path.split("/"):
        fields.refuse(f"is {path!r}; wanted a path within the volume", "path")
    return key, path


def read_mount(fields: Fields) -> Mount:
    """One entry of `volumeMounts`."""
    fields.ignore("mountPropagation", "recursiveReadOnly")
    fields.unsupported("subPathExpr")
    path, sub_path, read_only = fields.required("mountPath"), fields.text("subPath"), fields.flag("readOnly")
    if ".." in (*path.split("/"), *sub_path.split("/")):
        fields.refuse("holds '..'", "mountPath")
    return Mount("/" + path.strip("/"), fields.required("name"), sub_path.strip("/"), read_only)
