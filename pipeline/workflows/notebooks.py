"""`<project>-notebooks`: list → notebook × each of the list → load.

Started every night after the daily run by `<project>-notebooks-nightly`, and by hand. A notebook that fails is a failed
node of its own: the others go on, what they hand over is loaded, and the workflow fails in the end.
"""

from hera.workflows import DAG, Artifact, Container, CronWorkflow, Parameter, Task, WorkflowTemplate
from hera.workflows.models import WorkflowTemplateRef

from pipeline.errors import UserError
from pipeline.images import NOTEBOOKS
from pipeline.project import Project
from pipeline.workflows import recording
from pipeline.workflows.leaf import MEDIUM, Size, leaf
from pipeline.workflows.shape import DECLARATION, RUN, SELECTION, arguments, cron, passed, selection, template
from steps.contract.notebooks import canonical

_PLAN = Artifact(name="plan", path="/work/in/plan.json")
_NOTEBOOKS = passed("notebooks")
_ENDED = " || ".join(f"notebook.{state}" for state in ("Succeeded", "Skipped", "Failed", "Errored"))
_BESIDE_MB = 512  # what papermill and the step need beside the kernel
_BESIDE_MINUTES = 5  # for the copy to be kept


def notebooks(project: Project) -> WorkflowTemplate:
    """The workflow. `notebook`: only that one; `given`: values of its parameters, as JSON."""
    declared = canonical(project.notebooks)
    if "{{" in declared:
        raise UserError(f"the notebooks of {project.name} hold '{{{{', which Argo would expand; take it out")
    with DAG(name="notebooks", fail_fast=False, target="notebook load") as dag:
        _tasks()
    values = selection(project) | {"notebooks": declared, "notebook": "", "given": ""}
    return template(
        project,
        "notebooks",
        hours=6,
        entrypoint="notebooks",
        on_exit=recording.EXIT_HANDLER,
        arguments=arguments(project, values),
        templates=[*_templates(project), recording.record(project, "notebooks"), dag],
    )


def nightly(project: Project) -> CronWorkflow:
    """`<project>-notebooks-nightly`: the same workflow on a schedule."""
    return cron(
        project,
        "notebooks-nightly",
        project.schedule.notebooks,
        project.schedule,
        hours=6,
        workflow_template_ref=WorkflowTemplateRef(name=f"{project.name}-notebooks"),
        arguments=[Parameter(name="as-of", value="{{workflow.scheduledTime}}")],
    )


def _templates(project: Project) -> list[Container]:
    plan_in = {"plan": "{{inputs.artifacts.plan.path}}"}
    largest = max(each.memory_mb for each in project.notebooks) + _BESIDE_MB
    longest = max(each.minutes for each in project.notebooks) + _BESIDE_MINUTES
    return [
        leaf(
            project.name,
            "list",
            DECLARATION | _NOTEBOOKS | SELECTION | passed("notebook", "given"),
            module="notebooks.listing",
            image=NOTEBOOKS,
            settings=[],
            parameters_out=["indexes"],
            artifacts_out=["plan"],
        ),
        leaf(
            project.name,
            "notebook",
            DECLARATION | _NOTEBOOKS | plan_in | {"index": "{{inputs.parameters.index}}"} | RUN,
            module="notebooks.run",
            image=NOTEBOOKS,
            size=Size("500m", f"{largest}Mi", longest),
            inputs=[_PLAN, Parameter(name="index")],
            artifacts_out=["copy", "page", "summary"],
        ),
        leaf(
            project.name,
            "load",
            DECLARATION | _NOTEBOOKS | plan_in | RUN,
            module="notebooks.load",
            image=NOTEBOOKS,
            size=MEDIUM,
            inputs=[_PLAN],
            artifacts_out=["summary"],
        ),
    ]


def _tasks() -> None:
    plan = Artifact(name="plan", from_="{{tasks.list.outputs.artifacts.plan}}")
    Task(name="list", template="list")
    Task(
        name="notebook",
        template="notebook",
        depends="list",
        with_param="{{tasks.list.outputs.parameters.indexes}}",
        arguments=[plan, Parameter(name="index", value="{{item}}")],
    )
    Task(name="load", template="load", depends=_ENDED, arguments=[plan])
