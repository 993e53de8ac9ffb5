"""The object that makes the server serve one decision's model, pinned by version and digest."""

import re
from pathlib import Path
from typing import Any

from steps.backends.promotions import Champion, Promotion, pins
from steps.contract.manifests import filled
from steps.errors import BadInput

_DIGEST = re.compile(r"[0-9a-f]{32,64}")
_POD_SECURITY = {
    "runAsNonRoot": True,
    "runAsUser": 8737,
    "runAsGroup": 8737,
    "fsGroup": 8737,
    "seccompProfile": {"type": "RuntimeDefault"},
}
_CONTAINER_SECURITY = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
}


def build(template: Path, project: str, image: str, model: Champion | Promotion, dataset: str | None) -> dict[str, Any]:
    """The object to apply so that the project's server serves `model`, which was made of `dataset` (its fingerprint;
    None if unknown). `template`: the object without what is decided here.

    Raises:
        BadInput: the template, the image or the model cannot be deployed.
    """
    if not image or any(character.isspace() for character in image):
        raise BadInput(f"--image is {image!r}; wanted the serving image's name and tag")
    if model.version is None or not (model.model_uri or "").startswith("s3://"):
        raise BadInput(f"decision {model.decision} of {project} names no model in the object store")
    if not _DIGEST.fullmatch(model.digest or ""):
        raise BadInput(f"decision {model.decision} of {project} has the digest {model.digest!r}; wanted hexadecimal")
    return filled("--deployment", template, {"image": image, **pins(model, dataset)})
