"""Reading one template of a manifest: what it is, its inputs and outputs, retries and mutexes."""

import re
from functools import partial
from typing import Any, Final, get_args

import yaml

from pipeline.engine.language import durations
from pipeline.engine.manifest.fields import Fields, name_of
from pipeline.engine.manifest.leaves.containers import read_main, read_script
from pipeline.engine.manifest.leaves.objects import read_resource
from pipeline.engine.manifest.leaves.pods import read_container_set, read_parts
from pipeline.engine.manifest.leaves.users import read_user
from pipeline.engine.manifest.leaves.volumes import read_volumes
from pipeline.engine.manifest.leaves.web import read_http
from pipeline.engine.manifest.tasks import read_dag, read_steps
from pipeline.engine.manifest.values import read_values
from pipeline.engine.spec import (
    MEMO_KEY,
    NOTHING,
    SEMAPHORE,
    Backoff,
    Container,
    Memoize,
    Policy,
    Retry,
    Suspend,
    Template,
)

_IGNORED: Final = (
    "metadata", "nodeSelector", "affinity", "tolerations", "schedulerName", "priorityClassName", "serviceAccountName",
    "automountServiceAccountToken", "executor", "hostAliases", "archiveLocation", "metrics",
)  # fmt: skip
_UNSUPPORTED: Final = (
    "data", "plugin",
)  # fmt: skip
_KINDS: Final = ("container", "containerSet", "script", "resource", "http", "suspend", "dag", "steps")
_DISPLAY_NAME: Final = "workflows.argoproj.io/display-name"


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
    read_patch(fields)
    if sum(map(fields.has, _KINDS)) != 1:
        fields.refuse(f"must have exactly one of {', '.join(_KINDS)}")
    template = Template(
        name=name,
        display_name=fields.plain("annotations").get(_DISPLAY_NAME, ""),
        inputs=read_values(fields, "inputs") or NOTHING,
        outputs=read_values(fields, "outputs") or NOTHING,
        container=_container(fields),
        container_set=fields.read("containerSet", read_container_set),
        before=read_parts(fields, "initContainers"),
        beside=read_parts(fields, "sidecars"),
        daemon=fields.flag("daemon"),
        resource=fields.read("resource", read_resource),
        http=fields.read("http", read_http),
        suspend=fields.read("suspend", _suspend),
        dag=fields.read("dag", partial(read_dag, inline=_inline)),
        steps=read_steps(fields, _inline) if fields.has("steps") else None,
        retry=fields.read("retryStrategy", read_retry),
        memoize=fields.read("memoize", _memoize),
        deadline_seconds=fields.any_text("activeDeadlineSeconds"),
        timeout=fields.text("timeout"),
        parallelism=fields.number("parallelism"),
        fail_fast=fields.flag("failFast"),
        mutexes=read_mutexes(fields),
        volumes=read_volumes(fields),
        user=fields.read("securityContext", read_user) or "",
    )
    _check(fields, template)
    return template


def _container(fields: Fields) -> Container | None:
    container, script = fields.read("container", read_main), fields.read("script", read_script)
    return container or script


def _check(fields: Fields, template: Template) -> None:
    """Refuse fields that this kind of template does not have."""
    if not template.tasks and template.parallelism is not None:
        fields.refuse("is only for a dag or steps", "parallelism")
    if template.leaf and template.name != template.name.lower():
        problem = "wanted lower case: it is part of the name of a pod, which a cluster would refuse"
        fields.refuse(f"is {template.name!r}; {problem}", "name")
    for field in ("daemon", "initContainers", "sidecars"):
        if template.main is None and fields.has(field):
            fields.refuse("is only for a container, a containerSet or a script", field)
    names = [part.name for _, part in template.containers]
    has_files = template.outputs is not NOTHING or bool(template.inputs.artifacts)
    if template.container_set and has_files and "main" not in names:
        fields.refuse("has none that is named main, of which inputs and outputs are", "containerSet")
    twice = next((name for name in names if names.count(name) > 1 or name in ("init", "wait")), "")
    if twice:
        fields.refuse(f"has two containers named {twice}; init and wait are Argo's own")
    for field, value in (("activeDeadlineSeconds", template.deadline_seconds), ("timeout", template.timeout)):
        if template.tasks and value:
            fields.refuse("is only for a container, a script or a resource", field)
    _check_duration(fields, "timeout", template.timeout)


def _check_duration(fields: Fields, field: str, text: str) -> None:
    if text and "{{" not in text and durations.seconds(text) is None:
        fields.refuse(f"is {text!r}; wanted a duration such as 30s or 2m", field)


_OF_CLUSTERS: Final = frozenset((
    "resources", "securityContext", "imagePullPolicy", "name", "ports", "livenessProbe", "readinessProbe",
    "nodeSelector", "tolerations", "affinity", "terminationGracePeriodSeconds", "priorityClassName",
    "serviceAccountName", "enableServiceLinks", "runtimeClassName", "schedulerName", "hostNetwork", "dnsPolicy",
    "dnsConfig", "hostAliases", "topologySpreadConstraints", "restartPolicy", "metadata", "overhead",
    "activeDeadlineSeconds", "shareProcessNamespace",
))  # fmt: skip


def read_patch(fields: Fields) -> None:
    """`podSpecPatch` may change what only matters on a cluster; what it changes of a command is refused."""
    text = fields.text("podSpecPatch")
    fields.ignore("podSpecPatch")
    if not text or "{{" in text:
        return
    try:
        patch = yaml.load(text, yaml.CSafeLoader)
    except yaml.YAMLError:
        fields.refuse("is neither JSON nor YAML", "podSpecPatch")
    for name in sorted(_patched(patch) - _OF_CLUSTERS):
        fields.note(f"changes {name}, which this engine does not follow; put it into the template", "podSpecPatch")


def _patched(patch: Any) -> set[str]:
    """The fields of a pod, and of its containers, that a patch changes."""
    if not isinstance(patch, dict):
        return {"the pod as a whole"}
    found = set(patch) - {"containers", "initContainers"}
    for containers in ("containers", "initContainers"):
        of = patch.get(containers)
        found |= {key for each in of if isinstance(each, dict) for key in each} if isinstance(of, list) else set()
    return found


def read_mutexes(fields: Fields) -> tuple[str, ...]:
    """The mutexes of the field `synchronization`, and its semaphores (which begin with `SEMAPHORE`)."""
    return fields.read("synchronization", _mutexes) or ()


def _mutexes(fields: Fields) -> tuple[str, ...]:
    one, several = fields.read("mutex", _mutex), fields.read_each("mutexes", _mutex)
    first, others = fields.read("semaphore", _semaphore), fields.read_each("semaphores", _semaphore)
    return tuple(dict.fromkeys(filter(None, (one, *several, first, *others))))


def _semaphore(fields: Fields) -> str:
    fields.unsupported("database", "namespace")
    reference = fields.mapping("configMapKeyRef") or fields.refuse("is missing", "configMapKeyRef")
    found = f"{SEMAPHORE}{reference.required('name')}/{reference.required('key')}"
    reference.ignore("optional")
    reference.done()
    return found


def _mutex(fields: Fields) -> str:
    fields.ignore("database")  # which only says where clusters keep it
    fields.unsupported("namespace")
    return fields.required("name")


def _memoize(fields: Fields) -> Memoize:
    cache = fields.mapping("cache") or fields.refuse("is missing", "cache")
    config_map = cache.mapping("configMap") or cache.refuse("is missing", "configMap")
    memoize = Memoize(fields.required("key"), config_map.required("name"), fields.text("maxAge"))
    config_map.ignore("key", "optional")  # which the controller ignores too
    config_map.done()
    cache.done()
    if "{{" not in memoize.key and not MEMO_KEY.fullmatch(memoize.key):
        fields.refuse(f"is {memoize.key!r}; wanted letters, digits and '-', the first a letter or digit", "key")
    if "{{" not in memoize.max_age and memoize.max_age and durations.of_go(memoize.max_age) is None:
        fields.refuse(f"is {memoize.max_age!r}; wanted a duration with its unit, such as 30m or 24h", "maxAge")
    return memoize


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
