"""Reading one template of a manifest: container, resource or dag, with its inputs, outputs and retries."""

import re
from typing import Any, Final, get_args

from pipeline.engine import durations, resources
from pipeline.engine.fields import VALUE_NAME, Fields, name_of
from pipeline.engine.parse_leaves import read_container, read_resource
from pipeline.engine.spec import (
    Artifact,
    Backoff,
    Dag,
    Parameter,
    Policy,
    Retry,
    Sequence,
    Task,
    Template,
    ValueFrom,
    Values,
)

_IGNORED: Final = (
    "metadata", "nodeSelector", "affinity", "tolerations", "schedulerName", "priorityClassName", "serviceAccountName",
    "automountServiceAccountToken", "executor", "securityContext", "hostAliases", "archiveLocation", "metrics",
    "annotations",
)  # fmt: skip
_LATER: Final = (
    "steps", "script", "suspend", "containerSet", "data", "http", "plugin", "daemon", "initContainers", "sidecars",
    "podSpecPatch", "memoize", "timeout",
)  # fmt: skip
_STORES: Final = (
    "s3", "gcs", "http", "git", "hdfs", "oss", "azure", "artifactory", "plugin", "globalName", "subPath",
    "fromExpression", "recurseMode",
)  # fmt: skip


def refuse_volumes(fields: Fields) -> None:
    """Only emptyDir volumes mean something without a cluster: a folder of the node."""
    for volume in fields.mappings("volumes"):
        volume.ignore("name", "emptyDir")
        volume.done()


def read_template(fields: Fields) -> Template:
    """One entry of `templates`."""
    name = name_of(fields)
    fields.where = f"{fields.where.partition('.templates')[0]}.templates[{name}]"
    fields.ignore(*_IGNORED)
    fields.later(*_LATER)
    refuse_volumes(fields)
    inputs, outputs = fields.mapping("inputs"), fields.mapping("outputs")
    container, resource, dag = fields.mapping("container"), fields.mapping("resource"), fields.mapping("dag")
    if sum(kind is not None for kind in (container, resource, dag)) != 1:
        fields.refuse("must have exactly one of container, resource, dag")
    retry = fields.mapping("retryStrategy")
    template = Template(
        name=name,
        inputs=read_values(inputs, "input") if inputs else Values(),
        outputs=read_values(outputs, "output") if outputs else Values(),
        container=read_container(container) if container else None,
        resource=read_resource(resource) if resource else None,
        dag=_dag(dag) if dag else None,
        retry=_retry(retry) if retry else None,
        deadline_seconds=fields.any_text("activeDeadlineSeconds"),
        parallelism=fields.number("parallelism"),
        fail_fast=fields.flag("failFast"),
        mutexes=_mutexes(fields),
    )
    if template.leaf and template.parallelism is not None:
        fields.refuse("is only for a dag", "parallelism")
    if not template.leaf and template.deadline_seconds is not None:
        fields.refuse("is only for a container or a resource", "activeDeadlineSeconds")
    fields.done()
    return template


def _mutexes(fields: Fields) -> tuple[str, ...]:
    synchronization = fields.mapping("synchronization")
    if synchronization is None:
        return ()
    synchronization.later("semaphore", "semaphores")
    one = synchronization.mapping("mutex")
    entries = ([one] if one else []) + list(synchronization.mappings("mutexes"))
    names = []
    for entry in entries:
        entry.later("database", "namespace")
        names.append(entry.required("name"))
        entry.done()
    synchronization.done()
    return tuple(dict.fromkeys(names))


def read_values(fields: Fields, role: str) -> Values:
    """Parameters and artifacts in the role of input, output or argument."""
    parameters = tuple(_parameter(entry, role) for entry in fields.mappings("parameters"))
    artifacts = tuple(_artifact(entry, role) for entry in fields.mappings("artifacts"))
    for values in (parameters, artifacts):
        names = [value.name for value in values]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            fields.refuse(f"names {twice!r} twice")
    if role == "output":
        fields.later("result", "exitCode")
    fields.done()
    return Values(parameters, artifacts)


def _parameter(fields: Fields, role: str) -> Parameter:
    fields.later("globalName")
    name = name_of(fields, VALUE_NAME)
    enum = fields.any_texts("enum")
    source = fields.mapping("valueFrom")
    parameter = Parameter(
        name=name,
        value=fields.any_text("value"),
        default=fields.any_text("default"),
        value_from=_value_from(source, role) if source else None,
        enum=enum,
        description=fields.text("description"),
    )
    if role == "output" and parameter.value_from is None:
        fields.refuse("is missing; an output parameter says where its value is from", "valueFrom")
    if parameter.value is not None and enum and "{{" not in parameter.value and parameter.value not in enum:
        fields.refuse(f"is {parameter.value!r}, which is not of its enum {', '.join(enum)}", "value")
    fields.done()
    return parameter


def _value_from(fields: Fields, role: str) -> ValueFrom:
    fields.later("jqFilter", "event", "supplied", "configMapKeyRef", "expression")
    source = ValueFrom(
        path=fields.text("path"),
        json_path=fields.text("jsonPath"),
        parameter=fields.text("parameter"),
        default=fields.any_text("default"),
    )
    if role != "output":
        fields.refuse("is only run in outputs")
    if sum(map(bool, (source.path, source.json_path, source.parameter))) != 1:
        fields.refuse("must have exactly one of path, jsonPath, parameter")
    if "{{" not in source.json_path and source.json_path and resources.steps(source.json_path) is None:
        fields.refuse(f"is {source.json_path!r}; this engine runs plain paths, as {{.status.address.url}}", "jsonPath")
    fields.done()
    return source


def _artifact(fields: Fields, role: str) -> Artifact:
    fields.later(*_STORES)
    fields.ignore("archive", "artifactGC", "archiveLogs", "description")
    raw = fields.mapping("raw")
    artifact = Artifact(
        name=name_of(fields, VALUE_NAME),
        path=fields.text("path"),
        source=fields.text("from"),
        raw=raw.text("data") if raw else None,
        mode=fields.number("mode"),
        optional=fields.flag("optional"),
    )
    if raw:
        raw.done()
    if artifact.path and (not artifact.path.startswith("/") or ".." in artifact.path.split("/")):
        fields.refuse(f"is {artifact.path!r}; wanted an absolute path without '..'", "path")
    if role == "input" and artifact.source:
        fields.refuse("is for arguments and outputs, not for inputs", "from")
    if role == "argument" and not artifact.source and artifact.raw is None:
        fields.refuse("needs 'from' or 'raw'")
    fields.done()
    return artifact


def _dag(fields: Fields) -> Dag:
    tasks = tuple(_task(entry) for entry in fields.mappings("tasks"))
    if not tasks:
        fields.refuse("is empty", "tasks")
    dag = Dag(tasks, tuple(fields.text("target").split()), fields.flag("failFast", default=True))
    fields.done()
    return dag


def _task(fields: Fields) -> Task:
    fields.later("templateRef", "inline", "onExit", "hooks")
    name = name_of(fields)
    arguments = fields.mapping("arguments")
    sequence, goes_on = fields.mapping("withSequence"), fields.mapping("continueOn")
    task = Task(
        name=name,
        template=fields.required("template"),
        arguments=read_values(arguments, "argument") if arguments else Values(),
        depends=fields.text("depends").strip(),
        dependencies=fields.texts("dependencies"),
        when=fields.text("when"),
        items=tuple(_plain(item) for item in fields.list("withItems")),
        param=fields.text("withParam"),
        sequence=_sequence(sequence) if sequence else None,
        continue_on_failed=goes_on.flag("failed") if goes_on else False,
        continue_on_error=goes_on.flag("error") if goes_on else False,
    )
    if goes_on:
        goes_on.done()
    if fields.has("withItems") and not task.items:
        fields.refuse("is empty, so the task would run once without an item", "withItems")
    if sum(map(bool, (task.items, task.param, task.sequence is not None))) > 1:
        fields.refuse("has more than one of withItems, withParam, withSequence")
    for parameter in task.arguments.parameters:
        if parameter.value is None:
            fields.refuse(f"gives the parameter {parameter.name} no value", "arguments")
    fields.done()
    return task


def _plain(item: Any) -> Any:
    if isinstance(item, dict):
        return {key: _plain(value) for key, value in item.items()}
    return [_plain(value) for value in item] if isinstance(item, list) else item


def _sequence(fields: Fields) -> Sequence:
    sequence = Sequence(
        fields.any_text("count"), fields.any_text("start"), fields.any_text("end"), fields.text("format")
    )
    if (sequence.count is None) == (sequence.end is None):
        fields.refuse("must have exactly one of count, end")
    fields.done()
    return sequence


def _retry(fields: Fields) -> Retry:
    fields.ignore("affinity")
    policy: Any = fields.text("retryPolicy") or None
    if policy is not None and policy not in get_args(Policy):
        fields.refuse(f"is {policy!r}; wanted one of {', '.join(get_args(Policy))}", "retryPolicy")
    if policy == "OnTransientError":
        fields.refuse("is 'OnTransientError', which is the cluster's to judge; use OnError or Always", "retryPolicy")
    backoff = fields.mapping("backoff")
    retry = Retry(fields.any_text("limit"), policy, fields.text("expression"), _backoff(backoff) if backoff else None)
    if retry.limit is not None and "{{" not in retry.limit and not re.fullmatch(r"\d+", retry.limit):
        fields.refuse(f"is {retry.limit!r}; wanted a whole number", "limit")
    fields.done()
    return retry


def _backoff(fields: Fields) -> Backoff:
    backoff = Backoff(
        duration=fields.any_text("duration") or "",
        factor=fields.any_text("factor"),
        max_duration=fields.any_text("maxDuration") or "",
        cap=fields.any_text("cap") or "",
    )
    for name, value in (("duration", backoff.duration), ("maxDuration", backoff.max_duration), ("cap", backoff.cap)):
        if value and "{{" not in value and durations.seconds(value) is None:
            fields.refuse(f"is {value!r}; wanted a duration such as 30s or 2m", name)
    if not backoff.duration:
        fields.refuse("is missing", "duration")
    fields.done()
    return backoff
