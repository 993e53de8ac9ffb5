"""Reading one template of a manifest: what it is, its inputs and outputs, retries and mutexes."""

import re
from typing import Any, Final, get_args

from pipeline.engine.language import durations
from pipeline.engine.manifest.fields import Fields, name_of
from pipeline.engine.manifest.leaves import read_container, read_resource, read_script
from pipeline.engine.manifest.tasks import read_dag, read_steps
from pipeline.engine.manifest.values import read_values
from pipeline.engine.spec import Backoff, Policy, Retry, Suspend, Template, Values

_IGNORED: Final = (
    "metadata", "nodeSelector", "affinity", "tolerations", "schedulerName", "priorityClassName", "serviceAccountName",
    "automountServiceAccountToken", "executor", "securityContext", "hostAliases", "archiveLocation", "metrics",
)  # fmt: skip
_DISPLAY_NAME: Final = "workflows.argoproj.io/display-name"
_LATER: Final = (
    "containerSet", "data", "http", "plugin", "daemon", "initContainers", "sidecars",
    "podSpecPatch", "memoize",
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
    return _read(fields, name)


def _inline(fields: Fields) -> Template:
    """A template that is written where it is used, without a name."""
    fields.ignore("name")
    return _read(fields, "")


def _read(fields: Fields, name: str) -> Template:
    fields.ignore(*_IGNORED)
    fields.later(*_LATER)
    refuse_volumes(fields)
    inputs, outputs = fields.mapping("inputs"), fields.mapping("outputs")
    container, script = fields.mapping("container"), fields.mapping("script")
    resource, suspend, dag = fields.mapping("resource"), fields.mapping("suspend"), fields.mapping("dag")
    kinds = (container, script, resource, suspend, dag, fields.has("steps") or None)
    if sum(kind is not None for kind in kinds) != 1:
        fields.refuse("must have exactly one of container, script, resource, suspend, dag, steps")
    retry = fields.mapping("retryStrategy")
    template = Template(
        name=name,
        display_name=fields.plain("annotations").get(_DISPLAY_NAME, ""),
        inputs=read_values(inputs, "input") if inputs else Values(),
        outputs=read_values(outputs, "output") if outputs else Values(),
        container=read_container(container) if container else read_script(script) if script else None,
        resource=read_resource(resource) if resource else None,
        suspend=_suspend(suspend) if suspend else None,
        dag=read_dag(dag, _inline) if dag else None,
        steps=read_steps(fields, _inline) if fields.has("steps") else None,
        retry=read_retry(retry) if retry else None,
        deadline_seconds=fields.any_text("activeDeadlineSeconds"),
        timeout=fields.text("timeout"),
        parallelism=fields.number("parallelism"),
        fail_fast=fields.flag("failFast"),
        mutexes=read_mutexes(fields),
    )
    if not template.tasks and template.parallelism is not None:
        fields.refuse("is only for a dag or steps", "parallelism")
    if template.leaf and name != name.lower():
        fields.refuse(f"is {name!r}; wanted lower case: it is part of the name of a pod, which a cluster would refuse",
                      "name")  # fmt: skip
    for field, value in (("activeDeadlineSeconds", template.deadline_seconds), ("timeout", template.timeout)):
        if template.tasks and value:
            fields.refuse("is only for a container, a script or a resource", field)
    if template.timeout and "{{" not in template.timeout and durations.seconds(template.timeout) is None:
        fields.refuse(f"is {template.timeout!r}; wanted a duration such as 30s or 2m", "timeout")
    fields.done()
    return template


def read_mutexes(fields: Fields) -> tuple[str, ...]:
    """The mutexes of the field `synchronization`."""
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


def _suspend(fields: Fields) -> Suspend:
    duration = fields.any_text("duration") or ""
    if not duration:
        fields.refuse("is missing; without one it waits for a person, which this engine does not run", "duration")
    if "{{" not in duration and durations.seconds(duration) is None:
        fields.refuse(f"is {duration!r}; wanted a duration such as 30s or 2m", "duration")
    fields.done()
    return Suspend(duration)


def read_retry(fields: Fields) -> Retry:
    """The field `retryStrategy`."""
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
