"""From a folder of YAML to workflows, or a refusal: Workflow, WorkflowTemplate and CronWorkflow, with what they name.

Fields that matter only on a cluster are on an explicit list and ignored; every other field is either run or refused by
name. https://argo-workflows.readthedocs.io/en/latest/fields/
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from pipeline.engine.manifest import documents
from pipeline.engine.manifest.checks import check, check_arguments
from pipeline.engine.manifest.fields import Fields, name_of
from pipeline.engine.manifest.lines import with_line
from pipeline.engine.manifest.references import merged, named_apart, referred
from pipeline.engine.manifest.templates import read_mutexes, read_retry, read_template, refuse_volumes
from pipeline.engine.manifest.values import read_values
from pipeline.engine.spec import Values, Workflow
from pipeline.errors import Refused, UserError

KINDS: Final = ("Workflow", "WorkflowTemplate", "CronWorkflow")

_IGNORED: Final = (
    "automountServiceAccountToken", "executor", "nodeSelector", "affinity", "tolerations", "imagePullSecrets",
    "hostNetwork", "dnsPolicy", "dnsConfig", "ttlStrategy", "schedulerName", "podGC", "podPriorityClassName",
    "hostAliases", "securityContext", "podDisruptionBudget", "metrics", "volumeClaimGC", "podMetadata", "archiveLogs",
    "artifactGC", "artifactRepositoryRef",
)  # fmt: skip
_LATER: Final = ("volumeClaimTemplates", "suspend", "shutdown", "podSpecPatch")


@dataclass(frozen=True)
class Manifests:
    """All workflows of a folder, by name, as they would run: references are resolved and everything is checked."""

    workflows: Mapping[str, Workflow]
    documents: Mapping[str, dict[str, Any]]  # as read, for the snapshot of a run
    references: Mapping[str, Collection[str]]  # the WorkflowTemplates that each names itself

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
        try:
            check_arguments(found)
        except Refused as error:
            raise UserError(str(error)) from None
        return found

    def snapshot(self, name: str) -> str:
        """What a run of `name` needs to be continued when the files have changed, as JSON."""
        needed = sorted(_reached(name, self.references))
        return json.dumps([{"file": self.workflows[each].source, "document": self.documents[each]} for each in needed])


def load(folder: Path) -> Manifests:
    """Read and check every manifest of a folder (or of one file). Documents of other kinds are passed over.

    Raises:
        Refused: what it says cannot be run here; names file, line, template and field.
    """
    found = [(str(file), document) for file in documents.files(Path(folder)) for document in documents.read(file)]
    return resolve(found)


def from_snapshot(text: str) -> Manifests:
    """The manifests that `Manifests.snapshot` kept."""
    return resolve([(entry["file"], entry["document"]) for entry in json.loads(text)])


def resolve(found: Iterable[tuple[str, dict[str, Any]]]) -> Manifests:
    """The workflows among documents that have been read, each with the file it is from. Other kinds are passed over.

    Raises:
        Refused: what one says cannot be run here, or it refers to what is not among them.
    """
    read: dict[str, Workflow] = {}
    raw: dict[str, dict[str, Any]] = {}
    for file, document in found:
        if document.get("kind") == "ClusterWorkflowTemplate":
            raise Refused(f"{file}: a ClusterWorkflowTemplate is not run by this engine; use a WorkflowTemplate")
        if document.get("kind") not in KINDS:
            continue
        workflow = _read(document, file, _defaults(document))
        if workflow.name in read:
            raise Refused(f"{file}: {workflow.name} is also in {read[workflow.name].source}; give one another name")
        read[workflow.name] = workflow
        raw[workflow.name] = document
    references = {name: referred(workflow) for name, workflow in read.items()}
    whole: dict[str, Workflow] = {}
    for name, workflow in read.items():
        base = raw.get(workflow.template_ref)
        defaults = _defaults(raw[name]) or (_defaults(base) if base else {})
        others = {
            each: _read(raw[each], read[each].source, defaults)
            for each in _reached(name, references)
            if _defaults(raw[each]) != defaults
        }
        whole[name] = merged(others.get(name, workflow), read | others)
        try:
            check(whole[name])
        except Refused as problem:
            near = [(read[each].source, raw[each]) for each in (name, *raw)]
            raise with_line(problem, f"{workflow.source}: {name}", near) from None
    return Manifests(whole, raw, references)


def _reached(name: str, references: Mapping[str, Collection[str]]) -> set[str]:
    """A workflow and all that it refers to, as far as they are there."""
    found: set[str] = set()
    todo = [name]
    while todo:
        each = todo.pop()
        if each in references and each not in found:
            found.add(each)
            todo.extend(references[each])
    return found


def _defaults(document: dict[str, Any]) -> dict[str, Any]:
    """The templateDefaults of a workflow."""
    spec = document.get("spec")
    spec = spec.get("workflowSpec", spec) if isinstance(spec, dict) else None
    found = spec.get("templateDefaults") if isinstance(spec, dict) else None
    return found if isinstance(found, dict) else {}


def _read(document: dict[str, Any], file: str, defaults: dict[str, Any]) -> Workflow:
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
    schedule = None
    if kind == "CronWorkflow":
        from pipeline.engine.manifest.cron import read_cron  # noqa: PLC0415 - loaded where there is a schedule

        cron, spec = spec, spec.mapping("workflowSpec") or spec.refuse("is missing", "workflowSpec")
        schedule = read_cron(cron, name, namespace, labels)
        more_labels, more_annotations = _metadata(cron)
        labels, annotations = {**labels, **more_labels}, {**annotations, **more_annotations}
        cron.done()
    spec.where = name
    workflow = _read_spec(spec, name, kind, file, defaults)
    return replace(
        workflow,
        namespace=namespace,
        labels={**labels, **(workflow.labels or {})},
        annotations={**annotations, **(workflow.annotations or {})},
        cron=schedule,
    )


def _metadata(spec: Fields) -> tuple[dict[str, str], dict[str, str]]:
    metadata = spec.mapping("workflowMetadata")
    if metadata is None:
        return {}, {}
    metadata.later("labelsFrom")
    found = metadata.plain("labels"), metadata.plain("annotations")
    metadata.done()
    return found


def _read_spec(spec: Fields, name: str, kind: str, file: str, defaults: dict[str, Any]) -> Workflow:
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
    spec.mapping("templateDefaults")  # merged into each template of whatever runs
    for fields in spec.mappings("templates"):
        template = read_template(fields.over(defaults) if defaults else fields)
        if template.name in templates:
            fields.refuse("is the name of two templates", "name")
        templates.update(named_apart(template))
    arguments, retry = spec.mapping("arguments"), spec.mapping("retryStrategy")
    labels, annotations = _metadata(spec)
    workflow = Workflow(
        name=name,
        kind=kind,
        source=file,
        entrypoint=spec.text("entrypoint"),
        templates=templates,
        arguments=read_values(arguments, "argument") if arguments else Values(),
        template_ref=template_ref,
        on_exit=_exit_handler(spec),
        deadline_seconds=spec.number("activeDeadlineSeconds"),
        parallelism=spec.number("parallelism"),
        mutexes=read_mutexes(spec),
        retry=read_retry(retry) if retry else None,
        service_account=spec.text("serviceAccountName"),
        labels=labels,
        annotations=annotations,
        priority=spec.number("priority"),
    )
    spec.done()
    return workflow


def _exit_handler(spec: Fields) -> str:
    """The template of `onExit`, or of the hook `exit`."""
    hooks = spec.mapping("hooks")
    hook = hooks.mapping("exit") if hooks else None
    if hooks is not None:
        hooks.later(*(name for name in hooks.names() if name != "exit"))
        hooks.done()
    if hook is None:
        return spec.text("onExit")
    hook.later("expression", "arguments", "templateRef")
    name = hook.required("template")
    hook.done()
    return spec.text("onExit") or name
