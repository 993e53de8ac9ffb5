"""Pods: why one does not run, and one of our own that checks what only a pod can see."""

import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml

from pipeline.cluster.kube import Cluster
from pipeline.errors import PipelineError
from pipeline.kubernetes import container_security, labels, pod_security

_PATIENCE = 180.0
_UNABLE = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError", "CreateContainerError")
_PROBE = Path(__file__).with_name("probe.py")


def trouble(pod: dict[str, Any]) -> str:
    """Why the pod cannot start; empty if it can."""
    status = pod.get("status", {})
    for each in [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]:
        waiting = each.get("state", {}).get("waiting", {})
        if waiting.get("reason") in _UNABLE:
            return f"{pod['metadata']['name']}: {waiting['reason']}: {waiting.get('message', each.get('image'))}"
    for each in status.get("conditions", []):
        if each.get("reason") == "Unschedulable":
            return f"{pod['metadata']['name']}: cannot be scheduled: {each.get('message')}"
    return ""


def probe(cluster: Cluster, image: str) -> str:
    """What `probe.py` prints in a pod of that image, with a step's settings.

    Raises:
        PipelineError: the pod did not run; says why.
    """
    name = f"pipeline-doctor-{uuid4().hex[:6]}"
    cluster.kubectl("create", "-f", "-", given=yaml.safe_dump(_pod(name, image)))
    try:
        return _log(cluster, name)
    finally:
        cluster.kubectl("delete", "pod", name, "--wait=false")


def _log(cluster: Cluster, name: str) -> str:
    deadline, why = time.monotonic() + _PATIENCE, "it did not end"
    while time.monotonic() < deadline:
        (pod,) = cluster.get("pod", name)
        if pod["status"].get("phase") in ("Succeeded", "Failed"):
            return cluster.kubectl("logs", name)
        if why := trouble(pod):
            raise PipelineError(f"{why}; make images, or name the registry that has them with --registry")
        time.sleep(1)
    raise PipelineError(f"{name}: {why or 'it did not end'} within {_PATIENCE:.0f} s")


def _pod(name: str, image: str) -> dict[str, Any]:
    container = {
        "name": "probe",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python", "-c", _PROBE.read_text()],
        "envFrom": [
            {"secretRef": {"name": "object-store"}},
            {"secretRef": {"name": "database"}},
            {"configMapRef": {"name": "tracking"}},
        ],
        "env": [
            {
                "name": f"EVENTS_{key}",
                "valueFrom": {"secretKeyRef": {"name": "object-store-events", "key": f"AWS_{key}"}},
            }
            for key in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
        ],
        "resources": {"requests": {"cpu": "10m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": container_security(),
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels("doctor")},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "securityContext": pod_security(),
            "containers": [container],
        },
    }
