"""kubectl and helm, called in one place: a refusal becomes one line that says what was asked."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from typing import Any

from pipeline.errors import PipelineError, UserError

_PATIENCE = 120.0  # seconds to wait for the API server


@dataclass(frozen=True)
class Cluster:
    """kubectl's current context, and the namespace of the product."""

    namespace: str

    def kubectl(self, *arguments: str, given: str | None = None, patience: float = _PATIENCE) -> str:
        """What `kubectl -n NAMESPACE ARGUMENTS…` prints.

        Raises:
            UserError: kubectl is not installed.
            PipelineError: it failed; its last line.
        """
        return run(["kubectl", "-n", self.namespace, *arguments], given=given, patience=patience)

    def get(self, *arguments: str) -> list[dict[str, Any]]:
        """The objects that `kubectl get ARGUMENTS… -o json` finds; none if there is no such name or kind."""
        try:
            found = json.loads(self.kubectl("get", *arguments, "--ignore-not-found", "-o", "json") or "{}")
        except PipelineError as error:
            if "the server doesn't have a resource type" in str(error):
                return []
            raise
        items: list[dict[str, Any]] = found.get("items", [found] if found else [])
        return items

    def helm(self, *arguments: str, patience: float = 900.0) -> str:
        """What `helm -n NAMESPACE ARGUMENTS…` prints.

        Raises:
            UserError: helm is not installed.
            PipelineError: it failed; its last line.
        """
        return run(["helm", "-n", self.namespace, *arguments], patience=patience)


def run(command: list[str], *, given: str | None = None, patience: float = _PATIENCE) -> str:
    """What the program prints.

    Raises:
        UserError: it is not installed.
        PipelineError: it failed or took too long.
    """
    if shutil.which(command[0]) is None:
        raise UserError(
            f"{command[0]} is not installed; see https://kubernetes.io/docs/tasks/tools and https://helm.sh"
        )
    try:
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=patience, check=False)
    except subprocess.TimeoutExpired:
        raise PipelineError(f"`{_shown(command)}` gave no answer in {patience:.0f} s") from None
    if done.returncode:
        lines = [line for line in done.stderr.strip().splitlines() if line.strip()] or ["no reason given"]
        raise PipelineError(f"`{_shown(command)}`: {lines[-1].strip()}")
    return done.stdout


def _shown(command: list[str]) -> str:
    return " ".join(command[:6]) + (" …" if len(command) > 6 else "")
