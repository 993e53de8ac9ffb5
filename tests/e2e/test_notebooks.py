"""The notebooks of openaq by the real controller: a page for each station, and a table that is delivered once.

On a namespace where `test_openaq` has learned.
"""

import gzip
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from pipeline.cluster.kube import Cluster
from tests.e2e.remote import Remote
from tests.e2e.test_openaq import ARCHIVE, SAME, TODAY
from tests.e2e.workflows import Ended, ended, submit

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]
TWENTY = [str(location) for location in range(9000101, 9000121)]  # made of the sample's first


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


def test_twenty_stations_side_by_side(done: Ended, cluster: Cluster, remote: Remote) -> None:
    assert done.phase == "Succeeded"
    since = TODAY - timedelta(days=60)
    copy_stations(remote, f"{since:%Y%m%d}")
    chosen = {"locations": ",".join(TWENTY), "parameter": "no2", "as-of": f"{TODAY:%FT%TZ}"}
    span = {"from": f"{since:%F}", "to": f"{TODAY - timedelta(days=1):%F}", "source": ARCHIVE}
    loaded = ended(cluster, submit(cluster, "workflowtemplate", "openaq-backfill", chosen | span))
    assert loaded.phase == "Succeeded", loaded.message

    twenty = ended(cluster, submit(cluster, "workflowtemplate", "openaq-notebooks", chosen))

    assert twenty.phase == "Succeeded", twenty.message
    pods = [each for each in twenty.nodes if each["type"] == "Pod" and each["displayName"].startswith("notebook(")]
    print(f"{len(pods)} stations: {twenty.seconds:.0f} s, of it work {twenty.work_seconds:.0f} s")
    assert len(pods) == len(TWENTY)
    delivered = remote.rows("SELECT DISTINCT location FROM station_days WHERE location > 9000100 ORDER BY location")
    assert [str(row[0]) for row in delivered] == TWENTY


def copy_stations(remote: Remote, since: str) -> None:
    """Give the archive the sample's first station under twenty more ids, from that day (%Y%m%d) on."""
    original = "9000001"
    listed = remote.store.get_paginator("list_objects_v2").paginate(
        Bucket="openaq-archive", Prefix=f"records/csv.gz/locationid={original}/"
    )
    keys = [each["Key"] for page in listed for each in page.get("Contents", [])]
    recent = [key for key in keys if key.rsplit("-", 1)[1] >= since]

    def copy(key: str) -> None:
        text = gzip.decompress(remote.store.get_object(Bucket="openaq-archive", Key=key)["Body"].read()).decode()
        for location in TWENTY:
            body = gzip.compress(text.replace(original, location).encode())
            remote.store.put_object(Bucket="openaq-archive", Key=key.replace(original, location), Body=body)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(copy, recent))


def run(cluster: Cluster) -> Ended:
    given = SAME | {"as-of": f"{TODAY:%FT%TZ}"}
    return ended(cluster, submit(cluster, "workflowtemplate", "openaq-notebooks", given))
