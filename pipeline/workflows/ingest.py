"""Files that arrive: ingest → train, if there is something new to learn from.

The training is a workflow of its own: it outlives this one, and starts once for each state of the history, since its
name is its identity. `<project>-reconcile` does the same on a schedule, for what no event announced, and makes the
model server follow the alias `champion`.
"""

from hera.workflows import DAG, Artifact, Container, CronWorkflow, RawArtifact, Resource, Task, WorkflowTemplate
from hera.workflows.models import Artifact as ManifestArtifact
from hera.workflows.models import ManifestFrom

from pipeline.kubernetes import labels
from pipeline.project import TableProject
from pipeline.workflows import release
from pipeline.workflows.leaf import MEDIUM, NON_ROOT, leaf, retries, template_of
from pipeline.workflows.shape import CREATED, DECLARATION, RUN, arguments, cron, passed, template

TRAINER = "pipeline-trainer"  # may create, get and patch workflows


def ingest(project: TableProject) -> WorkflowTemplate:
    """`<project>-ingest`. `records`: a notification in base64; if empty, everything is looked at."""
    with DAG(name="ingest-and-train") as dag:
        _tasks()
    return template(
        project,
        "ingest",
        hours=6,
        entrypoint="ingest-and-train",
        arguments=arguments(project, {"records": ""}),
        templates=[*_templates(project), dag],
    )


def reconcile(project: TableProject) -> CronWorkflow:
    """`<project>-reconcile`: files and server are checked side by side, so that neither holds up the other."""
    with DAG(name="reconcile", fail_fast=False) as dag:
        _tasks()
        Task(name="follow-champion", template="follow-champion")
    return cron(
        project,
        "reconcile",
        project.reconciling.schedule,
        project.reconciling,
        hours=6,
        entrypoint="reconcile",
        arguments=arguments(project, {"records": ""}),
        templates=[
            *_templates(project),
            release.follow(project),
            release.deploy(project),
            release.follow_champion(project),
            dag,
        ],
    )


def _templates(project: TableProject) -> list[Container | Resource]:
    step = leaf(
        project.name,
        "ingest",
        DECLARATION | passed("records") | RUN | CREATED | {"training": "{{inputs.artifacts.training.path}}"},
        size=MEDIUM,
        inputs=[_training(project)],
        parameters_out=["train"],
        artifacts_out=["manifest", "summary", "report"],
    )
    training = Resource(
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
    return [step, training]


def _training(project: TableProject) -> RawArtifact:
    """The Workflow to apply; its name, which the step decides, is its identity: applied twice, it is there once."""
    return template_of(
        "training",
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "metadata": {"name": "<name>", "labels": labels("train", project.name)},
            "spec": {
                "workflowTemplateRef": {"name": f"{project.name}-train"},
                "arguments": {"parameters": [{"name": "by", "value": "upload (<run>)"}]},
            },
        },
    )


def _tasks() -> None:
    Task(name="ingest", template="ingest")
    Task(
        name="train",
        template="train",
        depends="ingest",
        when="{{tasks.ingest.outputs.parameters.train}} == true",
        arguments=[Artifact(name="manifest", from_="{{tasks.ingest.outputs.artifacts.manifest}}")],
    )
