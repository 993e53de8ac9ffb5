"""What `manifests/` holds, with the images of one registry; nothing else is changed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from pipeline.errors import UserError
from pipeline.kubernetes import PART_OF
from pipeline.workflows.leaf import SERVING_IMAGE, STEPS_IMAGE

KINDS = ("WorkflowTemplate", "CronWorkflow", "EventBus", "EventSource", "Sensor")
OURS = f"{PART_OF},!app.kubernetes.io/managed-by"


def read(folder: Path, registry: str, *, crons: bool) -> list[dict[str, Any]]:
    """The objects of all projects, each once; CronWorkflows only with `crons`.

    Raises:
        UserError: there are none.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for path in sorted(folder.glob("*/*.yaml")):
        for each in yaml.safe_load_all(path.read_text()):
            if crons or each["kind"] != "CronWorkflow":
                found[each["kind"], each["metadata"]["name"]] = _from_registry(each, registry)
    if not found:
        raise UserError(f"{folder} holds no manifests; `pipeline render` writes them")
    return sorted(found.values(), key=lambda each: (KINDS.index(each["kind"]), each["metadata"]["name"]))


def images(registry: str) -> Iterator[str]:
    """The images that the manifests and the platform's chart name."""
    for image in (STEPS_IMAGE, SERVING_IMAGE, STEPS_IMAGE.replace("steps", "mlflow")):
        yield _in_registry(image, registry)


def _in_registry(image: str, registry: str) -> str:
    return f"{registry.rstrip('/')}/{image}" if registry else image


def _from_registry(value: Any, registry: str) -> Any:
    """`value` with the registry before each text that is the name of an image of ours."""
    if isinstance(value, dict):
        return {key: _from_registry(each, registry) for key, each in value.items()}
    if isinstance(value, list):
        return [_from_registry(each, registry) for each in value]
    return _in_registry(value, registry) if value in (STEPS_IMAGE, SERVING_IMAGE) else value
