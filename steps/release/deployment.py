"""The object that makes the server serve one decision's model, pinned by version and digest; while a challenger is on
trial, that one beside it."""

import re
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from steps.backends import challengers, promotions
from steps.backends.challengers.served import beside
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


def build(
    connection: sa.Connection, template: Path, project: str, image: str, model: Champion | Promotion
) -> dict[str, Any]:
    """The object to apply so that the project's server serves `model`, and the challenger that is on trial, if one is.
    `template`: the object without what is decided here.

    Raises:
        BadInput: the template, the image or a model cannot be deployed.
    """
    found = _alone(connection, template, project, image, model)
    trial = challengers.on_trial(connection, project)
    if trial is None:
        return found
    return beside(found, _alone(connection, template, project, image, trial.model), trial)


def _alone(
    connection: sa.Connection, template: Path, project: str, image: str, model: Champion | Promotion
) -> dict[str, Any]:
    if not image or any(character.isspace() for character in image):
        raise BadInput(f"--image is {image!r}; wanted the serving image's name and tag")
    if model.version is None or not (model.model_uri or "").startswith("s3://"):
        raise BadInput(f"decision {model.decision} of {project} names no model in the object store")
    if not _DIGEST.fullmatch(model.digest or ""):
        raise BadInput(f"decision {model.decision} of {project} has the digest {model.digest!r}; wanted hexadecimal")
    dataset = promotions.dataset(connection, project, model.version)
    return filled("--deployment", template, {"image": image, **pins(model, dataset)})
