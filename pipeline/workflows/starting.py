"""A training, or the end of a trial, that another workflow starts: what is applied, the step that does, and its task.

It is a workflow of its own: it outlives the one that starts it, and its name, which a step decides, is its identity, so
that applied twice it is there once.
"""

from collections.abc import Mapping

from hera.workflows import Artifact, RawArtifact, Resource, Task
from hera.workflows.models import Artifact as ManifestArtifact
from hera.workflows.models import ManifestFrom

from pipeline.kubernetes import labels
from pipeline.project import Project, TableProject
from pipeline.workflows.leaf import NON_ROOT, retries, template_of

TRAINER = "pipeline-trainer"  # may create, get and patch workflows


def workflow(
    project: Project | TableProject, arguments: Mapping[str, str], *, starts: str = "train", name: str = "training"
) -> RawArtifact:
    """The Workflow that `starts` names, but for what a step fills in, as an input of that step: its `<name>`, and each
    `<…>` among the arguments."""
    return template_of(
        name,
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "metadata": {"name": "<name>", "labels": labels(starts, project.name)},
            "spec": {
                "workflowTemplateRef": {"name": f"{project.name}-{starts}"},
                "arguments": {"parameters": [{"name": key, "value": value} for key, value in arguments.items()]},
            },
        },
    )


def task(after: str, *, starts: str = "train", manifest: str = "manifest") -> None:
    """The task in the DAG being built: runs the step if the task `after` says so and gives the manifest."""
    Task(
        name=starts,
        template=starts,
        depends=after,
        when=f"{{{{tasks.{after}.outputs.parameters.{starts}}}}} == true",
        arguments=[Artifact(name="manifest", from_=f"{{{{tasks.{after}.outputs.artifacts.{manifest}}}}}")],
    )


def training(project: Project | TableProject, *, starts: str = "train") -> Resource:
    """The step."""
    return Resource(
        name=starts,
        action="apply",
        manifest_from=ManifestFrom(artifact=ManifestArtifact(name="manifest")),
        inputs=[Artifact(name="manifest", path="/tmp/manifest.json")],  # noqa: S108
        retry_strategy=retries(),
        active_deadline_seconds="600",
        pod_security_context=NON_ROOT,
        service_account_name=TRAINER,
        labels=labels(starts, project.name),
    )
