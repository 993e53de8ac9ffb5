"""The stand-in for Seldon Core's operator."""

from pathlib import Path

import yaml

from pipeline.cluster.kube import Cluster

FOLDER = Path(__file__).parent
STAND_IN = Cluster("seldon-stand-in")


def install() -> None:
    """Install it, and wait until it runs."""
    STAND_IN.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(FOLDER / "objects.yaml"))
    program = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "operator"},
        "data": {"stand_in.py": (FOLDER / "stand_in.py").read_text()},
    }
    STAND_IN.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", given=yaml.safe_dump(program))
    STAND_IN.kubectl("rollout", "restart", "deployment/operator")
    STAND_IN.kubectl("rollout", "status", "deployment/operator", "--timeout", "120s", patience=130)
