"""A step that starts a training: applies the Workflow in its artifact, whose name is its identity."""

from hera.workflows import Artifact, Resource
from hera.workflows.models import Artifact as ManifestArtifact
from hera.workflows.models import ManifestFrom

from pipeline.kubernetes import labels
from pipeline.project import Project, TableProject
from pipeline.workflows.leaf import NON_ROOT, retries

TRAINER = "pipeline-trainer"  # may create, get and patch workflows


def training(project: Project | TableProject) -> Resource:
    """The step; applied twice, the training is there once."""
    return Resource(
        name="train",
        action="apply",
        manifest_from=ManifestFrom(artifact=ManifestArtifact(name="manifest")),
        inputs=[Artifact(name="manifest", path="/tmp/manifest.json")],  # noqa: S108
        retry_strategy=retries(),
        active_deadline_seconds="600",
        pod_security_context=NON_ROOT,
        service_account_name=TRAINER,
        labels=labels("train", project.name),
    )
