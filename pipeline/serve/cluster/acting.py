"""What the pages may do on a cluster, as Argo's other clients do it: start a run of a WorkflowTemplate, stop a run,
halt it, let it go on. An admission policy (charts/platform/templates/page.yaml) holds their account to that.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.serve.cluster.kubernetes import Kubernetes, NotThere
from pipeline.serve.problems import invalid, not_found


class Acting:
    """One namespace, as a `Submitter` and a `Controller` are for a laptop."""

    def __init__(self, kubernetes: Kubernetes) -> None:
        self._kubernetes = kubernetes

    def submit(self, _kind: str, name: str, options: Mapping[str, Any], _namespace: str) -> dict[str, Any]:
        """Start a run of a WorkflowTemplate; `options`: `parameters`, as name=value."""
        given = [
            {"name": key, "value": value} for key, _, value in (each.partition("=") for each in options["parameters"])
        ]
        return self._start(name, {"parameters": given})

    def resubmit(self, run: str, _given: Sequence[str] | None, _namespace: str, *, memoized: bool) -> dict[str, Any]:  # noqa: ARG002
        """Start a new run of the template that a run names, with the same arguments.

        Raises:
            Problem: there is no such run, or it brought its own templates.
        """
        try:
            spec = self._kubernetes.workflow(run)["spec"]
        except NotThere:
            raise not_found("workflows", run) from None
        name = (spec.get("workflowTemplateRef") or {}).get("name")
        if not name:
            raise invalid(
                f"{run:.80} is of no WorkflowTemplate; run it again in the Argo UI or with: argo resubmit {run:.80}"
            )
        return self._start(name, spec.get("arguments") or {})

    def stop(self, name: str, _options: Mapping[str, Any]) -> None:
        """No new node starts; exit handlers run.

        Raises:
            Problem: there is none of that name.
        """
        self._change(name, {"shutdown": "Stop"})

    def suspend(self, name: str) -> None:
        """No new node starts until it is resumed.

        Raises:
            Problem: there is none of that name.
        """
        self._change(name, {"suspend": True})

    def resume(self, name: str, _options: Mapping[str, Any]) -> None:
        """It goes on.

        Raises:
            Problem: there is none of that name.
        """
        self._change(name, {"suspend": None})

    def _change(self, name: str, spec: Mapping[str, Any]) -> None:
        try:
            self._kubernetes.change(name, spec)
        except NotThere:
            raise not_found("workflows", name) from None

    def _start(self, template: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        return self._kubernetes.create(
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Workflow",
                "metadata": {"generateName": f"{template}-"},
                "spec": {"workflowTemplateRef": {"name": template}, "arguments": arguments},
            }
        )
