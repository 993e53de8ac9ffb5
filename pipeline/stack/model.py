"""A model server: the real `seldon-core-microservice`, started from what a SeldonDeployment's container says."""

from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline.stack.deployment import Deployment
from pipeline.stack.server import Ports, Server, python, python_path, responds

_PREDICTIONS = "/api/v1.0/predictions"  # here and at Seldon's ingress


class ModelServer(Server):
    """One deployment's server. `settings`: returns the variables of a ConfigMap or Secret by kind and name. `root`: the
    folder that holds the package `steps`."""

    ports = ("http", "metrics")
    ready_seconds = 60

    def __init__(self, deployment: Deployment, settings: Callable[[str, str], Mapping[str, str]], root: Path) -> None:
        self.name = deployment.name
        self._deployment = deployment
        self._settings = settings
        self._root = root

    def command(self, ports: Ports) -> list[str]:
        program = str(Path(__file__).with_name("model_main.py"))
        where = ["--http-port", str(ports["http"]), "--metrics-port", str(ports["metrics"])]
        return [python(), "-P", program, *self._deployment.arguments, *where]

    def environment(self) -> dict[str, str]:
        given: dict[str, str] = {}
        for kind, name in self._deployment.sources:
            given |= self._settings(kind, name)
        given |= self._deployment.environment  # as in a pod, `env` wins over `envFrom`
        return {**given, **python_path(self._root, given.get("PYTHONPATH", "")), "GRPC_WORKERS": "0"}

    def answers(self, ports: Ports) -> bool:
        return responds(ports["http"], "/health/ping")

    def address(self, ports: Ports) -> str:
        return super().address(ports) + _PREDICTIONS
