"""Reading `resource`: what is done to which Kubernetes object, and when that has succeeded.

https://argo-workflows.readthedocs.io/en/latest/walk-through/kubernetes-resources/
"""

from typing import Any, Final, get_args

import yaml

from pipeline.engine.language import resources
from pipeline.engine.manifest.fields import VALUE_NAME, Fields, name_of
from pipeline.engine.spec import Action, Merge, Resource

_MERGES: Final = get_args(Merge)


def read_resource(fields: Fields) -> Resource:
    """The field `resource`."""
    fields.ignore("setOwnerReference")
    action: Any = fields.required("action")
    if action not in get_args(Action):
        fields.refuse(f"is {action!r}; wanted one of {', '.join(get_args(Action))}", "action")
    merge: Any = fields.text("mergeStrategy") or "strategic"
    if merge not in _MERGES:
        fields.refuse(f"is {merge!r}; wanted one of {', '.join(_MERGES)}", "mergeStrategy")
    resource = Resource(
        action=action,
        manifest=fields.text("manifest"),
        artifact=fields.read("manifestFrom", _artifact) or "",
        success=fields.text("successCondition"),
        failure=fields.text("failureCondition"),
        flags=fields.texts("flags"),
        merge=merge,
    )
    if bool(resource.manifest) + bool(resource.artifact) != 1 and not resource.flags:
        fields.refuse("must have exactly one of manifest, manifestFrom")
    if resource.manifest and "{{" not in resource.manifest:
        try:
            yaml.load(resource.manifest, yaml.CSafeLoader)
        except yaml.YAMLError as error:
            fields.refuse(f"is not YAML: {' '.join(str(error).split())}", "manifest")
    for name, condition in (("successCondition", resource.success), ("failureCondition", resource.failure)):
        if "{{" not in condition and resources.requirements(condition) is None:
            fields.refuse(f"is {condition!r}; wanted a selector such as 'status.state == Available'", name)
    return resource


def _artifact(fields: Fields) -> str:
    name = fields.read("artifact", lambda artifact: name_of(artifact, VALUE_NAME))
    return name or fields.refuse("is missing", "artifact")
