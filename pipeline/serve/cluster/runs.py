"""The Workflows of a namespace as the runs of the pages. They are listed once a second at most, however many look."""

import threading
import time
from typing import Any, Final
from urllib.parse import quote

from pipeline.engine.views import RunView
from pipeline.serve.cluster import workflows
from pipeline.serve.cluster.kubernetes import Kubernetes, NotThere
from pipeline.serve.objects import Item
from pipeline.serve.problems import not_found

_FRESH_SECONDS: Final = 1.0
_PAGE: Final = "500"  # Workflows in one answer


class ClusterRuns:
    """See `pipeline.serve.runs.Runs`."""

    def __init__(self, kubernetes: Kubernetes, page: str = "") -> None:
        self._kubernetes, self._page = kubernetes, page
        self._lock = threading.Lock()
        self._items: list[Item] = []
        self._read_at = -_FRESH_SECONDS
        self._told: list[str] = []
        self._version = 0

    def items(self) -> list[Item]:
        """All of them, the newest first."""
        with self._lock:
            if time.monotonic() - self._read_at >= _FRESH_SECONDS:
                found, told = self._listed()
                self._items = sorted(found, key=lambda each: (each.row["created_at"], each.name), reverse=True)
                self._read_at = time.monotonic()
                if told != self._told:
                    self._told, self._version = told, self._version + 1
            return self._items

    def _listed(self) -> tuple[list[Item], list[str]]:
        """Page by page, so that the API need not hold all of them at once; nodes are not kept."""
        found: list[Item] = []
        told: list[str] = []
        query = {"limit": _PAGE}
        while True:
            answer = self._kubernetes.workflows(**query)
            for each in answer.get("items") or ():
                found.append(workflows.item(each))
                told.append(f"{each['metadata']['name']}@{each['metadata'].get('resourceVersion')}")
            if not (following := answer["metadata"].get("continue")):
                return found, sorted(told)
            query["continue"] = following

    def version(self) -> int:
        """A number that grows with each change."""
        self.items()
        return self._version

    def item(self, name: str) -> Item:
        """One.

        Raises:
            Problem: there is none of that name.
        """
        return workflows.item(self._workflow(name))

    def view(self, name: str) -> RunView:
        """One with its nodes.

        Raises:
            Problem: there is none of that name.
        """
        return workflows.view(self._workflow(name))

    def page_at(self, run: str, node: str, artifact: str, key: str) -> str | None:  # noqa: ARG002 - see `Runs`
        """Where an artifact is shown: in the Argo UI; empty where that is not known."""
        path = "/".join(quote(each, safe="") for each in (run, node, "outputs", artifact))
        return f"{self._page}/artifact-files/{self._kubernetes.namespace}/workflows/{path}" if self._page else ""

    def _workflow(self, name: str) -> dict[str, Any]:
        try:
            return self._kubernetes.workflow(name)
        except NotThere:
            raise not_found("workflows", name) from None
