"""Applying a Workflow on this machine: a run of that name, executed by a process of its own.

The name is the identity, as on a cluster: applied again, by a retry or by another run, it is still one run. The process
outlives the run that applied it; if it is killed, the watch resumes the run.
"""

from pathlib import Path
from typing import Any

from pipeline import engine
from pipeline.engine.manifest import Fields, find
from pipeline.errors import UserError
from pipeline.laptop.background import Background
from pipeline.laptop.children import launch
from pipeline.stack.processes import reap


class AppliedWorkflows:
    """Applies Workflows whose `workflowTemplateRef` is in the folder `manifests`. `home`: the state folder."""

    def __init__(self, home: Path, journal: engine.Journal, manifests: Path) -> None:
        self._home, self._journal, self._manifests = home, journal, manifests

    def apply(self, manifest: dict[str, Any]) -> str:
        """Start the run unless there is one of that name; its phase.

        Raises:
            UserError: the manifest has more than a name, a workflowTemplateRef and parameters, or there is no such
                template.
        """
        run, template, parameters = _read(manifest)
        if (phase := self.phase(run)) is not None:
            return phase
        background = Background(self._journal)
        background.add(run, "applied")
        try:
            found = find(template, known=self._manifests)
            engine.submit(self._journal, found.manifests, template, parameters, run_id=run)
        except UserError:
            if (phase := self.phase(run)) is not None:  # another process was faster
                return phase
            raise
        background.handed(run)
        reap(launch(self._home, run))
        return "Pending"

    def phase(self, run: str) -> str | None:
        """The phase of a run; None if there is none of that name."""
        standing = self._journal.standing([run]).get(run)
        return standing.phase if standing is not None else None


def _read(manifest: dict[str, Any]) -> tuple[str, str, dict[str, str]]:
    top = Fields(manifest, "", "the applied Workflow")
    top.ignore("apiVersion", "kind")
    metadata = top.mapping("metadata") or top.refuse("is missing", "metadata")
    spec = top.mapping("spec") or top.refuse("is missing", "spec")
    top.done()
    metadata.ignore("labels", "annotations", "namespace")
    run = metadata.required("name")
    metadata.done()
    reference = spec.mapping("workflowTemplateRef") or spec.refuse("is missing", "workflowTemplateRef")
    template = reference.required("name")
    reference.done()
    arguments, parameters = spec.mapping("arguments"), {}
    spec.done()
    if arguments is not None:
        for each in arguments.mappings("parameters"):
            parameters[each.required("name")] = each.any_text("value") or ""
            each.done()
        arguments.done()
    return run, template, parameters
