"""Reading what a pod has beside one container: a set of them, and those before and beside the main one.

https://argo-workflows.readthedocs.io/en/latest/container-set-template/
https://argo-workflows.readthedocs.io/en/latest/walk-through/sidecars/
"""

from dataclasses import replace
from functools import partial

from pipeline.engine.language import durations
from pipeline.engine.manifest.fields import Fields, name_of
from pipeline.engine.manifest.leaves.containers import read_container
from pipeline.engine.manifest.leaves.volumes import read_mount
from pipeline.engine.spec import ContainerSet, Mount, Part


def read_parts(fields: Fields, name: str) -> tuple[Part, ...]:
    """The field `initContainers` or `sidecars`."""
    parts = fields.read_each(name, _beside)
    _refuse_twice(fields, name, parts)
    return parts


def _beside(fields: Fields) -> Part:
    return Part(name_of(fields), read_container(fields), mirrors=fields.flag("mirrorVolumeMounts"))


def read_container_set(fields: Fields) -> ContainerSet:
    """The field `containerSet`."""
    parts = fields.read_each("containers", partial(_of_set, mounts=fields.read_each("volumeMounts", read_mount)))
    if not parts:
        fields.refuse("is empty", "containers")
    _refuse_twice(fields, "containers", parts)
    names = [part.name for part in parts]
    for part in parts:
        unknown = next((each for each in part.dependencies if each not in names), "")
        if unknown:
            fields.refuse(f"[{part.name}] depends on {unknown}, which is none of {', '.join(names)}", "containers")
    circle = _circle({part.name: part.dependencies for part in parts})
    if circle:
        fields.refuse(f"depend on each other in a circle: {' → '.join(circle)}", "containers")
    attempts, pause = fields.read("retryStrategy", _retry) or (1, 0.0)
    return ContainerSet(parts, attempts, pause)


def _of_set(fields: Fields, mounts: tuple[Mount, ...]) -> Part:
    container = read_container(fields)
    return Part(name_of(fields), replace(container, mounts=container.mounts + mounts), fields.texts("dependencies"))


def _retry(fields: Fields) -> tuple[int, float]:
    """How often each container is tried, and the seconds between. As in the controller, `retries` counts the first."""
    retries, duration = fields.any_text("retries") or "", fields.text("duration")
    if not retries.isdecimal() or retries == "0":
        fields.refuse(f"is {retries!r}; wanted a whole number from 1 on", "retries")
    pause = durations.of_go(duration) if duration else 0.0
    if pause is None:
        fields.refuse(f"is {duration!r}; wanted a duration with its unit, such as 10s", "duration")
    return int(retries), pause


def _refuse_twice(fields: Fields, field: str, parts: tuple[Part, ...]) -> None:
    names = [part.name for part in parts]
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        fields.refuse(f"has two named {twice}", field)


def _circle(before: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Names of which each depends on the one after it, the last being the first; empty where there are none."""

    def follow(path: tuple[str, ...]) -> tuple[str, ...]:
        for name in before[path[-1]]:
            if name in path:
                return (*path[path.index(name) :], name)
            found = follow((*path, name))
            if found:
                return found
        return ()

    return next(filter(None, (follow((name,)) for name in before)), ())
