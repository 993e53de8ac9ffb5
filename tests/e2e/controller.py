"""Argo's controller set up as our values for its chart would, where it was not installed from there.

What is tested is what is shipped: the settings are read from `charts/upstream/argo-workflows.yaml`.
"""

import yaml

from pipeline.cluster.kube import Cluster
from tests import ROOT

VALUES = ROOT / "charts" / "upstream" / "argo-workflows.yaml"
ARGO = Cluster("argo")


def set_up(namespace: str) -> None:
    """Write the controller's ConfigMap and environment, and restart it where that changed anything."""
    values = yaml.safe_load(VALUES.read_text())
    persistence = values["controller"]["persistence"]
    persistence["postgresql"]["host"] = f"postgres.{namespace}"
    config = {"executor": values["executor"], "persistence": persistence}
    text = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "workflow-controller-configmap"},
        "data": {key: yaml.safe_dump(value) for key, value in config.items()},
    }
    ARGO.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", given=yaml.safe_dump(text))
    variables = [f"{each['name']}={each['value']}" for each in values["controller"]["extraEnv"]]
    ARGO.kubectl("set", "env", "deployment/workflow-controller", *variables)
    ARGO.kubectl("rollout", "restart", "deployment/workflow-controller")
    ARGO.kubectl("rollout", "status", "deployment/workflow-controller", "--timeout", "120s", patience=130)
