"""The cluster as the pages see a machine: its servers are pods, its database and MLflow the environment's."""

import os
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Any

from pipeline.cluster.pods import trouble
from pipeline.laptop.champions import Served
from pipeline.laptop.machine import LocalMachine
from pipeline.serve.cluster.kubernetes import Kubernetes
from pipeline.stack.stack import ServerStatus

_OF_A_RUN = "workflows.argoproj.io/workflow"


class Pods:
    """What runs there and is no step of a run."""

    def __init__(self, kubernetes: Kubernetes) -> None:
        self._kubernetes = kubernetes

    def status(self) -> list[ServerStatus]:
        """One for each pod, by name."""
        found = self._kubernetes.pods(labelSelector=f"!{_OF_A_RUN}")
        return sorted(map(_shown, found), key=lambda each: each.name)

    def answering(self, name: str) -> str | None:
        """The address of MLflow; other servers are not asked by the pages."""
        return os.environ.get("MLFLOW_TRACKING_URI") if name == "tracking" else None


def _shown(pod: dict[str, Any]) -> ServerStatus:
    metadata, status = pod["metadata"], pod.get("status") or {}
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in status.get("conditions") or ())
    state = "running" if ready else trouble(pod) or str(status.get("phase", "Pending")).lower()
    return ServerStatus(metadata["name"], state, status.get("podIP"), None, status.get("startTime"), None)


class ClusterMachine(LocalMachine):
    """A namespace. Nothing is started or changed from here."""

    def __init__(self, kubernetes: Kubernetes) -> None:
        super().__init__(Path(tempfile.gettempdir()))
        self.cluster = True
        self._kubernetes = kubernetes

    @cached_property
    def stack(self) -> Any:
        """Its pods."""
        return Pods(self._kubernetes)

    def use(self, *secrets: str) -> None:
        """The environment names them already."""

    def has_decisions(self) -> bool:
        """There is a database."""
        return True

    def served(self) -> list[Served]:
        """Seldon's servers are among the pods."""
        return []

    def watched(self) -> bool:
        """Argo's controllers watch."""
        return True
