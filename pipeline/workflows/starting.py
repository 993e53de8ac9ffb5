"""A training that another workflow starts: what is applied, the step that does, and its task.

The training is a workflow of its own: it outlives the one that starts it, and its name, which a step decides, is its
identity, so that applied twice it is there once.
"""

from collections.abc import Mapping

from hera.workflows import Artifact, RawArtifact, Resource, Task
from hera.workflows.models import Artifact as ManifestArtifact
from hera.workflows.models import ManifestFrom

from pipeline.kubernetes import labels
from pipeline.project import Project, TableProject
from pipeline.workflows.leaf import NON_ROOT, retries, template_of

TRAINER = "pipeline-trainer"  # may create, get and patch workflows


def workflow(project: Project | TableProject, arguments: Mapping[str, str]) -> RawArtifact:
    """The Workflow, but for what a step fills in, as an input of that step: its `<name>`, and each `<…>` among the
    arguments."""
    return template_of(
        "training",
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "metadata": {"name": "<name>", "labels": labels("train", project.name)},
            "spec": {
                "workflowTemplateRef": {"name": f"{project.name}-train"},
                "arguments": {"parameters": [{"name": name, "value": value} for name, value in arguments.items()]},
            },
        },
    )


def task(after: str) -> None:
    """The task in the DAG being built: runs the step if the task `after` says so and gives the manifest."""
    Task(
        name="train",
        template="train",
        depends=after,
        when=f"{{{{tasks.{after}.outputs.parameters.train}}}} == true",
        arguments=[Artifact(name="manifest", from_=f"{{{{tasks.{after}.outputs.artifacts.manifest}}}}")],
    )


def training(project: Project | TableProject) -> Resource:
    """The step."""
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
