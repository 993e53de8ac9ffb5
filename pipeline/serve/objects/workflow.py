"""A whole Workflow object: metadata, the spec that was run, and the status with every node."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pipeline.engine.views import RunView
from pipeline.serve.objects.items import Item
from pipeline.serve.objects.nodes import nodes, values

REPOSITORY: Final = {
    "default": True,
    "artifactRepository": {"archiveLogs": False, "s3": {"endpoint": "127.0.0.1", "bucket": "runs"}},
}
Document = Mapping[str, Any]


def workflow(item: Item, run: RunView, documents: Sequence[Document], home: Path) -> dict[str, Any]:
    """A run as the object that a cluster would have. `documents`: the manifests that it was started from. `home`: the
    state folder."""
    spec, stored = _specs(item, documents)
    status = item.status() | {"artifactRepositoryRef": REPOSITORY, "nodes": nodes(run, home)}
    outputs = values(run.global_outputs, home)
    if outputs:
        status["outputs"] = outputs
    if stored:
        status["storedWorkflowTemplateSpec"] = stored
    if others := _stored_templates(item, documents):
        status["storedTemplates"] = others
    if not status["nodes"]:
        del status["nodes"]
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": item.metadata(),
        "spec": spec,
        "status": status,
    }


def _specs(item: Item, documents: Sequence[Document]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Its spec, and that of the WorkflowTemplate it refers to, if any."""
    own = next((each for each in documents if name_of(each) == item.row["workflow"]), {})
    spec: dict[str, Any] = dict(own.get("spec") or {})
    if own.get("kind") == "CronWorkflow":
        spec = dict(spec.get("workflowSpec") or {})
    elif own.get("kind") == "WorkflowTemplate":
        spec = {"workflowTemplateRef": {"name": item.row["workflow"]}}
    spec["arguments"] = {**(spec.get("arguments") or {}), **item.arguments()}
    spec.pop("suspend", None)
    if item.halted:
        spec["suspend"] = True
    if item.row.get("requested"):
        spec["shutdown"] = item.row["requested"]
    reference = (spec.get("workflowTemplateRef") or {}).get("name")
    referred = next((each for each in documents if name_of(each) == reference and reference), {})
    return spec, ({**(referred.get("spec") or {}), "arguments": spec["arguments"]} if referred else {})


def _stored_templates(item: Item, documents: Sequence[Document]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for document in documents:
        name = name_of(document)
        if document.get("kind") == "WorkflowTemplate" and name != item.row["workflow"]:
            for template in (document.get("spec") or {}).get("templates") or ():
                found[f"namespaced/{name}/{template.get('name')}"] = template
    return found


def name_of(document: Document) -> str:
    """What a manifest is called here."""
    metadata = document.get("metadata") or {}
    return str(metadata.get("name") or str(metadata.get("generateName") or "").rstrip("-"))
