"""What every Kubernetes object of ours has: labels, and for its pods what Pod Security's `restricted` profile wants
(https://kubernetes.io/docs/concepts/security/pod-security-standards/). And objects that a step completes."""

import json
from typing import Any, Final

from pipeline.errors import UserError

PART_OF: Final = "app.kubernetes.io/part-of=learning-pipelines"  # as a selector
_USER: Final = 8737  # the images' user; see the Dockerfile


def pod_security() -> dict[str, Any]:
    """A pod's security context."""
    return {
        "runAsNonRoot": True,
        "runAsUser": _USER,
        "runAsGroup": _USER,
        "fsGroup": _USER,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> dict[str, Any]:
    """A container's security context."""
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
    }


def labels(component: str, project: str = "") -> dict[str, str]:
    """The labels of everything that belongs to one component of one project, or of all (empty)."""
    instance = {"app.kubernetes.io/instance": project} if project else {}
    name, _, value = PART_OF.partition("=")
    return {"app.kubernetes.io/component": component, **instance, name: value}


def template(manifest: dict[str, Any]) -> str:
    """An object as an argument of a step, which fills in each `<name>` in it (`steps.contract.manifests`).

    Raises:
        UserError: it holds `{{`, which Argo would expand.
    """
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    if "{{" in text:
        raise UserError(f"the {manifest['kind']} holds '{{{{', which Argo would expand; take it out: {text:.200}")
    return text
