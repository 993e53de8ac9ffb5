"""What applying the manifests would change: found out, and shown, before anything changes."""

import json
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

import yaml

from pipeline.cluster.kube import Cluster
from pipeline.cluster.manifests import KINDS, OURS

_PATIENCE = 180.0  # seconds
_RESOURCES = {kind: f"{kind.lower()}s.argoproj.io" for kind in KINDS} | {"EventBus": "eventbus.argoproj.io"}


@dataclass(frozen=True)
class DeployPlan:
    """What will change, by `Kind/name`. `changed`: with the lines that differ."""

    wanted: list[dict[str, Any]]
    created: list[str]
    changed: dict[str, str]
    pruned: list[str]


def plan(cluster: Cluster, wanted: list[dict[str, Any]], *, crons: bool) -> DeployPlan:
    """Compare with what is there; what has our labels and is no longer wanted will be pruned. CronWorkflows are touched
    only with `crons`.

    Raises:
        PipelineError: the API server refuses one of them.
    """
    kinds = [kind for kind in KINDS if crons or kind != "CronWorkflow"]
    there = {_name(each): each for kind in kinds for each in cluster.get(_RESOURCES[kind], "-l", OURS)}
    names = [_name(each) for each in wanted]
    would = _applied(cluster, wanted) if wanted else []
    changed = {}
    for each in would:
        name = _name(each)
        if name in there and (difference := _difference(there[name], each)):
            changed[name] = difference
    return DeployPlan(
        wanted,
        created=[name for name in names if name not in there],
        changed=changed,
        pruned=sorted(set(there).difference(names)),
    )


def apply(cluster: Cluster, planned: DeployPlan) -> None:
    """Make it so: apply everything server-side, then delete what is no longer wanted."""
    if planned.wanted:
        cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", given=_text(planned.wanted))
    if planned.pruned:
        cluster.kubectl("delete", *map(_resource, planned.pruned), "--ignore-not-found", "--wait=false")


def await_gone(cluster: Cluster, names: list[str]) -> None:
    """Wait until these are gone; an event bus goes after everything that is connected to it, which may take a minute.

    Raises:
        PipelineError: one is still there.
    """
    for name in names:
        cluster.kubectl("wait", "--for=delete", _resource(name), f"--timeout={_PATIENCE:.0f}s", patience=_PATIENCE + 10)


def _resource(name: str) -> str:
    kind, _, plain = name.partition("/")
    return f"{_RESOURCES[kind]}/{plain}"


def _applied(cluster: Cluster, wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The objects as they would be after the API server's own checks."""
    answer = cluster.kubectl(
        "apply", "--server-side", "--force-conflicts", "--dry-run=server", "-o", "json", "-f", "-", given=_text(wanted)
    )
    found = json.loads(answer)
    items: list[dict[str, Any]] = found.get("items", [found])
    return items


def _difference(before: dict[str, Any], after: dict[str, Any]) -> str:
    now, then = (
        yaml.dump(_compared(each), Dumper=yaml.CSafeDumper, allow_unicode=True).splitlines() for each in (before, after)
    )
    return "\n".join(list(unified_diff(now, then, n=2, lineterm=""))[2:])


def _compared(value: dict[str, Any]) -> dict[str, Any]:
    """The part of an object that people write."""
    metadata = {key: value["metadata"].get(key) for key in ("name", "labels", "annotations")}
    return {"metadata": metadata, "spec": value.get("spec")}


def _name(value: dict[str, Any]) -> str:
    return f"{value['kind']}/{value['metadata']['name']}"


def _text(values: list[dict[str, Any]]) -> str:
    return yaml.dump_all(values, Dumper=yaml.CSafeDumper, allow_unicode=True)
