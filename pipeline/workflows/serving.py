"""How a model is served: the SeldonDeployment that a release applies, without what is decided then.

One predictor with one node and no engine beside it (https://docs.seldon.io/projects/seldon-core/en/latest/graph/svcorch.html#bypass-service-orchestrator-version-0-5-0-and-above).
The container gets the settings of the object store, as one who may read models and add what was asked of them; for a
series those of the database, as one who may read the newest features; and nothing else. It runs as Pod Security's
`restricted` wants it. On a laptop the same object is read by what stands in for the cluster.
"""

import re
from typing import Any

from hera.workflows import RawArtifact

from pipeline.errors import UserError
from pipeline.kubernetes import container_security, labels, pod_security
from pipeline.project import Project, TableProject
from pipeline.workflows.leaf import template_of

_NODE = "model"
_CLASS = "steps.serving.Predictor"
_PORT = 9000
_METRICS_PORT = 6000  # Seldon's own
_NAME = re.compile(r"[a-z]([-a-z0-9]{0,40}[a-z0-9])?")  # Seldon adds to it, and a label ends at 63
_PROBE = {"httpGet": {"path": "/health/ping", "port": "http"}, "periodSeconds": 5, "timeoutSeconds": 2}
_TMP = "/tmp"  # noqa: S108


def deployment(project: Project | TableProject) -> RawArtifact:
    """The SeldonDeployment as an input of the steps that complete it by its image and by what was decided.

    Raises:
        UserError: the project's name cannot name a deployment.
    """
    if not _NAME.fullmatch(project.name):
        raise UserError(
            f"{project.name!r} cannot name a deployment; wanted at most 42 of a-z, 0-9 and -, a letter first"
        )
    own = {"app.kubernetes.io/name": project.name, **labels("serving", project.name)}
    pinned = {f"learning-pipelines/{name}": f"<{name}>" for name in ("decision", "version", "digest")}
    predictor = {
        "name": "default",
        "replicas": 1,
        "annotations": {"seldon.io/no-engine": "true"},
        "labels": own,
        "graph": {"name": _NODE, "type": "MODEL", "endpoint": {"type": "REST"}, "children": []},
        "componentSpecs": [{"metadata": {"annotations": pinned}, "spec": _pod(project)}],
    }
    found = {
        "apiVersion": "machinelearning.seldon.io/v1",
        "kind": "SeldonDeployment",
        "metadata": {"name": project.name, "labels": own, "annotations": pinned},
        "spec": {"name": project.name, "protocol": "seldon", "predictors": [predictor]},
    }
    return template_of("deployment", found)


def _pod(project: Project | TableProject) -> dict[str, Any]:
    variables = {
        "PROJECT": project.name,
        "PARAMETER": "<parameter>",
        "MODEL_URI": "<uri>",
        "MODEL_VERSION": "<version>",
        "MODEL_DIGEST": "<digest>",
        "MODEL_DECISION": "<decision>",
        "MODEL_DATASET": "<dataset>",
        "REQUESTS_SHARE": f"{project.requests.share:g}",
        "REQUESTS_ROWS": str(project.requests.rows),
        "GRPC_WORKERS": "0",
        "OMP_NUM_THREADS": "1",
        "PREDICTIVE_UNIT_METRICS_ENDPOINT": "/metrics",
        "HOME": _TMP,
    }
    sources = [{"secretRef": {"name": "object-store-serving"}}]
    if isinstance(project, Project):
        variables["FEATURES_HOURS"] = str(project.features_hours)
        sources.append({"secretRef": {"name": "database-serving"}})
    container = {
        "name": _NODE,
        "image": "<image>",
        "imagePullPolicy": "IfNotPresent",
        "command": ["seldon-core-microservice"],
        "args": [_CLASS, "--service-type", "MODEL"],
        "env": [{"name": name, "value": value} for name, value in variables.items()],
        "envFrom": sources,
        "ports": [
            {"name": "http", "containerPort": _PORT, "protocol": "TCP"},
            {"name": "metrics", "containerPort": _METRICS_PORT, "protocol": "TCP"},
        ],
        "startupProbe": {**_PROBE, "periodSeconds": 1, "failureThreshold": 60},
        "readinessProbe": {**_PROBE, "failureThreshold": 3},
        "livenessProbe": {**_PROBE, "failureThreshold": 6},
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
        "securityContext": container_security(),
        "volumeMounts": [{"name": "tmp", "mountPath": _TMP}],
    }
    return {
        "securityContext": pod_security(),
        "automountServiceAccountToken": False,
        "containers": [container],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }
