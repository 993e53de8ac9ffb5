"""What would keep this product from working on a cluster, one line each, with what to do about it.

What only a pod can see (store, database, tracking server, clock) is checked by a pod that runs `probe.py`.
"""

import json
from collections.abc import Iterator
from typing import Any

from pipeline.cluster import pods
from pipeline.cluster.kube import Cluster
from pipeline.cluster.manifests import images
from pipeline.errors import PipelineError
from pipeline.stack.doctor import Check

_CRDS = {
    "workflows.argoproj.io": "Argo Workflows",
    "sensors.argoproj.io": "Argo Events",
    "seldondeployments.machinelearning.seldon.io": "Seldon Core",
}
_ACCOUNTS = ("pipeline-steps", "pipeline-deployer", "pipeline-trainer", "pipeline-sensor")
_SECRETS = {
    "object-store": ("AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"),
    "object-store-serving": ("AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"),
    "object-store-tidier": ("AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"),
    "object-store-events": ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    "database": ("DATABASE_URL",),
    "database-serving": ("DATABASE_URL",),
    "features": ("FEATURES_DATABASE_URL",),
}
_CONFIGS = {"tracking": "MLFLOW_TRACKING_URI", "artifact-repositories": "object-store"}
_MESHES = {"istio": "virtualservices.networking.istio.io", "ambassador": "mappings.getambassador.io"}
_ROUTERS = "app.kubernetes.io/component=router"
_TESTED = ("3.7.", "4.")
_DEPLOY = "run: pipeline deploy"


def examine(cluster: Cluster, registry: str) -> Iterator[Check]:
    """Every check, as it is made. Starts one pod, and removes it."""
    try:
        version = json.loads(cluster.kubectl("version", "-o", "json"))["serverVersion"]["gitVersion"]
    except PipelineError as error:
        yield Check("cluster", False, f"{error}; is the context right? kubectl config get-contexts")
        return
    yield Check("cluster", True, f"Kubernetes {version}")
    for crd, name in _CRDS.items():
        there = bool(cluster.get("crd", crd))
        yield Check(name, there, f"{crd} is there" if there else f"{crd} is not there; {_DEPLOY}")
    yield _controller()
    if not cluster.get("namespace", cluster.namespace):
        yield Check("namespace", False, f"there is no {cluster.namespace}; {_DEPLOY}, or give another --namespace")
        return
    yield _admission(cluster)
    yield _accounts(cluster)
    yield from _settings(cluster)
    yield _pulled(cluster)
    yield _trials(cluster)
    yield from _probed(cluster, next(images(registry)))


def _controller() -> Check:
    everywhere = Cluster("default").get("deployments", "--all-namespaces")
    found = [image for each in everywhere for image in _images(each) if "workflow-controller" in image]
    if not found:
        return Check("controller", False, f"no workflow-controller runs; {_DEPLOY}")
    version = found[0].rpartition(":")[2].removeprefix("v")
    fits = version.startswith(_TESTED)
    return Check("controller", fits, f"{found[0]}" + ("" if fits else "; wanted 3.7 or 4.x"))


def _images(deployment: dict[str, Any]) -> list[str]:
    return [each["image"] for each in deployment["spec"]["template"]["spec"]["containers"]]


def _admission(cluster: Cluster) -> Check:
    """Pod Security `restricted` refuses Argo's own containers unless the controller gives them a security context."""
    (namespace,) = cluster.get("namespace", cluster.namespace)
    enforced = namespace["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce", "none")
    if enforced != "restricted":
        return Check("pod security", True, f"{enforced}; `pipeline deploy` sets restricted")
    maps = Cluster("default").get("configmaps", "--all-namespaces")
    config = [each for each in maps if each["metadata"]["name"].endswith("workflow-controller-configmap")]
    fits = any("securityContext" in str(each.get("data")) for each in config)
    words = "and the controller's own containers fit"
    fix = "but the controller's ConfigMap has no executor.securityContext; see charts/upstream/argo-workflows.yaml"
    return Check("pod security", fits, f"restricted, {words if fits else fix}")


def _accounts(cluster: Cluster) -> Check:
    there = {each["metadata"]["name"] for each in cluster.get("serviceaccounts")}
    missing = [name for name in _ACCOUNTS if name not in there]
    return Check(
        "service accounts", not missing, f"missing: {', '.join(missing)}; {_DEPLOY}" if missing else "all there"
    )


def _settings(cluster: Cluster) -> Iterator[Check]:
    for name, keys in _SECRETS.items():
        found = cluster.get("secret", name)
        missing = [key for key in keys if not found or key not in found[0].get("data", {})]
        yield Check(f"secret {name}", not missing, f"lacks {', '.join(missing)}; {_DEPLOY}" if missing else "complete")
    for name, key in _CONFIGS.items():
        found = cluster.get("configmap", name)
        there = bool(found) and key in found[0].get("data", {})
        yield Check(f"configMap {name}", there, "complete" if there else f"lacks {key}; {_DEPLOY}")


def _pulled(cluster: Cluster) -> Check:
    """Why an image cannot be pulled, which a workflow forgets once its pod is gone."""
    troubles = [trouble for each in cluster.get("pods") if (trouble := pods.trouble(each))]
    return Check("images", not troubles, "; ".join(troubles[:3]) if troubles else "no pod is waiting for one")


def _trials(cluster: Cluster) -> Check:
    """Who makes something of a challenger: Seldon's operator by a mesh, or routers of ours."""
    found = cluster.get("seldondeployments.machinelearning.seldon.io")
    tried = [each["metadata"]["name"] for each in found if len(each["spec"].get("predictors", [])) > 1]
    by = [name for name, crd in _MESHES.items() if _operator_has(f"{name.upper()}_ENABLED") and cluster.get("crd", crd)]
    routers = {each["metadata"]["name"].removesuffix("-router") for each in cluster.get("deployments", "-l", _ROUTERS)}
    alone = [] if by else sorted(set(tried) - routers)
    if alone:
        fix = "add the name to router.projects of the platform's values, or switch on Seldon's Istio or Ambassador"
        return Check("trials", False, f"{', '.join(alone)}: a challenger is there and gets no request; {fix}")
    how = [*(f"Seldon by {name}" for name in by), *([f"routers of {', '.join(sorted(routers))}"] if routers else [])]
    none = "nothing shares requests with a challenger, and no model has one; see router.projects of the values"
    return Check("trials", True, f"requests are shared by {' and '.join(how)}" if how else none)


def _operator_has(setting: str) -> bool:
    """Whether Seldon's operator was told so, as its chart does by `istio.enabled` and `ambassador.enabled`."""
    for each in Cluster("default").get("deployments", "--all-namespaces"):
        for container in each["spec"]["template"]["spec"]["containers"]:
            variables = {one["name"]: one.get("value") for one in container.get("env", [])}
            if variables.get(setting) == "true":
                return True
    return False


def _probed(cluster: Cluster, image: str) -> Iterator[Check]:
    try:
        text = pods.probe(cluster, image)
    except PipelineError as error:
        yield Check("a pod of ours", False, str(error))
        return
    for line in text.splitlines():
        if line.startswith("{"):
            found = json.loads(line)
            yield Check(found["name"], found["ok"], found["words"])
