"""A run as one line of a list of Workflows: without nodes, from its row in the journal alone."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

LABEL: Final = "workflows.argoproj.io/"
_OVER: Final = ("Succeeded", "Failed", "Error")
_BY_KIND: Final = {"WorkflowTemplate": f"{LABEL}workflow-template", "CronWorkflow": f"{LABEL}cron-workflow"}


def stamp(at: datetime | float | None) -> str | None:
    """A time as Kubernetes writes it: UTC, whole seconds."""
    if at is None:
        return None
    moment = at if isinstance(at, datetime) else datetime.fromtimestamp(at, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Item:
    """A run. `version`: the number of its last change. `row`: as the journal has it."""

    row: Mapping[str, Any]
    version: int = 0
    namespace: str = ""
    progress: str = ""
    halted: bool = False

    def within(self, namespace: str) -> "Item":
        """As seen from a namespace: there is one machine, so every namespace shows every run."""
        return replace(self, namespace=namespace)

    @property
    def name(self) -> str:
        return str(self.row["id"])

    @cached_property
    def _given(self) -> Mapping[str, Any]:
        return self.row["metadata"] or {}

    @cached_property
    def labels(self) -> dict[str, str]:
        """Its own, and those that the controller sets."""
        phase, kind = self.row["phase"], self._given.get("kind", "")
        found = {**self._given.get("labels", {}), f"{LABEL}phase": phase}
        found[f"{LABEL}completed"] = "true" if phase in _OVER else "false"
        if kind in _BY_KIND:
            found.setdefault(_BY_KIND[kind], self.row["workflow"])
        return found

    def metadata(self) -> dict[str, Any]:
        """The object's metadata."""
        generated = f"{self.row['workflow']}-"
        found = {
            "name": self.name,
            "namespace": self.namespace or self._given.get("namespace") or "default",
            "uid": self.row["uid"],
            "resourceVersion": str(self.version),
            "generation": 1,
            "creationTimestamp": stamp(self.row["created_at"]),
            "labels": self.labels,
            "annotations": dict(self._given.get("annotations", {})),
        }
        return found | ({"generateName": generated} if self.name.startswith(generated) else {})

    def arguments(self) -> dict[str, Any]:
        """With the values that the run was given."""
        parameters = [{"name": name, "value": value} for name, value in self.row["parameters"].items()]
        return {"parameters": parameters} if parameters else {}

    def status(self) -> dict[str, Any]:
        """How it stands, without nodes."""
        over = self.row["phase"] in _OVER
        found = {
            "phase": self.row["phase"],
            "startedAt": stamp(self.row["started_at"]),
            "finishedAt": stamp(self.row["finished_at"]),
            "progress": self.progress or self.row["progress"] or "0/0",
            "conditions": [{"type": "Completed", "status": "True" if over else "False"}],
        }
        return found | ({"message": self.row["message"]} if self.row["message"] else {})

    def fields(self) -> dict[str, str]:
        """What a field selector may ask for."""
        return {"metadata.name": self.name, "metadata.uid": self.row["uid"], "status.phase": self.row["phase"]}

    def object(self) -> dict[str, Any]:
        """The Workflow without its nodes."""
        spec = {"arguments": self.arguments()} | ({"suspend": True} if self.halted else {})
        return {"metadata": self.metadata(), "spec": spec, "status": self.status()}
