"""The notebooks of openaq by the real controller: a page for each station, and a table that is delivered once.

On a namespace where `test_openaq` has learned.
"""

import re

import pytest

from pipeline.cluster.kube import Cluster
from tests.e2e.remote import Remote
from tests.e2e.test_openaq import SAME, TODAY
from tests.e2e.workflows import Ended, ended, submit

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def done(cluster: Cluster, remote: Remote) -> Ended:
    if not remote.rows("SELECT 1 FROM promotions WHERE project = 'openaq'"):
        pytest.skip("openaq has not learned here, so there is nothing to read; test_openaq comes first")
    return run(cluster)


def test_each_station_has_a_page_that_needs_no_network(done: Ended, remote: Remote) -> None:
    assert done.phase == "Succeeded", done.message
    nodes = [each for each in done.nodes if each["type"] == "Pod" and each["displayName"].startswith("notebook(")]
    pages = [remote.artifact(each, "page").decode() for each in nodes]
    print(f"{done.seconds:.0f} s, of it work {done.work_seconds:.0f} s; pages {[len(each) for each in pages]} bytes")

    assert len(pages) == 2
    for each in pages:
        assert "9000001" in each or "9000002" in each
        assert re.findall(r'(?:src|href)="https?://[^"]*\.(?:js|css)"', each) == []


def test_a_second_run_delivers_the_same_rows(done: Ended, cluster: Cluster, remote: Remote) -> None:
    query = "SELECT location, count(*), min(day), max(day) FROM station_days GROUP BY location ORDER BY location"
    before = remote.rows(query)

    assert [row[0] for row in before] == [9000001, 9000002]
    assert run(cluster).phase == done.phase
    assert remote.rows(query) == before


def run(cluster: Cluster) -> Ended:
    given = SAME | {"as-of": f"{TODAY:%FT%TZ}"}
    return ended(cluster, submit(cluster, "workflowtemplate", "openaq-notebooks", given))
