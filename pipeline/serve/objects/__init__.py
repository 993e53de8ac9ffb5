"""Runs and manifests as Kubernetes objects, in the form in which Argo Server hands them out."""

from pipeline.serve.objects.items import Item
from pipeline.serve.objects.manifests import cron_workflow, manifest, template
from pipeline.serve.objects.workflow import workflow

__all__ = ["Item", "cron_workflow", "manifest", "template", "workflow"]
