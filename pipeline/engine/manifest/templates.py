"""Reading one template of a manifest: what it is, its inputs and outputs, retries and mutexes."""

import re
from functools import partial
from typing import Any, Final, get_args

from pipeline.engine.language import durations
from pipeline.engine.manifest.fields import Fields, name_of
from pipeline.engine.manifest.leaves import read_container, read_resource, read_script
from pipeline.engine.manifest.tasks import read_dag, read_steps
from pipeline.engine.manifest.values import read_values
from pipeline.engine.spec import NOTHING, Backoff, Container, Policy, Retry, Suspend, Template

_IGNORED: Final = (
    "metadata", "nodeSelector", "affinity", "tolerations", "schedulerName", "priorityClassName", "serviceAccountName",
    "automountServiceAccountToken", "executor", "securityContext", "hostAliases", "archiveLocation", "metrics",
)  # fmt: skip
_UNSUPPORTED: Final = (
    "containerSet", "data", "http", "plugin", "daemon", "initContainers", "sidecars", "podSpecPatch", "memoize",
)  # fmt: skip
_KINDS: Final = ("container", "script", "resource", "suspend", "dag", "steps")
_DISPLAY_NAME: Final = "workflows.argoproj.io/display-name"


def refuse_volumes(fields: Fields) -> None:
    """Without a cluster only emptyDir volumes mean something: a folder of the node."""
    fields.read_each("volumes", lambda volume: volume.ignore("name", "emptyDir"))


def read_template(fields: Fields) -> Template:
    """One entry of `templates`."""
    name = name_of(fields)
    fields.where = f"{fields.where.partition('.templates')[0]}.templates[{name}]"
    template = _read(fields, name)
    fields.done()
    return template


def _inline(fields: Fields) -> Template:
    """A template that is written where it is used, without a name."""
    fields.ignore("name")
    return _read(fields, "")


def _read(fields: Fields, name: str) -> Template:
    fields.ignore(*_IGNORED)
    fields.unsupported(*_UNSUPPORTED)
    refuse_volumes(fields)
    if sum(map(fields.has, _KINDS)) != 1:
        fields.refuse(f"must have exactly one of {', '.join(_KINDS)}")
    template = Template(
        name=name,
        display_name=fields.plain("annotations").get(_DISPLAY_NAME, ""),
        inputs=read_values(fields, "inputs") or NOTHING,
        outputs=read_values(fields, "outputs") or NOTHING,
        container=_container(fields),
        resource=fields.read("resource", read_resource),
        suspend=fields.read("suspend", _suspend),
        dag=fields.read("dag", partial(read_dag, inline=_inline)),
        steps=read_steps(fields, _inline) if fields.has("steps") else None,
        retry=fields.read("retryStrategy", read_retry),
        deadline_seconds=fields.any_text("activeDeadlineSeconds"),
        timeout=fields.text("timeout"),
        parallelism=fields.number("parallelism"),
        fail_fast=fields.flag("failFast"),
        mutexes=read_mutexes(fields),
    )
    _check(fields, template)
    return template


def _container(fields: Fields) -> Container | None:
    container, script = fields.read("container", read_container), fields.read("script", read_script)
    return container or script


def _check(fields: Fields, template: Template) -> None:
    """Refuse fields that this kind of template does not have."""
    if not template.tasks and template.parallelism is not None:
        fields.refuse("is only for a dag or steps", "parallelism")
    if template.leaf and template.name != template.name.lower():
        problem = "wanted lower case: it is part of the name of a pod, which a cluster would refuse"
        fields.refuse(f"is {template.name!r}; {problem}", "name")
    for field, value in (("activeDeadlineSeconds", template.deadline_seconds), ("timeout", template.timeout)):
        if template.tasks and value:
            fields.refuse("is only for a container, a script or a resource", field)
    _check_duration(fields, "timeout", template.timeout)


def _check_duration(fields: Fields, field: str, text: str) -> None:
    if text and "{{" not in text and durations.seconds(text) is None:
        fields.refuse(f"is {text!r}; wanted a duration such as 30s or 2m", field)


def read_mutexes(fields: Fields) -> tuple[str, ...]:
    """The mutexes of the field `synchronization`."""
    return fields.read("synchronization", _mutexes) or ()


def _mutexes(fields: Fields) -> tuple[str, ...]:
    fields.unsupported("semaphore", "semaphores")
    one, several = fields.read("mutex", _mutex), fields.read_each("mutexes", _mutex)
    return tuple(dict.fromkeys((one, *several) if one else several))


def _mutex(fields: Fields) -> str:
    fields.unsupported("database", "namespace")
    return fields.required("name")


def _suspend(fields: Fields) -> Suspend:
    duration = fields.any_text("duration") or ""
    _check_duration(fields, "duration", duration)
    return Suspend(duration)


def read_retry(fields: Fields) -> Retry:
    """The field `retryStrategy`."""
    fields.ignore("affinity")
    policy: Any = fields.text("retryPolicy") or None
    if policy is not None and policy not in get_args(Policy):
        fields.refuse(f"is {policy!r}; wanted one of {', '.join(get_args(Policy))}", "retryPolicy")
    if policy == "OnTransientError":
        fields.refuse("is 'OnTransientError', which only a cluster can judge; use OnError or Always", "retryPolicy")
    retry = Retry(fields.any_text("limit"), policy, fields.text("expression"), fields.read("backoff", _backoff))
    if retry.limit is not None and "{{" not in retry.limit and not re.fullmatch(r"\d+", retry.limit):
        fields.refuse(f"is {retry.limit!r}; wanted a whole number", "limit")
    return retry


def _backoff(fields: Fields) -> Backoff:
    backoff = Backoff(
        duration=fields.any_text("duration") or "",
        factor=fields.any_text("factor"),
        max_duration=fields.any_text("maxDuration") or "",
        cap=fields.any_text("cap") or "",
    )
    for name, value in (("duration", backoff.duration), ("maxDuration", backoff.max_duration), ("cap", backoff.cap)):
        _check_duration(fields, name, value)
    if not backoff.duration:
        fields.refuse("is missing", "duration")
    return backoff
