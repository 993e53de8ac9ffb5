"""The SeldonDeployment of one decision: which model the server must serve, pinned by version and digest.

One predictor with one node and no engine
(https://docs.seldon.io/projects/seldon-core/en/latest/graph/svcorch.html#bypass-service-orchestrator-version-0-5-0-and-above).
The container gets the object store's settings and nothing else, and meets Pod Security's `restricted` standard. On a
laptop the same object is read by our stand-in for the cluster.
"""

import re
from typing import Any

from steps.backends.promotions import Champion, Promotion
from steps.errors import BadInput

PREDICTOR = "default"
NODE = "model"
HTTP_PORT = 9000
_CLASS = "steps.serving.Predictor"
_DNS_LABEL = re.compile(r"[a-z]([-a-z0-9]{0,40}[a-z0-9])?")  # Seldon appends to it, and a label has at most 63
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


def build(project: str, image: str, model: Champion | Promotion, dataset: str | None) -> dict[str, Any]:
    """The object to apply so that the project's server serves `model`, which was made of `dataset` (its fingerprint;
    None if unknown).

    Raises:
        BadInput: the project's name, the image or the model cannot be deployed.
    """
    _check(project, image, model)
    labels = {
        "app.kubernetes.io/name": project,
        "app.kubernetes.io/component": "serving",
        "app.kubernetes.io/instance": project,
        "app.kubernetes.io/part-of": "learning-pipelines",
    }
    pinned = {
        "learning-pipelines/decision": str(model.decision),
        "learning-pipelines/version": str(model.version),
        "learning-pipelines/digest": str(model.digest),
    }
    predictor = {
        "name": PREDICTOR,
        "replicas": 1,
        "annotations": {"seldon.io/no-engine": "true"},
        "labels": labels,
        "graph": {"name": NODE, "type": "MODEL", "endpoint": {"type": "REST"}, "children": []},
        "componentSpecs": [{"metadata": {"annotations": pinned}, "spec": _pod(project, image, model, dataset)}],
    }
    return {
        "apiVersion": "machinelearning.seldon.io/v1",
        "kind": "SeldonDeployment",
        "metadata": {"name": project, "labels": labels, "annotations": pinned},
        "spec": {"name": project, "protocol": "seldon", "predictors": [predictor]},
    }


def _check(project: str, image: str, model: Champion | Promotion) -> None:
    if not _DNS_LABEL.fullmatch(project):
        raise BadInput(f"{project!r} cannot name a deployment; wanted at most 42 of a-z, 0-9 and -, a letter first")
    if not image or image != image.strip() or any(character.isspace() for character in image):
        raise BadInput(f"--image is {image!r}; wanted the serving image's name and tag")
    if model.version is None or not (model.model_uri or "").startswith("s3://"):
        raise BadInput(f"decision {model.decision} of {project} names no model in the object store")
    if not _DIGEST.fullmatch(model.digest or ""):
        raise BadInput(f"decision {model.decision} of {project} has the digest {model.digest!r}; wanted hexadecimal")


def _pod(project: str, image: str, model: Champion | Promotion, dataset: str | None) -> dict[str, Any]:
    probe = {"httpGet": {"path": "/health/ping", "port": "http"}, "periodSeconds": 5, "timeoutSeconds": 2}
    variables = {
        "PROJECT": project,
        "PARAMETER": model.parameter,
        "MODEL_URI": str(model.model_uri),
        "MODEL_VERSION": str(model.version),
        "MODEL_DIGEST": str(model.digest),
        "MODEL_DECISION": str(model.decision),
        **({"MODEL_DATASET": dataset} if dataset else {}),
        "GRPC_WORKERS": "0",
        "OMP_NUM_THREADS": "1",
        "HOME": "/tmp",  # noqa: S108
    }
    container = {
        "name": NODE,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["seldon-core-microservice"],
        "args": [_CLASS, "--service-type", "MODEL"],
        "env": [{"name": name, "value": value} for name, value in variables.items()],
        "envFrom": [{"secretRef": {"name": "object-store"}}],
        "ports": [{"name": "http", "containerPort": HTTP_PORT, "protocol": "TCP"}],
        "startupProbe": {**probe, "periodSeconds": 1, "failureThreshold": 60},
        "readinessProbe": {**probe, "failureThreshold": 3},
        "livenessProbe": {**probe, "failureThreshold": 6},
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
        "securityContext": _CONTAINER_SECURITY,
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108
    }
    return {
        "securityContext": _POD_SECURITY,
        "automountServiceAccountToken": False,
        "containers": [container],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }
