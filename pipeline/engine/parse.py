"""From a folder of YAML to workflows, or a refusal: Workflow, WorkflowTemplate and CronWorkflow, with what they name.

Fields that matter only on a cluster are on an explicit list and ignored; every other field is either run or refused by
name. https://argo-workflows.readthedocs.io/en/latest/fields/
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from pipeline.engine import documents
from pipeline.engine.checks import check
from pipeline.engine.fields import Fields, name_of
from pipeline.engine.parse_templates import read_template, read_values, refuse_volumes
from pipeline.engine.spec import Values, Workflow
from pipeline.errors import Refused, UserError

KINDS: Final = ("Workflow", "WorkflowTemplate", "CronWorkflow")

_IGNORED: Final = (
    "automountServiceAccountToken", "executor", "nodeSelector", "affinity", "tolerations", "imagePullSecrets",
    "hostNetwork", "dnsPolicy", "dnsConfig", "ttlStrategy", "schedulerName", "podGC", "podPriorityClassName",
    "hostAliases", "securityContext", "podDisruptionBudget", "metrics", "volumeClaimGC", "podMetadata", "archiveLogs",
    "artifactGC", "artifactRepositoryRef",
)  # fmt: skip
_LATER: Final = (
    "volumeClaimTemplates", "suspend", "shutdown", "synchronization", "retryStrategy", "templateDefaults", "hooks",
    "podSpecPatch",
)  # fmt: skip
_CRON_IGNORED: Final = (
    "schedule", "schedules", "timezone", "concurrencyPolicy", "startingDeadlineSeconds", "successfulJobsHistoryLimit",
    "failedJobsHistoryLimit", "suspend", "stopStrategy", "when",
)  # fmt: skip


@dataclass(frozen=True)
class Manifests:
    """All workflows of a folder, by name, as they would run: references are resolved and everything is checked."""

    workflows: Mapping[str, Workflow]
    documents: Mapping[str, dict[str, Any]]  # as read, for the snapshot of a run

    def names(self) -> list[str]:
        """The workflows that can be run by name, sorted."""
        return sorted(name for name, workflow in self.workflows.items() if workflow.entrypoint)

    def named(self, name: str) -> Workflow:
        """The workflow of that name.

        Raises:
            UserError: there is none, or it has nothing to start with.
        """
        found = self.workflows.get(name)
        if found is None:
            raise UserError(f"no workflow is named {name!r}; there are {', '.join(self.names()) or 'none'}")
        if not found.entrypoint:
            raise UserError(f"{found.kind} {name} has no entrypoint, so it cannot be run by itself")
        return found

    def snapshot(self, name: str) -> str:
        """What a run of `name` needs to be continued when the files have changed, as JSON."""
        needed = [name, *filter(None, [_reference(self.documents[name])])]
        files = {self.workflows[each].source: self.documents[each] for each in needed}
        return json.dumps([{"file": file, "document": document} for file, document in files.items()])


def load(folder: Path) -> Manifests:
    """Read and check every manifest of a folder (or of one file). Documents of other kinds are passed over.

    Raises:
        Refused: what it says cannot be run here; names file, line, template and field.
    """
    found = [(str(file), document) for file in documents.files(Path(folder)) for document in documents.read(file)]
    return _resolved(found)


def from_snapshot(text: str) -> Manifests:
    """The manifests that `Manifests.snapshot` kept."""
    return _resolved([(entry["file"], entry["document"]) for entry in json.loads(text)])


def _resolved(found: Iterable[tuple[str, dict[str, Any]]]) -> Manifests:
    read: dict[str, Workflow] = {}
    raw: dict[str, dict[str, Any]] = {}
    for file, document in found:
        if document.get("kind") == "ClusterWorkflowTemplate":
            raise Refused(f"{file}: a ClusterWorkflowTemplate is not run by this engine; use a WorkflowTemplate")
        if document.get("kind") not in KINDS:
            continue
        workflow = _read(document, file)
        if workflow.name in read:
            raise Refused(f"{file}: {workflow.name} is also in {read[workflow.name].source}; give one another name")
        read[workflow.name] = workflow
        raw[workflow.name] = document
    workflows = {name: _merged(workflow, read) for name, workflow in read.items()}
    for workflow in workflows.values():
        check(workflow)
    return Manifests(workflows, raw)


def _reference(document: dict[str, Any]) -> str:
    spec = document["spec"]
    return str((spec.get("workflowSpec", spec).get("workflowTemplateRef") or {}).get("name", ""))


def _read(document: dict[str, Any], file: str) -> Workflow:
    top = Fields(document, "", file)
    kind = top.required("kind")
    if top.required("apiVersion") != "argoproj.io/v1alpha1":
        top.refuse("is not argoproj.io/v1alpha1", "apiVersion")
    top.ignore("status")
    metadata = top.mapping("metadata") or top.refuse("is missing", "metadata")
    name = metadata.text("name") or metadata.required("generateName").rstrip("-")
    metadata.ignore("generateName", "creationTimestamp", "uid", "resourceVersion", "generation", "finalizers")
    namespace, labels, annotations = metadata.text("namespace"), metadata.plain("labels"), metadata.plain("annotations")
    metadata.done()
    if len(name) > (52 if kind == "CronWorkflow" else 63):
        metadata.refuse(f"has {len(name)} characters; Argo takes 63, for a CronWorkflow 52", "name")
    spec = top.mapping("spec") or top.refuse("is missing", "spec")
    top.done()
    if kind == "CronWorkflow":
        cron, spec = spec, spec.mapping("workflowSpec") or spec.refuse("is missing", "workflowSpec")
        more_labels, more_annotations = _metadata(cron)
        labels, annotations = {**labels, **more_labels}, {**annotations, **more_annotations}
        cron.ignore(*_CRON_IGNORED)
        cron.done()
    spec.where = name
    workflow = _read_spec(spec, name, kind, file)
    return replace(
        workflow,
        namespace=namespace,
        labels={**labels, **(workflow.labels or {})},
        annotations={**annotations, **(workflow.annotations or {})},
    )


def _metadata(spec: Fields) -> tuple[dict[str, str], dict[str, str]]:
    metadata = spec.mapping("workflowMetadata")
    if metadata is None:
        return {}, {}
    metadata.later("labelsFrom")
    found = metadata.plain("labels"), metadata.plain("annotations")
    metadata.done()
    return found


def _read_spec(spec: Fields, name: str, kind: str, file: str) -> Workflow:
    spec.ignore(*_IGNORED)
    spec.later(*_LATER)
    refuse_volumes(spec)
    reference = spec.mapping("workflowTemplateRef")
    template_ref = ""
    if reference is not None:
        template_ref = name_of(reference)
        reference.later("clusterScope")
        reference.done()
        if spec.has("templates"):
            spec.refuse("cannot stand beside workflowTemplateRef", "templates")
    templates = {}
    for fields in spec.mappings("templates"):
        template = read_template(fields)
        if template.name in templates:
            fields.refuse("is the name of two templates", "name")
        templates[template.name] = template
    arguments = spec.mapping("arguments")
    labels, annotations = _metadata(spec)
    workflow = Workflow(
        name=name,
        kind=kind,
        source=file,
        entrypoint=spec.text("entrypoint"),
        templates=templates,
        arguments=read_values(arguments, "argument") if arguments else Values(),
        template_ref=template_ref,
        on_exit=spec.text("onExit"),
        deadline_seconds=spec.number("activeDeadlineSeconds"),
        parallelism=spec.number("parallelism"),
        service_account=spec.text("serviceAccountName"),
        labels=labels,
        annotations=annotations,
        priority=spec.number("priority"),
    )
    spec.done()
    return workflow


def _merged(workflow: Workflow, others: Mapping[str, Workflow]) -> Workflow:
    """`workflow` with what it takes from the WorkflowTemplate it refers to; its own settings win, as on a cluster."""
    if not workflow.template_ref:
        return workflow
    base = others.get(workflow.template_ref)
    if base is None or base.kind != "WorkflowTemplate":
        there = ", ".join(sorted(name for name, other in others.items() if other.kind == "WorkflowTemplate")) or "none"
        raise Refused(
            f"{workflow.source}: {workflow.name}.workflowTemplateRef names {workflow.template_ref}, which is no "
            f"WorkflowTemplate beside it; there are {there}"
        )
    return replace(
        workflow,
        entrypoint=workflow.entrypoint or base.entrypoint,
        templates=base.templates,
        arguments=Values(
            _first_of_each(workflow.arguments.parameters + base.arguments.parameters),
            _first_of_each(workflow.arguments.artifacts + base.arguments.artifacts),
        ),
        on_exit=workflow.on_exit or base.on_exit,
        deadline_seconds=workflow.deadline_seconds if workflow.deadline_seconds is not None else base.deadline_seconds,
        parallelism=workflow.parallelism if workflow.parallelism is not None else base.parallelism,
        service_account=workflow.service_account or base.service_account,
        priority=workflow.priority if workflow.priority is not None else base.priority,
    )


def _first_of_each[Named: Any](values: tuple[Named, ...]) -> tuple[Named, ...]:
    found: dict[str, Named] = {}
    for value in values:
        found.setdefault(value.name, value)
    return tuple(found.values())
