"""What a folder of manifests holds, for one namespace and one registry of images: nothing else is changed."""

from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any

import yaml

from pipeline.errors import UserError
from pipeline.images import ALL
from pipeline.kubernetes import PART_OF
from pipeline.projects import every

KINDS = ("WorkflowTemplate", "CronWorkflow", "EventBus", "EventSource", "Sensor")
OURS = f"{PART_OF},!app.kubernetes.io/managed-by"


def read(folder: Path, registry: str, *, crons: bool) -> list[dict[str, Any]]:
    """The objects of all projects, each once; CronWorkflows only with `crons`.

    Raises:
        UserError: there are none, or something that is not of Argo.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    ours = set(ALL).union(*({each.images.steps, each.images.serving} for each in every().values())) - {""}
    for path in sorted(folder.rglob("*.yaml")):
        for each in filter(None, yaml.load_all(path.read_text(encoding="utf-8"), yaml.CSafeLoader)):
            if each.get("kind") not in KINDS:
                raise UserError(f"{path} holds a {each.get('kind')}; wanted one of {', '.join(KINDS)} alone")
            if crons or each["kind"] != "CronWorkflow":
                found[each["kind"], each["metadata"]["name"]] = _from_registry(each, registry, ours)
    if not found:
        raise UserError(f"{folder} holds no manifests; `pipeline render` writes them")
    return sorted(found.values(), key=lambda each: (KINDS.index(each["kind"]), each["metadata"]["name"]))


def images(registry: str) -> Iterator[str]:
    """The images that these manifests and the platform's chart name."""
    for image in ALL:
        yield _in_registry(image, registry)


def _in_registry(image: str, registry: str) -> str:
    return f"{registry.rstrip('/')}/{image}" if registry else image


def _from_registry(value: Any, registry: str, ours: Set[str]) -> Any:
    """`value` with the registry before each text that is the name of one of `ours`."""
    if isinstance(value, dict):
        return {key: _from_registry(each, registry, ours) for key, each in value.items()}
    if isinstance(value, list):
        return [_from_registry(each, registry, ours) for each in value]
    return _in_registry(value, registry) if value in ours else value
