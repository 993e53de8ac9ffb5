"""Tidying on the cluster: shown by default, by an account that may remove what can be made again and nothing else."""

import pytest

from pipeline.cluster.kube import Cluster
from tests.e2e.one_step import created, leaf_of
from tests.e2e.workflows import Ended, ended, submit

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]
# What `steps.tidy` does, of all that was written until now: on a fresh cluster nothing is a day old.
AT_ONCE = """
from datetime import UTC, datetime
from steps.backends import retention
before = datetime.now(UTC)
sets = [one for kind in retention.found(["openaq"], before) for one in kind.sets]
for one in sets:
    retention.remove(one)
assert sets and not retention.found(["openaq"], before)
"""
BEYOND = """
from steps.backends import objects
bucket = objects.lake()
for key in ("openaq/decisions/any", "openaq/history/rows/any", "openaq/promotions/any"):
    try:
        bucket.delete(key)
    except Exception as refused:
        assert "AccessDenied" in repr(refused) + repr(refused.__cause__), refused
    else:
        raise SystemExit(f"{key} could be deleted")
"""


@pytest.mark.parametrize("remove", ["no", "yes"])
def test_what_is_young_stays(cluster: Cluster, remove: str) -> None:
    run = ended(cluster, submit(cluster, "workflowtemplate", "openaq-tidy", {"days": "1", "remove": remove}))

    assert run.phase == "Succeeded", run.message


def test_what_may_go_goes_and_a_training_makes_it_again(cluster: Cluster) -> None:
    tidied = _as_tidier(cluster, AT_ONCE)
    assert tidied.phase == "Succeeded", tidied.nodes

    given = {"locations": "9000001,9000002", "parameter": "no2", "workers": "2", "as-of": "2004-01-02T00:00:00Z"}
    trained = ended(cluster, submit(cluster, "workflowtemplate", "openaq-train", given))
    assert trained.phase == "Succeeded", trained.message


def test_the_account_may_remove_nothing_else(cluster: Cluster) -> None:
    refused = _as_tidier(cluster, BEYOND)

    assert refused.phase == "Succeeded", refused.nodes


def _as_tidier(cluster: Cluster, program: str) -> Ended:
    """A step that has what `openaq-tidy` has, running another program."""
    (found,) = cluster.get("workflowtemplates.argoproj.io", "openaq-tidy")
    of_tidy = next(each for each in found["spec"]["templates"] if each["name"] == "tidy")
    leaf = leaf_of(cluster, ["python", "-c", program], memory="1Gi")
    leaf["container"]["envFrom"] = of_tidy["container"]["envFrom"]
    return ended(cluster, created(cluster, leaf), patience=300)
