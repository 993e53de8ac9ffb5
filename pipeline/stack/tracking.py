"""The tracking server: MLflow over a SQLite file, its artifacts in the object store.

Clients upload artifacts themselves; the server reads them for its pages, so it has the store's settings too. It takes
5 to 9 s to start, nearly all of it imports, so it is started early and awaited where it is first needed.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline.stack.server import Ports, Server, python, responds


class TrackingServer(Server):
    """MLflow on 127.0.0.1, its tables in `<home>/mlflow.db`. `store`: returns the object store's settings."""

    name = "tracking"
    ports = ("http",)
    ready_seconds = 120

    def __init__(self, home: Path, store: Callable[[], Mapping[str, str]]) -> None:
        self._home = home
        self._store = store

    def command(self, ports: Ports) -> list[str]:
        program = str(Path(__file__).with_name("tracking_main.py"))
        store, artifacts = f"sqlite:///{self._home}/mlflow.db", "s3://artifacts/mlflow"
        return [python(), "-P", program, str(ports["http"]), store, artifacts]

    def environment(self) -> dict[str, str]:
        return {
            **self._store(),
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        }

    def answers(self, ports: Ports) -> bool:
        return responds(ports["http"], "/health")

    def settings(self, ports: Ports) -> dict[str, str]:
        """The variables by which steps find it."""
        return {"MLFLOW_TRACKING_URI": self.address(ports), "MLFLOW_DISABLE_TELEMETRY": "true"}
