"""Starting runs: of a Workflow that a client sends, of a WorkflowTemplate or CronWorkflow by its name, and once more.

A run is executed by a process of its own, as the watch's are, so it outlives the server; if the process is killed, the
watch resumes it.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pipeline import engine
from pipeline.engine.manifest import Found
from pipeline.errors import UserError
from pipeline.laptop.background import Background
from pipeline.laptop.children import launch
from pipeline.serve.library import Library
from pipeline.serve.problems import Problem, invalid, there_already, unimplemented
from pipeline.serve.runs import Runs
from pipeline.serve.selectors import given_labels
from pipeline.serve.store import check_name, of_kind
from pipeline.stack.processes import reap

_KINDS: Final = {
    "workflowtemplate": "WorkflowTemplate", "workflowtemplates": "WorkflowTemplate", "wftmpl": "WorkflowTemplate",
    "cronworkflow": "CronWorkflow", "cronworkflows": "CronWorkflow", "cronwf": "CronWorkflow", "cwf": "CronWorkflow",
}  # fmt: skip
_CLUSTER: Final = ("clusterworkflowtemplate", "clusterworkflowtemplates", "cwft")


class Submitter:
    """Starts the runs of one machine."""

    def __init__(self, runs: Runs, library: Library) -> None:
        self._runs, self._library = runs, library
        self._background = Background(runs.journal)

    def create(self, document: Any, namespace: str, *, dry: bool = False) -> dict[str, Any]:
        """Start the Workflow that a client sent. `dry`: only check it.

        Raises:
            Problem: it is none, or there is a run of that name.
            Refused: it cannot be run here.
        """
        found = of_kind(document, "Workflow")
        metadata, spec = found["metadata"], found.get("spec")
        name = metadata.get("name") or engine.generated_name(str(metadata.get("generateName") or "workflow-"))
        check_name("Workflow", name)
        if self._runs.journal.standing([name]):
            raise there_already("workflows", name)
        if isinstance(spec, dict):
            spec.pop("shutdown", None)
        whole = found | {"metadata": {**metadata, "name": name}}
        if not metadata.get("name") and not self._collides(metadata):
            found["metadata"] = {key: value for key, value in metadata.items() if key != "name"}
        else:
            found = whole
        manifests = self._library.resolved(copy.deepcopy(found), name)
        if dry:
            return whole
        return self._start(manifests, name, {}, namespace)

    def _collides(self, metadata: Mapping[str, Any]) -> bool:
        """Whether a WorkflowTemplate is called as the prefix of a generated name."""
        prefix = str(metadata.get("generateName") or "").rstrip("-")
        return not prefix or any(each.entry.name == prefix for each in self._library.all("WorkflowTemplate"))

    def submit(self, kind: str, name: str, options: Mapping[str, Any], namespace: str) -> dict[str, Any]:
        """Start a run of a WorkflowTemplate or CronWorkflow. `options`: Argo's SubmitOpts.

        Raises:
            Problem: there is none of that name, or an option is wrong.
            Refused: it cannot be run here.
        """
        if kind.lower() in _CLUSTER:
            raise unimplemented("a ClusterWorkflowTemplate")
        if kind.lower() not in _KINDS:
            raise Problem(3, f"Resource kind '{kind:.60}' is not supported for submitting")
        entry = self._library.get(_KINDS[kind.lower()], name).entry
        document = copy.deepcopy(dict(entry.document))
        spec = document["spec"].get("workflowSpec", document["spec"])
        if entrypoint := options.get("entryPoint") or options.get("entrypoint"):
            spec["entrypoint"] = entrypoint
        if options.get("priority") is not None:
            spec["priority"] = options["priority"]
        run = options.get("name") or engine.generated_name(str(options.get("generateName") or f"{name}-"))
        check_name("Workflow", run)
        manifests = self._library.resolved(document, str(entry.file))
        labels = given_labels(str(options.get("labels") or ""))
        annotations = given_labels(str(options.get("annotations") or ""))
        given = parameters(options.get("parameters"))
        if options.get("dryRun") or options.get("serverDryRun"):
            engine.arguments_of(manifests.manifests.named(manifests.name), given)
            return {"metadata": {"name": run, "namespace": namespace, "labels": labels}, "spec": spec}
        return self._start(manifests, run, given, namespace, labels=labels, annotations=annotations)

    def lint(self, document: Any) -> dict[str, Any]:
        """Check a Workflow; it, as it was sent.

        Raises:
            Problem: it is none.
            Refused: it cannot be run here.
        """
        found = of_kind(document, "Workflow")
        manifests = self._library.resolved(copy.deepcopy(found), "workflow")
        engine.arguments_of(manifests.manifests.named(manifests.name), {})
        return found

    def resubmit(self, run: str, given: Sequence[str] | None, namespace: str, *, memoized: bool) -> dict[str, Any]:
        """Start a new run of what a run was of.

        Raises:
            Problem: there is no such run.
        """
        new = engine.resubmit(self._runs.journal, self._runs.item(run).name, parameters(given), memoized=memoized)
        self.execute(new)
        return self._runs.object(new, namespace)

    def _start(
        self,
        found: Found,
        run: str,
        given: Mapping[str, str],
        namespace: str,
        *,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        self._background.add(run, "submitted")  # first, so that no kill leaves a run that nobody looks after
        try:
            engine.submit(
                self._runs.journal, found.manifests, found.name, given, run_id=run, labels=labels,
                annotations=annotations, namespace=namespace,
            )  # fmt: skip
        except UserError as error:
            if self._runs.journal.standing([run]):
                raise there_already("workflows", run) from None
            self._background.ended(run)
            raise error
        self.execute(run)
        return self._runs.object(run, namespace)

    def execute(self, run: str) -> None:
        """Have a run executed or resumed, unless it is."""
        standing = self._runs.journal.standing([run]).get(run)
        if standing is not None and standing.pid is None:
            self._background.add(run, "submitted")
            self._background.handed(run)
            reap(launch(self._runs.home, run))


def parameters(given: Sequence[str] | None) -> dict[str, str]:
    """Parameters as clients send them: `name=value`.

    Raises:
        Problem: one is not of that form.
    """
    found: dict[str, str] = {}
    for pair in given or ():
        name, equals, value = str(pair).partition("=")
        if not equals or not name:
            raise invalid(f"expected parameter of the form: NAME=VALUE. Received: {pair!r:.80}")
        found[name] = value
    return found
