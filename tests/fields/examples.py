"""Small values, mappings and manifests for the fields of which not any text, number or empty mapping will do.

Keys are the end of a field's path (`outputs.parameters[].value`), or its type and name (`Parameter.enum`).
"""

import copy
from collections.abc import Mapping
from typing import Any, Final

_LEAF: Final = {"name": "leaf", "container": {"command": ["true"]}}
_TEMPLATES: Final = [_LEAF, {"name": "say", "inputs": {"parameters": [{"name": "p", "default": "1"}]}, **{
    "container": {"command": ["true"]}}}]  # fmt: skip


def _other(kind: str, name: str) -> dict[str, Any]:
    spec = {"entrypoint": "leaf", "templates": _TEMPLATES}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}


OTHER: Final = _other("WorkflowTemplate", "other")
CLUSTERS: Final = _other("ClusterWorkflowTemplate", "clusters")
NAMES: Final = ("other", "clusters")

# What is read where a reference is looked for, not by the reader of the manifest.
READ_ELSEWHERE: Final = ("templateRef.clusterScope", "workflowTemplateRef.clusterScope")
# Where the same mapping stands a second time, and is read by the same lines.
ELSEWHERE: Final = (
    "spec.templateDefaults", "WorkflowTemplate.spec", "ClusterWorkflowTemplate.spec", "CronWorkflow.spec.workflowSpec",
    "WorkflowTemplate.metadata", "ClusterWorkflowTemplate.metadata",
    "CronWorkflow.metadata", "hooks.exit.arguments", "hooks.any other name.arguments", "steps[[]].arguments",
)  # fmt: skip

_RUN: Final = {"command": ["true"]}
_MAIN: Final = {"name": "main", "container": _RUN}
_SPEC: Final = {"entrypoint": "leaf", "volumes": [{"name": "v"}, {"name": "x"}], "templates": [*_TEMPLATES, _MAIN]}
_FIRST: Final = {"name": "first", "template": "leaf"}
_TASK: Final = {"name": "a", "template": "say"}
_GET: Final = {"action": "get", "manifest": "kind: ConfigMap"}
_SECRET: Final = {"name": "s", "key": "k"}


def _dag(**task: Any) -> dict[str, Any]:
    return {"name": "main", "dag": {"tasks": [_FIRST, {**_TASK, **task}]}}


def _spec(**main: Any) -> dict[str, Any]:
    return {"templates": [*_TEMPLATES, {"name": "main", **main}]}


def _out(source: dict[str, Any], **main: Any) -> dict[str, Any]:
    return _spec(outputs={"parameters": [{"name": "p", "valueFrom": source}]}, **main)


def _head(kind: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": {"name": "w"}, "spec": spec}


# The smallest mapping of a type, or at the end of a path.
BASES: Final[Mapping[str, Any]] = {
    **{kind: _head(kind, _SPEC) for kind in ("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate")},
    "CronWorkflow": _head("CronWorkflow", {"schedules": ["0 1 * * *"], "workflowSpec": _SPEC}),
    "ObjectMeta": {"name": "w"},
    "CronWorkflow.spec.workflowMetadata": {},
    "manifestFrom.artifact": {"name": "f"},
    "WorkflowSpec": _SPEC,
    "CronWorkflowSpec": {"schedules": ["0 1 * * *"], "workflowSpec": _SPEC},
    "Template": _MAIN,
    "Container": _RUN,
    "ScriptTemplate": {"command": ["sh"], "source": "true"},
    "Parameter": {"name": "p"},
    "arguments.parameters[]": {"name": "p", "value": "1"},
    "outputs.parameters[]": {"name": "p", "valueFrom": {"path": "/tmp/p"}},
    "Artifact": {"name": "f", "path": "/tmp/f"},
    "arguments.artifacts[]": {"name": "f", "raw": {"data": "x"}},
    "EnvVar": {"name": "E"},
    "ConfigMapKeySelector": _SECRET,
    "SecretKeySelector": _SECRET,
    "ObjectFieldSelector": {"fieldPath": "metadata.name"},
    "EnvFromSource": {"configMapRef": {"name": "c"}},
    "ConfigMapEnvSource": {"name": "c"},
    "SecretEnvSource": {"name": "c"},
    "ContainerSetTemplate": {"containers": [{"name": "main", **_RUN}]},
    "ContainerNode": {"name": "main", **_RUN},
    "UserContainer": {"name": "s", **_RUN},
    "ContainerSetRetryStrategy": {"retries": "2"},
    "ContainerPort": {"containerPort": 80},
    "Probe": {"tcpSocket": {"port": 80}},
    "TCPSocketAction": {"port": 80},
    "HTTPGetAction": {"port": 80},
    "GRPCAction": {"port": 80},
    "ExecAction": {"command": ["true"]},
    "httpHeaders[]": {"name": "h", "value": "v"},
    "VolumeMount": {"name": "v", "mountPath": "/mnt/v"},
    "Volume": {"name": "v"},
    "PersistentVolumeClaim": {"metadata": {"name": "v"}},
    "PersistentVolumeClaimVolumeSource": {"claimName": "c"},
    "HostPathVolumeSource": {"path": "/srv"},
    "SecretVolumeSource": {"secretName": "s"},
    "ConfigMapVolumeSource": {"name": "c"},
    "ConfigMapProjection": {"name": "c"},
    "SecretProjection": {"name": "s"},
    "VolumeProjection": {"configMap": {"name": "c"}},
    "KeyToPath": {"key": "k", "path": "p"},
    "DAGTemplate": {"tasks": [_TASK]},
    "DAGTask": _TASK,
    "WorkflowStep": _TASK,
    "TemplateRef": {"name": "other", "template": "leaf"},
    "LifecycleHook": {"template": "say"},
    "hooks.any other name": {"template": "say", "expression": "true"},
    "Sequence": {"count": "2"},
    "ResourceTemplate": _GET,
    "ManifestFrom": {"artifact": {"name": "f"}},
    "HTTP": {"url": "http://localhost"},
    "HTTPHeader": {"name": "h"},
    "HTTPHeaderSource": {"secretKeyRef": _SECRET},
    "HTTPArtifact": {"url": "http://localhost"},
    "Header": {"name": "h", "value": "v"},
    "GitArtifact": {"repo": "r"},
    "S3Artifact": {"key": "k"},
    "RawArtifact": {"data": "x"},
    "Backoff": {"duration": "1"},
    "Memoize": {"key": "k", "cache": {"configMap": {"name": "c"}}},
    "Cache": {"configMap": {"name": "c"}},
    "cache.configMap": {"name": "c"},
    "Mutex": {"name": "m"},
    "SemaphoreRef": {"configMapKeyRef": _SECRET},
    "StopStrategy": {"expression": "true"},
    "LabelValueFrom": {"expression": "'x'"},
    "WorkflowTemplateRef": {"name": "other"},
}
# What stands before the entry of a list.
BEFORE: Final[Mapping[str, list[Any]]] = {
    "containers": [{"name": "first", **_RUN}],
    "tasks": [_FIRST],
    "steps": [_FIRST],
    "templates": [*_TEMPLATES],
}
# The mapping around a field, where the smallest would not take it.
AROUND: Final[Mapping[str, Any]] = {
    **{
        f"Template.{kind}": {"name": "main"}
        for kind in ("script", "containerSet", "resource", "http", "suspend", "dag", "steps")
    },
    "Task.templateRef": {"name": "a"},
    "DAGTask.templateRef": {"name": "a"},
    "DAGTask.inline": {"name": "a"},
    "WorkflowStep.templateRef": {"name": "a"},
    "WorkflowStep.inline": {"name": "a"},
    "LifecycleHook.templateRef": {},
    "hooks.any other name.templateRef": {"expression": "true"},
    "container.volumeMounts": {**_RUN},
    "Probe.httpGet": {},
    "Probe.grpc": {},
    "Probe.exec": {},
    "EnvFromSource.secretRef": {},
    "EnvFromSource.configMapRef": {},
    "VolumeProjection.secret": {},
    "ResourceTemplate.manifestFrom": {"action": "get"},
    "Artifact.archive": {"name": "f", "path": "/tmp/f", "s3": {"key": "k"}},
    "arguments.artifacts[].archive": {"name": "f", "s3": {"key": "k"}},
    "WorkflowSpec.workflowTemplateRef": {},
    "Artifact.http": {"name": "f", "path": "/tmp/f"},
    "arguments.artifacts[].http": {"name": "f"},
    "arguments.artifacts[].git": {"name": "f"},
    "arguments.artifacts[].s3": {"name": "f"},
    "arguments.parameters[].valueFrom": {"name": "p"},
}
# The mapping that a field stands in.
MAPPINGS: Final[Mapping[str, Any]] = {
    "SecurityContext.runAsGroup": {"runAsUser": 1, "runAsGroup": 1},
    "PodSecurityContext.runAsGroup": {"runAsUser": 1, "runAsGroup": 1},
    "outputs.parameters[].value": {"name": "p", "value": "1"},
    "arguments.artifacts[].from": {"name": "f", "from": "{{inputs.artifacts.g}}"},
    "arguments.artifacts[].fromExpression": {"name": "f", "fromExpression": "inputs.artifacts.g"},
    "Parameter.enum": {"name": "p", "value": "a", "enum": ["a"]},
    "VolumeProjection.secret": {"secret": {"name": "s"}},
    "Workflow.metadata.generateName": {"generateName": "w-"},
    "Sequence.end": {"end": "2"},
    "inputs.parameters[].valueFrom.default": {"configMapKeyRef": _SECRET, "default": "1"},
    "arguments.parameters[].valueFrom.default": {"configMapKeyRef": _SECRET, "default": "1"},
    "DAGTask.templateRef": {"name": "a", "templateRef": {"name": "other", "template": "leaf"}},
    "WorkflowStep.templateRef": {"name": "a", "templateRef": {"name": "other", "template": "leaf"}},
    "CronWorkflowSpec.schedule": {"schedule": "0 1 * * *", "workflowSpec": _SPEC},
}
# The spec of a workflow that has the field.
MANIFESTS: Final[Mapping[str, Any]] = {
    "dag.tasks[].arguments.artifacts[].from": _spec(
        inputs={"artifacts": [{"name": "g"}]},
        dag={"tasks": [{**_TASK, "arguments": {"artifacts": [{"name": "f", "from": "{{inputs.artifacts.g}}"}]}}]},
    ),
    "templates[].parallelism": _spec(dag={"tasks": [_TASK]}, parallelism=1),
    "manifestFrom.artifact.name": _spec(
        inputs={"artifacts": [{"name": "f"}]}, resource={"action": "get", "manifestFrom": {"artifact": {"name": "f"}}}
    ),
    "dag.target": _spec(dag={"tasks": [_FIRST, _TASK], "target": "first"}),
    "outputs.parameters[].valueFrom.default": _out({"path": "/tmp/p", "default": "1"}, container=_RUN),
    "outputs.parameters[].valueFrom.path": _out({"path": "/tmp/p"}, container=_RUN),
    "outputs.parameters[].valueFrom.jsonPath": _out({"jsonPath": "{.data}"}, resource=_GET),
    "outputs.parameters[].valueFrom.expression": _out({"expression": "'x'"}, dag={"tasks": [_TASK]}),
    "outputs.parameters[].valueFrom.parameter": _out({"parameter": "{{tasks.a.status}}"}, dag={"tasks": [_TASK]}),
    "outputs.parameters[].valueFrom.supplied": _out({"supplied": {}}, suspend={}),
}
VALUES: Final[Mapping[str, Any]] = {
    **{
        f"{kind}.apiVersion": "argoproj.io/v1alpha1"
        for kind in ("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow")
    },
    **{f"{kind}.kind": kind for kind in ("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow")},
    "entrypoint": "say",
    "onExit": "leaf",
    "LifecycleHook.template": "leaf",
    "LifecycleHook.expression": "false",
    "podSpecPatch": "terminationGracePeriodSeconds: 5",
    "Backoff.cap": "5",
    "Backoff.duration": "5",
    "Backoff.maxDuration": "5",
    "RetryStrategy.expression": "retries == 1",
    "RetryStrategy.limit": "2",
    "RetryStrategy.retryPolicy": "Always",
    "imagePullPolicy": "Always",
    "Template.annotations": {"workflows.argoproj.io/display-name": "d"},
    "Template.timeout": "5s",
    "Memoize.maxAge": "1h",
    "DAGTemplate.failFast": False,
    "DAGTask.dependencies": ["first"],
    "DAGTask.depends": "first",
    "DAGTask.template": "leaf",
    "WorkflowStep.template": "leaf",
    "TemplateRef.name": "clusters",
    "TemplateRef.template": "say",
    "WorkflowTemplateRef.name": "clusters",
    "ResourceTemplate.action": "create",
    "ResourceTemplate.mergeStrategy": "merge",
    "SuspendTemplate.duration": "5",
    "ObjectFieldSelector.fieldPath": "metadata.uid",
    "VolumeMount.mountPath": "/mnt/w",
    "ContainerNode.name": "other",
    "ContainerNode.dependencies": ["first"],
    "ContainerSetRetryStrategy.retries": "3",
    "ContainerSetRetryStrategy.duration": "1s",
    "Probe.initialDelaySeconds": 5,
    "Probe.periodSeconds": 5,
    "Probe.timeoutSeconds": 5,
    "Probe.successThreshold": 5,
    "ContainerPort.containerPort": 81,
    "TCPSocketAction.port": 81,
    "HTTPGetAction.port": 81,
    "GRPCAction.port": 81,
    "HTTPGetAction.scheme": "HTTPS",
    "ExecAction.command": ["false"],
    "Artifact.path": "/tmp/g",
    "CronWorkflowSpec.concurrencyPolicy": "Forbid",
    "CronWorkflowSpec.failedJobsHistoryLimit": 7,
    "CronWorkflowSpec.schedules": ["0 2 * * *"],
    "CronWorkflowSpec.timezone": "Europe/Vienna",
    "StopStrategy.expression": "false",
}


def manifest(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A Workflow with a spec."""
    return copy.deepcopy(_head("Workflow", {**_SPEC, **spec}))


def of(table: Mapping[str, Any], path: str, of_type: str) -> Any:
    """The entry for a field, by the longest end of its path, or by its type."""
    parts = path.split(".")
    ends = (".".join(parts[number:]) for number in range(len(parts)))
    return next((table[end] for end in ends if end in table), table.get(f"{of_type}.{parts[-1]}"))


def base(path: str, of_type: str) -> Any:
    """The smallest mapping of a type."""
    parts = path.split(".")
    ends = (".".join(parts[number:]) for number in range(len(parts)))
    return next((BASES[end] for end in ends if end in BASES), BASES.get(of_type, {}))
