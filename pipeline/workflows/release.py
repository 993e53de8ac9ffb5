"""From a decision to a live, verified model: admit → deploy → verify, one at a time for a project.

The mutex keeps two releases apart but not in order, so `admit` is the fence: it admits a decision only if it has not
admitted a later one. A `resource` template cannot splice text into its manifest safely, so it takes the whole manifest
from admit's artifact. However the workflow ends, its exit handler records it; if it fails, the server that the alias
`champion` names is restored.

A release is steps and not a dag: Argo (3.7 and 4.0) frees the mutex of a dag that fails only when it looks at the dag
again, which it does not where the workflow fails with it, and the exit handler would wait for the mutex for ever.
"""

from hera.workflows import DAG, Artifact, Container, Parameter, Resource, Step, Steps, Task
from hera.workflows.models import Artifact as ManifestArtifact
from hera.workflows.models import ManifestFrom, Mutex, Synchronization, ValueFrom

from pipeline.images import SERVING
from pipeline.kubernetes import labels
from pipeline.project import Project, TableProject
from pipeline.workflows import recording
from pipeline.workflows.leaf import DATABASE, NON_ROOT, OBJECT_STORE, TRACKING, leaf, retries
from pipeline.workflows.serving import deployment
from pipeline.workflows.shape import DECLARATION, RUN

EXIT_HANDLER = "record-and-restore"
_DECISION = {"decision": "{{inputs.parameters.decision}}"}
_SERVING = {"deployment": "{{inputs.artifacts.deployment.path}}", "image": SERVING}


def templates(project: Project | TableProject, workflow: str) -> list[Container | Resource | DAG | Steps]:
    """The steps of a release in `workflow`, those of its exit handler, and what orders them."""
    decision = Parameter(name="decision")
    steps: list[Container | Resource | DAG | Steps] = [
        leaf(
            project.name,
            "admit",
            DECLARATION | _DECISION | _SERVING,
            settings=[DATABASE],
            inputs=[decision, deployment(project)],
            parameters_out=["admitted"],
            artifacts_out=["manifest"],
        ),
        deploy(project),
        leaf(
            project.name,
            "verify",
            DECLARATION | _DECISION | {"url": "{{inputs.parameters.url}}"},
            settings=[OBJECT_STORE, DATABASE, TRACKING],
            inputs=[decision, Parameter(name="url")],
        ),
        follow(project),
    ]
    return [*steps, recording.record(project, workflow), _release(project), _go_live(), _restore(project)]


def follow(project: Project | TableProject) -> Container:
    """The step that tells whether the server differs from the champion, and makes the manifest that restores it; a
    training that this run had claimed is freed."""
    return leaf(
        project.name,
        "follow",
        DECLARATION | _SERVING | RUN,
        settings=[DATABASE, TRACKING],
        inputs=[deployment(project)],
        parameters_out=["needed"],
        artifacts_out=["manifest"],
    )


def deploy(project: Project | TableProject) -> Resource:
    """Applies the SeldonDeployment in its artifact, and waits until it serves."""
    return Resource(
        name="deploy",
        action="apply",
        manifest_from=ManifestFrom(artifact=ManifestArtifact(name="manifest")),
        success_condition="status.state == Available",
        failure_condition="status.state == Failed",
        inputs=[Artifact(name="manifest", path="/tmp/manifest.json")],  # noqa: S108
        outputs=[Parameter(name="url", value_from=ValueFrom(json_path="{.status.address.url}"))],
        retry_strategy=retries(),
        active_deadline_seconds="600",
        pod_security_context=NON_ROOT,
        service_account_name="pipeline-deployer",
        labels=labels("deploy", project.name),
    )


def _mutex(project: Project | TableProject) -> Synchronization:
    return Synchronization(mutexes=[Mutex(name=f"{project.name}-release")])


def _release(project: Project | TableProject) -> Steps:
    inputs = [Parameter(name="decision")]
    decision = Parameter(name="decision", value="{{inputs.parameters.decision}}")
    with Steps(name="release", inputs=inputs, synchronization=_mutex(project)) as steps:
        Step(name="admit", template="admit", arguments=[decision])
        Step(
            name="go-live",
            template="go-live",
            when="{{steps.admit.outputs.parameters.admitted}} == true",
            arguments=[decision, Artifact(name="manifest", from_="{{steps.admit.outputs.artifacts.manifest}}")],
        )
    return steps


def _go_live() -> Steps:
    inputs: list[Parameter | Artifact] = [Parameter(name="decision"), Artifact(name="manifest")]
    decision = Parameter(name="decision", value="{{inputs.parameters.decision}}")
    with Steps(name="go-live", inputs=inputs) as steps:
        Step(
            name="deploy",
            template="deploy",
            arguments=[Artifact(name="manifest", from_="{{inputs.artifacts.manifest}}")],
        )
        Step(
            name="verify",
            template="verify",
            arguments=[decision, Parameter(name="url", value="{{steps.deploy.outputs.parameters.url}}")],
        )
    return steps


def _restore(project: Project | TableProject) -> DAG:
    with DAG(name=EXIT_HANDLER, fail_fast=False, synchronization=_mutex(project)) as dag:
        Task(name="record", template=recording.EXIT_HANDLER)
        Task(name="follow", template="follow", when="{{workflow.status}} != Succeeded")
        _restore_server()
    return dag


def follow_champion(project: Project | TableProject) -> DAG:
    """`follow-champion`: makes the server what the alias `champion` names, whatever happened in between."""
    with DAG(name="follow-champion", synchronization=_mutex(project)) as dag:
        Task(name="follow", template="follow")
        _restore_server()
    return dag


def _restore_server() -> None:
    Task(
        name="restore",
        template="deploy",
        depends="follow.Succeeded",
        when="{{tasks.follow.outputs.parameters.needed}} == true",
        arguments=[Artifact(name="manifest", from_="{{tasks.follow.outputs.artifacts.manifest}}")],
    )
