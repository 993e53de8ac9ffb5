"""The router in front of a deployment's model servers: it has the port that is known, and keeps it.

It is there also where nothing is on trial: two programs cannot hand a port over without losing the connections that
wait at it, so a router that came and went would drop requests just when a trial begins and ends. As it stays, a new
champion costs no answer either: what is asked while its server starts waits. Its cost is in `tests/bench/routing.py`.
"""

import json
import urllib.request
from pathlib import Path
from typing import Any

from pipeline.stack.server import CODE, Ports, Server, python, python_path, responds

_PREDICTIONS = "/api/v1.0/predictions"  # here and at Seldon's ingress
_PATIENCE = 1.0  # seconds for an answer about itself


class Router(Server):
    """One deployment's. `manifest`: the file of the SeldonDeployment, with the status that says where its predictors
    are; the router follows its changes."""

    ports = ("http",)

    def __init__(self, manifest: Path) -> None:
        self.name = manifest.stem
        self._manifest = manifest

    def command(self, ports: Ports) -> list[str]:
        memory = self._manifest.with_suffix(".alarm")
        files = ["--file", str(self._manifest), "--memory", str(memory)]
        return [python(), "-P", "-m", "steps.router", *files, "--port", str(ports["http"])]

    def environment(self) -> dict[str, str]:
        return {**python_path(CODE), "LOG_FORMAT": "text"}

    def answers(self, ports: Ports) -> bool:
        return responds(ports["http"], "/router")

    def follows(self, ports: Ports, generation: str) -> bool:
        """Whether it has read that state of its manifest."""
        return bool(self.about(ports).get("generation") == generation)

    def about(self, ports: Ports) -> dict[str, Any]:
        """What it says of itself; nothing where it does not answer."""
        try:
            with urllib.request.urlopen(f"{super().address(ports)}/router", timeout=_PATIENCE) as answer:  # noqa: S310
                found: dict[str, Any] = json.load(answer)
                return found
        except (OSError, ValueError):
            return {}

    def address(self, ports: Ports) -> str:
        return super().address(ports) + _PREDICTIONS
