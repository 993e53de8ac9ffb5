"""From a folder of YAML to workflows, or a refusal: Workflow, WorkflowTemplate, CronWorkflow, and what they refer to.

Fields that matter only on a cluster are on an explicit list and ignored; every other field is either supported or
refused by name. https://argo-workflows.readthedocs.io/en/latest/fields/
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from pipeline.engine.language import expr
from pipeline.engine.manifest import documents
from pipeline.engine.manifest.checks import check, check_started
from pipeline.engine.manifest.fields import OF_OBJECTS, Fields, collected, object_name
from pipeline.engine.manifest.leaves import images
from pipeline.engine.manifest.leaves.users import read_user
from pipeline.engine.manifest.leaves.volumes import read_volumes
from pipeline.engine.manifest.lines import with_line
from pipeline.engine.manifest.references import references_of, with_inline_templates, with_references
from pipeline.engine.manifest.templates import read_mutexes, read_patch, read_retry, read_template
from pipeline.engine.manifest.values import read_values
from pipeline.engine.settings import NO_SETTINGS, Settings, of_documents, semaphores_of
from pipeline.engine.spec import NOTHING, Hook, Template, Values, Workflow
from pipeline.errors import Refused, UserError

KINDS: Final = ("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow")

_IGNORED: Final = (
    "automountServiceAccountToken", "executor", "nodeSelector", "affinity", "tolerations", "imagePullSecrets",
    "hostNetwork", "dnsPolicy", "dnsConfig", "ttlStrategy", "schedulerName", "podGC", "podPriorityClassName",
    "hostAliases", "podDisruptionBudget", "metrics", "volumeClaimGC", "podMetadata", "archiveLogs",
    "artifactGC", "artifactRepositoryRef",
)  # fmt: skip
_UNSUPPORTED: Final = ("shutdown",)


@dataclass(frozen=True)
class Manifests:
    """All workflows of a folder, by name, as they would run: references are resolved and everything is checked."""

    workflows: Mapping[str, Workflow]
    documents: Mapping[str, dict[str, Any]]  # as read, for the snapshot of a run
    references: Mapping[str, Collection[str]]  # the WorkflowTemplates that each refers to directly
    settings: Settings = NO_SETTINGS  # the ConfigMaps and Secrets beside them

    def names(self) -> list[str]:
        """The workflows that can be run by name, sorted."""
        return sorted(name for name, workflow in self.workflows.items() if workflow.entrypoint)

    def named(self, name: str) -> Workflow:
        """The workflow of that name.

        Raises:
            UserError: there is none, or it has no entrypoint.
        """
        found = self.workflows.get(name)
        if found is None:
            raise UserError(f"no workflow is named {name!r}; there are {', '.join(self.names()) or 'none'}")
        if not found.entrypoint:
            raise UserError(f"{found.kind} {name} has no entrypoint, so it cannot be run by itself")
        try:
            check_started(found)
        except Refused as error:
            raise UserError(str(error)) from None
        return found

    def snapshot(self, name: str) -> str:
        """What it takes to resume a run of `name` after the files have changed, as JSON."""
        needed = sorted(_reachable(name, self.references))
        kept = [{"file": self.workflows[each].source, "document": self.documents[each]} for each in needed]
        return json.dumps(kept + _config_maps(self.workflows[name]))

    def given(self, settings: Settings) -> "Manifests":
        """The same with more ConfigMaps and Secrets, which win over its own."""
        whole = settings.over(self.settings)
        workflows = {name: replace(each, config_maps=whole.config_maps) for name, each in self.workflows.items()}
        return replace(self, workflows=workflows, settings=whole)

    def with_commands(self, commands: images.Commands) -> "Manifests":
        """The same with the commands that images bring, where a container has none."""
        for document in self.documents.values() if commands else ():
            images.put(document, commands)
        found = [(self.workflows[name].source, document) for name, document in self.documents.items()]
        return resolve(found).given(self.settings) if commands else self


class Unresolved(Refused):
    """A workflow that can be read, but cannot run. `manifests`: what was read, of which more may be said; `name`: which
    of them was meant."""

    def __init__(self, problems: Iterable[str], manifests: Manifests, name: str = "") -> None:
        super().__init__(*problems)
        self.manifests, self.name = manifests, name


def _config_maps(workflow: Workflow) -> list[dict[str, Any]]:
    """The ConfigMaps of which a workflow's parameters and semaphores have their values, as documents."""
    values = [*workflow.arguments.parameters]
    for template in workflow.templates.values():
        values += [
            *template.inputs.parameters,
            *(each for task in template.tasks for each in task.arguments.parameters),
        ]
    names = {each.value_from.config_map for each in values if each.value_from is not None} - {""}
    names |= {each.name for each in semaphores_of(workflow)}
    return [
        {"file": "", "document": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": found}}
        for name, found in (workflow.config_maps or {}).items()
        if name in names or any("{{" in each for each in names)
    ]


def load(folder: Path) -> Manifests:
    """Read and check every manifest of a folder (or of one file). Documents of other kinds are skipped.

    Raises:
        Refused: one of them cannot run here; names file, line, template and field.
    """
    found = [(str(file), document) for file in documents.files(Path(folder)) for document in documents.read(file)]
    return resolve(found).given(of_documents((Path(file), document) for file, document in found))


def from_snapshot(text: str) -> Manifests:
    """The manifests that `Manifests.snapshot` kept."""
    found = [(entry["file"], entry["document"]) for entry in json.loads(text)]
    return resolve(found).given(of_documents((Path(file), document) for file, document in found))


def resolve(found: Iterable[tuple[str, dict[str, Any]]]) -> Manifests:
    """The workflows among documents that have been read, each given with its file. Other kinds are skipped.

    Raises:
        Refused: one cannot run here, or refers to something that is not among them.
    """
    read: dict[str, Workflow] = {}
    raw: dict[str, dict[str, Any]] = {}
    problems: list[str] = []
    for file, document in found:
        if document.get("kind") not in KINDS:
            continue
        workflow, noted = _read_all(document, file)
        problems.extend(noted)
        if workflow.name in read:
            raise Refused(f"{file}: {workflow.name} is also in {read[workflow.name].source}; give one another name")
        read[workflow.name] = workflow
        raw[workflow.name] = document
    references = {name: references_of(workflow) for name, workflow in read.items()}
    whole: dict[str, Workflow] = {}
    for name, workflow in read.items():
        try:
            whole[name], noted = _resolved(workflow, read, raw, _reachable(name, references))
            if not noted:
                check(whole[name])
        except Refused as problem:
            noted = [*problem.problems]
        near = [(read[each].source, raw[each]) for each in (name, *raw)]
        problems += [with_line(each, f"{workflow.source}: {name}", near) for each in noted]
    if problems:
        raise Unresolved(dict.fromkeys(problems), Manifests({**read, **whole}, raw, references))
    return Manifests(whole, raw, references)


def _read_all(document: dict[str, Any], file: str) -> tuple[Workflow, list[str]]:
    """A workflow, and what is refused of it although it can be read.

    Raises:
        Refused: it cannot; with all that is refused of it.
    """
    with collected() as noted:
        try:
            return _read(document, file, _defaults(document)), noted
        except Refused as problem:
            raise Refused(*noted, *problem.problems) from None


def _resolved(
    workflow: Workflow, read: Mapping[str, Workflow], raw: Mapping[str, dict[str, Any]], reachable: Iterable[str]
) -> tuple[Workflow, list[str]]:
    """A workflow with what it refers to, all of it read with the `templateDefaults` of the workflow that runs."""
    defaults = _defaults(raw[workflow.name]) or _defaults(raw.get(workflow.template_ref, {}))
    with collected():
        again = {
            each: _read(raw[each], read[each].source, defaults)
            for each in reachable
            if _defaults(raw[each]) != defaults
        }
    return with_references(again.get(workflow.name, workflow), {**read, **again})


def _reachable(name: str, references: Mapping[str, Collection[str]]) -> set[str]:
    """A workflow and all that it refers to, directly or not, as far as they are there."""
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


class _Metadata(NamedTuple):
    name: str = ""
    namespace: str = ""
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    labels_from: Mapping[str, str] = {}

    def over(self, below: "_Metadata") -> "_Metadata":
        """The other one, with these labels and annotations over its own."""
        labels, annotations = {**below.labels, **self.labels}, {**below.annotations, **self.annotations}
        computed = {**below.labels_from, **self.labels_from}
        return below._replace(labels=labels, annotations=annotations, labels_from=computed)


def _read(document: dict[str, Any], file: str, defaults: dict[str, Any]) -> Workflow:
    top = Fields(document, "", file)
    kind = top.required("kind")
    if top.required("apiVersion") != "argoproj.io/v1alpha1":
        top.refuse("is not argoproj.io/v1alpha1", "apiVersion")
    top.ignore("status")
    metadata = top.read("metadata", partial(_metadata, longest=52 if kind == "CronWorkflow" else 63))
    metadata = metadata or top.refuse("is missing", "metadata")
    name = metadata.name
    spec = top.mapping("spec") or top.refuse("is missing", "spec")
    top.done()
    schedule = None
    if kind == "CronWorkflow":
        from pipeline.engine.manifest.cron import read_cron  # noqa: PLC0415 - loaded for CronWorkflows only

        cron, spec = spec, spec.mapping("workflowSpec") or spec.refuse("is missing", "workflowSpec")
        schedule = read_cron(cron, name, metadata.namespace, metadata.labels)
        metadata = _workflow_metadata(cron).over(metadata)
        cron.done()
    spec.where = name
    workflow = _read_spec(spec, kind, _workflow_metadata(spec).over(metadata), defaults)
    spec.done()
    return replace(workflow, cron=schedule)


def _metadata(fields: Fields, longest: int) -> _Metadata:
    name = object_name(fields) if fields.has("name") else fields.required("generateName").rstrip("-")
    if len(name) > longest:
        fields.refuse(f"has {len(name)} characters; Argo takes 63, for a CronWorkflow 52", "name")
    fields.ignore(*OF_OBJECTS)
    return _Metadata(name, fields.text("namespace"), fields.plain("labels"), fields.plain("annotations"))


def _workflow_metadata(spec: Fields) -> _Metadata:
    def read(fields: Fields) -> _Metadata:
        computed = {each.where.rpartition(".")[2]: _expression(each) for each in fields.each_mapping("labelsFrom")}
        return _Metadata(labels=fields.plain("labels"), annotations=fields.plain("annotations"), labels_from=computed)

    return spec.read("workflowMetadata", read) or _Metadata()


def _expression(fields: Fields) -> str:
    text = fields.required("expression")
    try:
        expr.check(text)
    except expr.NotEvaluated as error:
        fields.refuse(f"is {text!r}: {error}", "expression")
    fields.done()
    return text


def _read_spec(spec: Fields, kind: str, metadata: _Metadata, defaults: dict[str, Any]) -> Workflow:
    spec.ignore(*_IGNORED)
    spec.unsupported(*_UNSUPPORTED)
    read_patch(spec)
    template_ref = spec.read("workflowTemplateRef", _template_ref) or ""
    if template_ref and spec.has("templates"):
        spec.refuse("cannot stand beside workflowTemplateRef", "templates")
    templates = _read_templates(spec, defaults)
    return Workflow(
        name=metadata.name,
        kind="WorkflowTemplate" if kind == "ClusterWorkflowTemplate" else kind,
        source=spec.file,
        entrypoint=spec.text("entrypoint"),
        templates=templates,
        arguments=_arguments(spec),
        template_ref=template_ref,
        **_read_hooks(spec),
        deadline_seconds=spec.number("activeDeadlineSeconds"),
        parallelism=spec.number("parallelism"),
        mutexes=read_mutexes(spec),
        retry=spec.read("retryStrategy", read_retry),
        service_account=spec.text("serviceAccountName"),
        namespace=metadata.namespace,
        labels=metadata.labels,
        annotations=metadata.annotations,
        priority=spec.number("priority"),
        volumes=read_volumes(spec),
        user=spec.read("securityContext", read_user) or "",
        labels_from=metadata.labels_from,
        suspended=spec.flag("suspend"),
    )


def _arguments(spec: Fields) -> Values:
    arguments = read_values(spec, "arguments") or NOTHING
    for artifact in arguments.artifacts:
        if artifact.source or artifact.expression:
            field = "from" if artifact.source else "fromExpression"
            spec.refuse("is only for the arguments of tasks and steps", f"arguments.artifacts[{artifact.name}].{field}")
    return arguments


def _template_ref(fields: Fields) -> str:
    fields.flag("clusterScope")  # both kinds have their names in common here; `finding` tells them apart
    return object_name(fields)


def _read_templates(spec: Fields, defaults: dict[str, Any]) -> dict[str, Template]:
    templates: dict[str, Template] = {}
    spec.mapping("templateDefaults")  # merged into each template of the workflow that runs
    broken: list[str] = []
    for fields in spec.mappings("templates"):
        try:
            template = read_template(fields.over(defaults) if defaults else fields)
        except Refused as problem:
            broken.extend(problem.problems)
            continue
        if template.name in templates:
            fields.refuse("is the name of two templates", "name")
        templates.update(with_inline_templates(template))
    if broken:
        raise Refused(*broken)
    return templates


def _read_hooks(spec: Fields) -> dict[str, Any]:
    """The template of `onExit`, or of the hook `exit`; and the other hooks."""

    def read(hooks: Fields) -> tuple[str, dict[str, Hook]]:
        others = {name: hooks.read(name, _hook) for name in hooks.names() if name != "exit"}
        return hooks.read("exit", _exit_hook) or "", {name: hook for name, hook in others.items() if hook is not None}

    on_exit, hooks = spec.read("hooks", read) or ("", {})
    return {"on_exit": spec.text("onExit") or on_exit, "hooks": hooks}


def _exit_hook(hook: Fields) -> str:
    hook.unsupported("expression", "arguments", "templateRef")
    return hook.required("template")


def _hook(hook: Fields) -> Hook:
    hook.unsupported("templateRef")
    expression = hook.required("expression")
    return Hook(hook.required("template"), read_values(hook, "arguments") or NOTHING, expression)
