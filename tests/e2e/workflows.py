"""Runs on the cluster: started from a WorkflowTemplate, awaited, read."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import yaml

from pipeline.cluster.kube import Cluster

PATIENCE = 1200.0
_ENDED = ("Succeeded", "Failed", "Error")


@dataclass(frozen=True)
class Ended:
    """A workflow that is over, as the controller left it."""

    status: dict[str, Any]
    name: str

    @property
    def phase(self) -> str:
        return str(self.status["phase"])

    @property
    def nodes(self) -> list[dict[str, Any]]:
        return list(self.status.get("nodes", {}).values())

    @property
    def message(self) -> str:
        return str(self.status.get("message"))

    def phases(self) -> dict[str, str]:
        """The phase of each node but the root, by its name; without the attempts of a retried one."""
        nodes = [
            each for each in self.nodes if each["type"] not in ("Retry", "TaskGroup") and each["name"] != self.name
        ]
        return {each["displayName"].removesuffix("(0)").replace(self.name, ""): each["phase"] for each in nodes}

    def node(self, name: str) -> dict[str, Any]:
        """The one node of that name, its pod where it was retried."""
        found = [each for each in self.nodes if each["displayName"] in (name, f"{name}(0)") and each["type"] != "Retry"]
        assert found, f"{self.name} has no node {name}; it has {sorted(each['displayName'] for each in self.nodes)}"
        return found[0]

    def output(self, node: str, parameter: str) -> str:
        """What the node wrote."""
        given = self.node(node)["outputs"]["parameters"]
        return str(next(each["value"] for each in given if each["name"] == parameter))

    @property
    def seconds(self) -> float:
        """From its creation to its end."""
        return (_time(self.status["finishedAt"]) - _time(self.status["startedAt"])).total_seconds()

    @property
    def work_seconds(self) -> float:
        """How long its pods' main containers ran, those side by side counted once."""
        spans = sorted(
            (_time(each["startedAt"]), _time(each["finishedAt"])) for each in self.nodes if each["type"] == "Pod"
        )
        total, reached = 0.0, datetime.min.replace(tzinfo=UTC)
        for began, ended in spans:
            total += max(0.0, (ended - max(began, reached)).total_seconds())
            reached = max(reached, ended)
        return total


def submit(cluster: Cluster, kind: str, name: str, parameters: Mapping[str, str], entrypoint: str = "") -> str:
    """Start it as `argo submit --from KIND/NAME` does, with its own entrypoint or another; the workflow's name."""
    given = [{"name": key, "value": value} for key, value in parameters.items()]
    spec = {"workflowTemplateRef": {"name": name}, "arguments": {"parameters": given}}
    if kind == "cronworkflow":
        spec = json.loads(cluster.kubectl("get", kind, name, "-o", "json"))["spec"]["workflowSpec"]
        kept = [each for each in spec["arguments"]["parameters"] if each["name"] not in parameters]
        spec["arguments"]["parameters"] = [*kept, *given]
    workflow = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"generateName": f"{name}-"},
        "spec": spec | ({"entrypoint": entrypoint} if entrypoint else {}),
    }
    return cluster.kubectl("create", "-o", "name", "-f", "-", given=yaml.safe_dump(workflow)).strip().split("/")[1]


def ended(cluster: Cluster, name: str, *, patience: float = PATIENCE) -> Ended:
    """The workflow, once it is over."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        status = json.loads(cluster.kubectl("get", "workflow", name, "-o", "json")).get("status", {})
        if status.get("phase") in _ENDED:
            return Ended(status, name)
        time.sleep(1)
    raise TimeoutError(f"{name} did not end within {patience:.0f} s")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
