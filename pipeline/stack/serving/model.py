"""A model server: the real `seldon-core-microservice`, started from what a SeldonDeployment's container says."""

from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline import projects
from pipeline.stack.server import Ports, Server, python, python_path, responds
from pipeline.stack.serving.deployment import Predictor


class ModelServer(Server):
    """The server of one predictor of the deployment `of`. `settings`: returns the variables of a ConfigMap or Secret by
    kind and name. `root`: the folder that holds the package `steps`."""

    ports = ("http", "metrics")
    ready_seconds = 60

    def __init__(
        self, of: str, predictor: Predictor, settings: Callable[[str, str], Mapping[str, str]], root: Path
    ) -> None:
        self.name = name_of(of, predictor)
        self._predictor = predictor
        self._settings = settings
        self._root = root

    def command(self, ports: Ports) -> list[str]:
        program = str(Path(__file__).with_name("model_main.py"))
        where = ["--http-port", str(ports["http"]), "--metrics-port", str(ports["metrics"])]
        return [python(), "-P", program, *self._predictor.arguments, *where]

    def environment(self) -> dict[str, str]:
        given: dict[str, str] = {}
        for kind, name in self._predictor.sources:
            given |= self._settings(kind, name)
        given |= self._predictor.environment  # as in a pod, `env` wins over `envFrom`
        paths = python_path(self._root, given.get("PYTHONPATH", ""))
        return {**projects.code_setting(), **given, **paths, "GRPC_WORKERS": "0"}

    def answers(self, ports: Ports) -> bool:
        return responds(ports["http"], "/health/ping")


def name_of(deployment: str, predictor: Predictor) -> str:
    """The name of its server; no deployment's, as that has no dot."""
    return f"{deployment}.{predictor.name}"
