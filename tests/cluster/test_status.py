"""`pipeline status --cluster` on a fake cluster: runs with their reasons, and what is served."""

from click.testing import CliRunner

from pipeline.cli.commands import cli
from tests.cluster.conftest import FakeCluster

OURS = {"app.kubernetes.io/part-of": "learning-pipelines"}


def shown() -> list[str]:
    result = CliRunner().invoke(cli, ["status", "--cluster"], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output.splitlines()


def test_with_nothing_there_it_says_how_to_begin(cluster: FakeCluster) -> None:
    """Also where the kinds themselves are not there."""
    assert shown() == [
        "no run yet in mlops; start one with: argo submit --from workflowtemplate/NAME",
        "",
        "nothing is served yet",
    ]


def test_the_newest_run_is_first_with_what_failed_first(deployed: FakeCluster) -> None:
    nodes = {
        "1": {"type": "DAG", "phase": "Failed", "displayName": "main", "message": "child failed", "finishedAt": "1"},
        "2": {"type": "Pod", "phase": "Failed", "displayName": "deploy", "message": "later", "finishedAt": "9"},
        "3": {"type": "Pod", "phase": "Error", "displayName": "trial(0:0)", "message": "Error (exit code 3)\nmore",
              "finishedAt": "5"},
    }  # fmt: skip
    times = {"startedAt": "2026-01-02T01:00:05Z", "finishedAt": "2026-01-02T01:01:35Z"}
    old, new = "2026-01-01T01:00:00Z", "2026-01-02T01:00:00Z"
    deployed.add("Workflow", "done", labels=OURS, creationTimestamp=old, status={"phase": "Succeeded", **times})
    failed = {"phase": "Failed", "message": "child failed", "nodes": nodes, **times}
    deployed.add("Workflow", "broken", labels=OURS, creationTimestamp=new, status=failed)
    deployed.add("Workflow", "of-others", creationTimestamp=new, status={})
    header, first, second, *_ = shown()
    assert header.split() == ["RUN", "PHASE", "STARTED", "(UTC)", "TOOK", "REASON"]
    assert first.split() == [
        "broken", "Failed", "2026-01-02", "01:00", "90", "s", "trial(0:0):", "Error", "(exit", "code", "3)", "more",
    ]  # fmt: skip
    assert second.split() == ["done", "Succeeded", "2026-01-02", "01:00", "90", "s"]


def test_a_run_whose_pod_cannot_start_says_so(deployed: FakeCluster) -> None:
    deployed.add("Workflow", "stuck", labels=OURS, creationTimestamp="2026-01-01T01:00:00Z")
    state = {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}
    labels = {"workflows.argoproj.io/workflow": "stuck"}
    deployed.add("Pod", "stuck-pod", labels=labels, status={"initContainerStatuses": [{"state": state}]})
    assert shown()[1].split() == [
        "stuck", "Pending", "-", "-", "stuck-pod:", "ErrImagePull:", "no", "such", "image",
    ]  # fmt: skip


def test_what_is_served_is_there_with_its_version_and_decision(deployed: FakeCluster) -> None:
    notes = {"learning-pipelines/version": "7", "learning-pipelines/decision": "12"}
    status = {"state": "Available", "address": {"url": "http://openaq.mlops:8000/api/v1.0/predictions"}}
    deployed.add("SeldonDeployment", "openaq", annotations=notes, status=status)
    deployed.add("SeldonDeployment", "unknown")
    assert [line.split() for line in shown()[-3:]] == [
        ["SERVED", "STATE", "VERSION", "DECISION", "ADDRESS"],
        ["openaq", "Available", "7", "12", "http://openaq.mlops:8000/api/v1.0/predictions"],
        ["unknown", "?", "?", "?", "-"],
    ]
