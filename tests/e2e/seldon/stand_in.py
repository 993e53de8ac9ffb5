"""A stand-in for Seldon Core's operator: what it does for a graph of one node without an engine, and no more.

For each predictor of a SeldonDeployment: a Deployment `<name>-<predictor>-0-<node>` with the variables that the
operator adds, and a Service `<name>-<predictor>` on the container's port; what a predictor that is gone had is deleted.
Then the status: the state, the address of the first predictor, and where each is. Weights and shadows are not made.
https://docs.seldon.io/projects/seldon-core/en/latest/reference/seldon-deployment.html
"""

import json
import time
from pathlib import Path
from typing import Any

import requests

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
API = "https://kubernetes.default.svc"
GROUP = "/apis/machinelearning.seldon.io/v1"
PORT = 9000


def ask(method: str, path: str, body: Any = None, kind: str = "application/apply-patch+yaml") -> Any:
    """What the API server answers."""
    answer = requests.request(
        method,
        API + path,
        data=None if body is None else json.dumps(body),
        headers={"Authorization": f"Bearer {(ACCOUNT / 'token').read_text()}", "Content-Type": kind},
        verify=str(ACCOUNT / "ca.crt"),
        timeout=10,
    )
    answer.raise_for_status()
    return answer.json()


def apply(path: str, body: dict[str, Any]) -> Any:
    return ask("PATCH", f"{path}/{body['metadata']['name']}?fieldManager=seldon-stand-in&force=true", body)


def reconcile(wanted: dict[str, Any]) -> None:
    """Make one of them so, and say how far it is."""
    metadata = wanted["metadata"]
    namespace, predictors = metadata["namespace"], wanted["spec"]["predictors"]
    there = {f"{metadata['name']}-{each['name']}": predict(wanted, each) for each in predictors}
    remove_others(wanted, {each["metadata"]["name"] for each in there.values()}, set(there))
    status = {
        "state": "Available" if all(map(rolled_out, there.values())) else "Creating",
        "address": {"url": f"http://{next(iter(there))}.{namespace}.svc.cluster.local:{PORT}/api/v1.0/predictions"},
        "replicas": sum(each.get("status", {}).get("readyReplicas", 0) for each in there.values()),
        "serviceStatus": {
            name: {"svcName": name, "httpEndpoint": f"{name}.{namespace}:{PORT}", "grpcEndpoint": ""} for name in there
        },
    }
    if status != wanted.get("status"):
        path = f"{GROUP}/namespaces/{namespace}/seldondeployments/{metadata['name']}/status"
        gone = dict.fromkeys(set(wanted.get("status", {}).get("serviceStatus", {})).difference(there))
        merged = {**status, "serviceStatus": {**status["serviceStatus"], **gone}}
        ask("PATCH", path, {"status": merged}, "application/merge-patch+json")
        print(metadata["name"], status["state"], flush=True)


def remove_others(wanted: dict[str, Any], deployments: set[str], services: set[str]) -> None:
    """Delete what predictors had that are not declared any more."""
    metadata = wanted["metadata"]
    kept = {f"/apis/apps/v1/namespaces/{metadata['namespace']}/deployments": deployments}
    kept[f"/api/v1/namespaces/{metadata['namespace']}/services"] = services
    for path, names in kept.items():
        for each in ask("GET", f"{path}?labelSelector=seldon-deployment-id%3D{metadata['name']}")["items"]:
            if each["metadata"]["name"] not in names:
                ask("DELETE", f"{path}/{each['metadata']['name']}")


def predict(wanted: dict[str, Any], predictor: dict[str, Any]) -> dict[str, Any]:
    """Make one predictor's Deployment and Service; the Deployment."""
    metadata = wanted["metadata"]
    name, namespace = f"{metadata['name']}-{predictor['name']}", metadata["namespace"]
    (component,) = predictor["componentSpecs"]
    (container,) = component["spec"]["containers"]
    owner = {
        "apiVersion": wanted["apiVersion"],
        "kind": wanted["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
    }
    labels = {
        "seldon-deployment-id": metadata["name"],
        "app": f"{name}-0-{container['name']}",
        "app.kubernetes.io/managed-by": "seldon-core",
    }
    variables = {
        "PREDICTIVE_UNIT_SERVICE_PORT": str(PORT),
        "PREDICTIVE_UNIT_HTTP_SERVICE_PORT": str(PORT),
        "PREDICTIVE_UNIT_ID": predictor["graph"]["name"],
        "PREDICTIVE_UNIT_PARAMETERS": "[]",
        "PREDICTIVE_UNIT_IMAGE": container["image"],
        "PREDICTOR_ID": predictor["name"],
        "SELDON_DEPLOYMENT_ID": metadata["name"],
        "SELDON_EXECUTOR_ENABLED": "true",
    }
    env = [*container.get("env", []), *({"name": key, "value": value} for key, value in variables.items())]
    pod = {**component["spec"], "containers": [{**container, "env": env}]}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": labels["app"], "namespace": namespace, "labels": labels, "ownerReferences": [owner]},
        "spec": {
            "replicas": predictor.get("replicas", 1),
            "selector": {"matchLabels": {"app": labels["app"]}},
            "template": {
                "metadata": {"labels": {**predictor.get("labels", {}), **labels}, **component.get("metadata", {})},
                "spec": pod,
            },
        },
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace, "labels": labels, "ownerReferences": [owner]},
        "spec": {
            "selector": {"app": labels["app"]},
            "ports": [{"name": "http", "port": PORT, "targetPort": PORT}],
        },
    }
    apply(f"/api/v1/namespaces/{namespace}/services", service)
    found: dict[str, Any] = apply(f"/apis/apps/v1/namespaces/{namespace}/deployments", deployment)
    return found


def rolled_out(deployment: dict[str, Any]) -> bool:
    """All its pods are of its newest generation, and ready."""
    status, wanted = deployment.get("status", {}), deployment["spec"]["replicas"]
    counts = {status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")}
    return status.get("observedGeneration") == deployment["metadata"]["generation"] and counts == {wanted}


while True:
    try:
        for each in ask("GET", f"{GROUP}/seldondeployments")["items"]:
            reconcile(each)
    except requests.RequestException as error:
        print(error, flush=True)
    time.sleep(0.5)
