"""Hera as it is, against this server: what its users type, with another host."""

from typing import Any

import pytest
import requests
from hera.exceptions import AlreadyExists, BadRequest, NotFound
from hera.workflows import (
    DAG,
    Container,
    CronWorkflow,
    Parameter,
    Task,
    Workflow,
    WorkflowsService,
    WorkflowTemplate,
)
from hera.workflows.models import (
    CronWorkflowSuspendRequest,
    WorkflowResubmitRequest,
    WorkflowRetryRequest,
    WorkflowStatus,
    WorkflowStopRequest,
    WorkflowTerminateRequest,
)

from tests.serve.serving import Served

NAMESPACE = "laptop"
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20")  # Hera's own


@pytest.fixture
def service(served: Served) -> WorkflowsService:
    return WorkflowsService(host=served.address, namespace=NAMESPACE)


def chain(service: WorkflowsService, command: str = "echo {{inputs.parameters.p}}", **given: Any) -> Workflow:
    with Workflow(entrypoint="main", namespace=NAMESPACE, workflows_service=service, **given) as found:
        say = Container(name="say", image="busybox", command=["sh", "-c"], args=[command], inputs=[Parameter(name="p")])
        with DAG(name="main"):
            first, second = (Task(name=name, template=say, arguments={"p": name}) for name in ("first", "second"))
            first >> second
    return found


def status(found: Any) -> WorkflowStatus:
    assert isinstance(found.status, WorkflowStatus)
    return found.status


def test_create_and_wait(service: WorkflowsService) -> None:
    made = chain(service, generate_name="hera-").create(wait=True, poll_interval=2)
    assert status(made).phase == "Succeeded"
    nodes = status(made).nodes or {}
    assert {node.display_name for node in nodes.values()} == {"first", "second", made.metadata.name}
    assert service.get_workflow_link(str(made.metadata.name)).startswith(service.host or "")


def test_list_get_and_lint(service: WorkflowsService) -> None:
    chain(service, name="hera-listed", labels={"of": "hera"}).create(wait=True, poll_interval=2)
    found = service.list_workflows(label_selector="of=hera")
    assert [each.metadata.name for each in found.items or []] == ["hera-listed"]
    assert status(service.get_workflow("hera-listed")).progress == "2/2"
    chain(service, generate_name="hera-").lint()
    bad = chain(service, generate_name="hera-")
    bad.entrypoint = "nobody"
    with pytest.raises(BadRequest, match="entrypoint is 'nobody'"):
        bad.lint()


def test_errors_are_heras(service: WorkflowsService) -> None:
    with pytest.raises(NotFound, match=r"workflows\.argoproj\.io .nobody. not found"):
        service.get_workflow("nobody")
    chain(service, name="hera-taken").create()
    with pytest.raises(AlreadyExists):
        chain(service, name="hera-taken").create()


def test_stop_retry_and_resubmit(service: WorkflowsService, served: Served) -> None:
    chain(service, name="hera-long", command="sleep 60").create()
    served.running("hera-long", "first")
    service.stop_workflow("hera-long", WorkflowStopRequest())
    assert served.ended("hera-long")["status"]["phase"] == "Failed"
    again = service.retry_workflow("hera-long", WorkflowRetryRequest())
    assert status(again).phase == "Running"
    service.terminate_workflow("hera-long", WorkflowTerminateRequest())
    served.ended("hera-long")
    new = service.resubmit_workflow("hera-long", WorkflowResubmitRequest(memoized=False))
    assert new.metadata.name != "hera-long"
    service.delete_workflow(str(new.metadata.name))


def test_cron(service: WorkflowsService) -> None:
    def cron(schedule: str) -> CronWorkflow:
        with CronWorkflow(
            name="hera-cron", schedules=[schedule], entrypoint="main", namespace=NAMESPACE, workflows_service=service
        ) as found:
            Container(name="main", image="busybox", command=["true"])
        return found

    cron("1 2 * * *").create()
    with pytest.raises(AlreadyExists):
        cron("1 2 * * *").create()
    cron("3 4 * * *").update()
    found: Any = cron("0 0 * * *").get()
    assert found.spec.schedules == ["3 4 * * *"]
    service.suspend_cron_workflow("hera-cron", CronWorkflowSuspendRequest())
    service.delete_cron_workflow("hera-cron")


def test_templates(service: WorkflowsService, served: Served) -> None:
    with WorkflowTemplate(
        name="hera-template", entrypoint="main", namespace=NAMESPACE, workflows_service=service
    ) as made:
        Container(name="main", image="busybox", command=["echo", "made"])
    made.create()
    run = made.create_as_workflow(generate_name="hera-of-")
    assert served.ended(str(run.metadata.name))["status"]["phase"] == "Succeeded"
    assert "hera-template" in [each.metadata.name for each in service.list_workflow_templates().items or []]


def test_its_logs_cannot_work_with_any_server(service: WorkflowsService) -> None:
    """Hera reads a whole stream as one JSON value: docs/serve.md says so, and what to do instead."""
    made = chain(service, generate_name="hera-").create(wait=True, poll_interval=2)
    with pytest.raises(requests.JSONDecodeError):
        service.workflow_logs(str(made.metadata.name))
