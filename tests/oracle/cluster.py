"""The cluster that is asked: whether there is one, and what the cases need on it.

They need a namespace, rights for the executor that runs in every pod, and an artifact repository; and a controller
that does not wait ten seconds between two looks at a workflow. All of it is taken back at the end.
"""

import base64
import json
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pipeline.errors import UserError

OURS = {"app.kubernetes.io/managed-by": "oracle"}
REPOSITORY = "artifact-repositories"
STORE = "artifact-store"
STORE_IMAGE = "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z"
BUCKET = "artifacts"
REQUEUE = "DEFAULT_REQUEUE_TIME"
QUICK = "500ms"


def kubectl(*arguments: str, given: str | None = None) -> str:
    """What kubectl prints.

    Raises:
        UserError: it fails; with what it says.
    """
    try:
        done = subprocess.run(["kubectl", *arguments], input=given, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise UserError("there is no kubectl on PATH, which asks the cluster") from None
    if done.returncode:
        raise UserError(f"kubectl {' '.join(arguments[:3])}: {' '.join(done.stderr.split()) or 'failed'}")
    return done.stdout


def there(*arguments: str) -> dict[str, Any] | None:
    """An object, or None where there is none."""
    found = kubectl("get", *arguments, "--ignore-not-found", "-o", "json")
    return json.loads(found) if found.strip() else None


def controller() -> dict[str, Any]:
    """The deployment of the controller.

    Raises:
        UserError: KUBECONFIG leads to no cluster, or to one without Argo Workflows.
    """
    try:
        deployments = json.loads(kubectl("get", "deployments", "-A", "-o", "json", "--request-timeout", "10s"))["items"]
    except UserError as error:
        raise UserError(f"KUBECONFIG leads to no cluster; wanted one with Argo Workflows ({error})") from None
    for deployment in deployments:
        for container in deployment["spec"]["template"]["spec"]["containers"]:
            if "workflow-controller" in (container["name"], *container["image"].replace(":", "/").split("/")):
                found: dict[str, Any] = deployment
                return found
    raise UserError("the cluster of KUBECONFIG has no workflow-controller; install Argo Workflows there")


def version(deployment: dict[str, Any]) -> str:
    """The controller's version, by its image."""
    return str(deployment["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(":")[2])


@contextmanager
def quick(deployment: dict[str, Any]) -> Iterator[None]:
    """The controller looks again at once; as before at the end.

    Raises:
        UserError: it does so already. Two runs at once would change it under each other, which restarts it.
    """
    place = ("-n", deployment["metadata"]["namespace"], f"deployment/{deployment['metadata']['name']}")
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    before = {each["name"]: each.get("value", "") for each in container.get("env", ())}.get(REQUEUE)
    if before == QUICK:
        raise UserError(
            f"the controller's {REQUEUE} is {QUICK} already: another run is on, wait for it; "
            f"if there is none, kubectl set env {' '.join(place)} {REQUEUE}-"
        )
    _make(*_memory(deployment))
    _set(place, f"{REQUEUE}={QUICK}")
    try:
        yield
    finally:
        _set(place, f"{REQUEUE}-" if before is None else f"{REQUEUE}={before}")


def _memory(deployment: dict[str, Any]) -> list[dict[str, Any]]:
    """What the controller needs to remember what is memoized, which a plain installation does not let it."""
    where = {"name": "memoize", "namespace": deployment["metadata"]["namespace"], "labels": OURS}
    account = deployment["spec"]["template"]["spec"]["serviceAccountName"]
    group = "rbac.authorization.k8s.io"
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create", "get", "update"]}]
    return [
        {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": where, "rules": rules},
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": where,
            "roleRef": {"apiGroup": group, "kind": "Role", "name": "memoize"},
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": where["namespace"]}],
        },
    ]


def _set(place: tuple[str, ...], variable: str) -> None:
    kubectl("set", "env", *place, variable)
    kubectl("rollout", "status", *place, "--timeout", "120s")


@contextmanager
def namespace(name: str, *, keep: bool) -> Iterator[None]:
    """A namespace in which workflows can run; what was made of it is deleted at the end.

    Raises:
        UserError: there is one of that name which this command has not made.
    """
    present = there("namespace", name)
    if present is not None:
        if OURS.items() - present["metadata"].get("labels", {}).items():
            raise UserError(f"the cluster has a namespace {name}, which this command has not made; give another one")
        kubectl("delete", "namespace", name, "--timeout", "300s")
    _make({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": OURS}})
    try:
        _make(*_rights(name), *_store(name))
        kubectl("-n", name, "rollout", "status", f"deployment/{STORE}", "--timeout", "120s")
        yield
    finally:
        if not keep:
            kubectl("delete", "namespace", name, "--wait=false")


def _make(*objects: dict[str, Any]) -> None:
    kubectl("apply", "-f", "-", given=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))


def _rights(name: str) -> list[dict[str, Any]]:
    """What the executor needs to report a node's outputs, and what the cases with `resource` templates do."""
    where = {"name": "executor", "namespace": name}
    group = "rbac.authorization.k8s.io"
    rules = [
        {"apiGroups": ["argoproj.io"], "resources": ["workflowtaskresults"], "verbs": ["create", "patch"]},
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create", "get", "patch", "update", "delete"]},
    ]
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": where},
        {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": where, "rules": rules},
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": where,
            "roleRef": {"apiGroup": group, "kind": "Role", "name": "executor"},
            "subjects": [{"kind": "ServiceAccount", **where}],
        },
    ]


def _store(name: str) -> list[dict[str, Any]]:
    """An artifact repository in the namespace itself, with credentials that nobody else has."""
    user, password = secrets.token_hex(8), secrets.token_hex(16)
    labels = {"app": STORE}
    where = {"name": STORE, "namespace": name}

    def key(field: str) -> dict[str, str]:
        return {"name": STORE, "key": field}

    repository = {
        "s3": {
            "endpoint": f"{STORE}:9000",
            "bucket": BUCKET,
            "insecure": True,
            "accessKeySecret": key("user"),
            "secretKeySecret": key("password"),
        }
    }
    volume = [{"name": "data", "mountPath": "/data"}]
    container = {
        "name": "store",
        "image": STORE_IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "args": ["server", "/data"],
        "env": [
            {"name": "MINIO_ROOT_USER", "valueFrom": {"secretKeyRef": key("user")}},
            {"name": "MINIO_ROOT_PASSWORD", "valueFrom": {"secretKeyRef": key("password")}},
        ],
        "readinessProbe": {"httpGet": {"path": "/minio/health/ready", "port": 9000}, "periodSeconds": 1},
        "volumeMounts": volume,
    }
    bucket = {
        "name": "bucket",
        "image": "debian:bookworm-slim",
        "imagePullPolicy": "IfNotPresent",
        "command": ["mkdir", "-p", f"/data/{BUCKET}"],
        "volumeMounts": volume,
    }
    pod = {"initContainers": [bucket], "containers": [container], "volumes": [{"name": "data", "emptyDir": {}}]}
    encoded = {
        field: base64.b64encode(text.encode()).decode() for field, text in (("user", user), ("password", password))
    }
    note = {"workflows.argoproj.io/default-artifact-repository": "store"}
    return [
        {"apiVersion": "v1", "kind": "Secret", "metadata": where, "data": encoded},
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": where,
            "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": where,
            "spec": {"selector": labels, "ports": [{"port": 9000}]},
        },
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": REPOSITORY, "namespace": name, "annotations": note},
            "data": {"store": json.dumps(repository)},
        },
    ]
