"""What every Kubernetes object of ours has: labels, and in its pods what Pod Security's `restricted` profile wants
(https://kubernetes.io/docs/concepts/security/pod-security-standards/)."""

from typing import Any, Final

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
