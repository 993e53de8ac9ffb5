"""Schedules by the real controller, and as a person types them."""

import shutil
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from pipeline.cluster.kube import Cluster
from tests import ROOT
from tests.e2e import controller

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]
DAILY = ROOT / "manifests" / "openaq" / "openaq-daily.yaml"
MISSED = "missed-schedule"
_MINUTE = timedelta(minutes=1)


def test_what_was_missed_is_caught_up_once(cluster: Cluster) -> None:
    """The nightly CronWorkflow, but due every minute and with nothing to do, while no controller runs for minutes."""
    wanted = yaml.safe_load(DAILY.read_text())
    wanted["metadata"]["name"] = MISSED
    wanted["spec"] |= {"schedules": ["* * * * *"], "timezone": "UTC", "successfulJobsHistoryLimit": 30}
    del wanted["spec"]["workflowSpec"]["onExit"]
    wanted["spec"]["workflowSpec"] |= {
        "entrypoint": "nothing",
        "templates": [{"name": "nothing", "suspend": {"duration": "1s"}}],
    }
    cluster.kubectl("apply", "--server-side", "-f", "-", given=yaml.safe_dump(wanted))
    try:
        first = _awaited(cluster, lambda times: len(times) >= 1)[-1]
        controller.ARGO.kubectl("scale", "deployment/workflow-controller", "--replicas", "0")
        _until(first + 3 * _MINUTE + timedelta(seconds=20))
        controller.ARGO.kubectl("scale", "deployment/workflow-controller", "--replicas", "1")
        last_missed = first + 3 * _MINUTE
        times = _awaited(cluster, lambda times: bool(times) and times[-1] > last_missed)
    finally:
        controller.ARGO.kubectl("scale", "deployment/workflow-controller", "--replicas", "1")
        cluster.kubectl("delete", "cronworkflow", MISSED)

    assert times == [first, last_missed, last_missed + _MINUTE]


def test_a_schedule_is_created_and_listed_as_typed(cluster: Cluster) -> None:
    """What is left to who deploys with CRONS=off."""
    cluster.kubectl("delete", "cronworkflow", "openaq-daily")

    created = _argo("cron", "create", "-n", cluster.namespace, str(DAILY))
    listed = _argo("cron", "list", "-n", cluster.namespace)

    assert "openaq-daily" in created
    (line,) = [line for line in listed.splitlines() if line.startswith("openaq-daily ")]
    assert "0 1 * * *" in line


def _argo(*words: str) -> str:
    if shutil.which("argo") is None:
        pytest.skip("argo is not installed")
    done = subprocess.run(["argo", *words], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _awaited(cluster: Cluster, enough: Callable[[list[datetime]], bool]) -> list[datetime]:
    """The times for which the schedule has started workflows, once they are `enough`."""
    deadline = time.monotonic() + 200
    while not enough(times := _times(cluster)):
        assert time.monotonic() < deadline, times
        time.sleep(1)
    return times


def _times(cluster: Cluster) -> list[datetime]:
    runs = cluster.get("workflows.argoproj.io", "-l", f"workflows.argoproj.io/cron-workflow={MISSED}")
    said = [each["metadata"]["annotations"]["workflows.argoproj.io/scheduled-time"] for each in runs]
    return sorted(datetime.fromisoformat(text) for text in said)


def _until(moment: datetime) -> None:
    time.sleep(max(0.0, (moment - datetime.now(UTC)).total_seconds()))
