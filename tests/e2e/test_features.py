"""Features for others on the cluster: the model asked by location, and Feast over the platform's database.

On a namespace where `test_openaq` has learned.
"""

from typing import Any

import numpy as np
import pytest
import requests

from pipeline.cluster.kube import Cluster
from tests.e2e.forwarding import forwarded
from tests.e2e.remote import Remote
from tests.e2e.test_openaq import SAME, TODAY
from tests.e2e.workflows import ended, submit

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]


def test_a_location_is_answered_as_the_daily_prediction(cluster: Cluster, remote: Remote) -> None:
    rows = remote.rows("SELECT location, version, target_at FROM online_features WHERE project = 'openaq' ORDER BY 1")
    assert [row[0] for row in rows] == [9000001, 9000002]
    answer = asked(cluster, {"locations": [row[0] for row in rows], "as-of": f"{TODAY:%FT%TZ}"})
    predicted = "SELECT value FROM predictions WHERE project = 'openaq' AND role = 'champion'"
    wanted = [
        remote.rows(f"{predicted} AND location = {location} AND target_at = '{target}'")[0][0]
        for location, _, target in rows
    ]

    assert answer["meta"]["tags"]["version"] == rows[0][1]
    assert [row[0] for row in answer["data"]["ndarray"]] == wanted


def test_a_location_that_nobody_knows_is_refused_in_one_line(cluster: Cluster) -> None:
    refused = asked(cluster, {"locations": [1]}, status=404)
    assert refused["status"]["info"].startswith("location 1: no features of no2 were published")


def test_feast_is_told_of_them(cluster: Cluster, remote: Remote) -> None:
    given = SAME | {"as-of": f"{TODAY:%FT%TZ}"}
    for _ in range(2):
        done = ended(cluster, submit(cluster, "workflowtemplate", "openaq-features", given))
        print(f"features: {done.phase}, {done.seconds:.0f} s, of it work {done.work_seconds:.0f} s")
        assert done.phase == "Succeeded", done.message


def test_feasts_own_server_gives_what_the_predictions_were_made_from(cluster: Cluster, remote: Remote) -> None:
    """It has served since before there was anything to give, with a role that may only read."""
    kept = remote.rows("SELECT location, features FROM online_features WHERE project = 'openaq' ORDER BY location")
    wanted = [row[1]["lag_1"] for row in kept]
    body = {"features": ["no2_hours:lag_1"], "entities": {"location": [row[0] for row in kept]}}

    with forwarded(cluster, "service/openaq-features", 6566) as place:
        answer = requests.post(f"http://{place}/get-online-features", json=body, timeout=60)
        pushed = requests.post(
            f"http://{place}/materialize-incremental", json={"end_ts": f"{TODAY:%FT%TZ}"}, timeout=60
        )

    assert answer.status_code == 200, answer.text
    found = answer.json()
    values = found["results"][found["metadata"]["feature_names"].index("lag_1")]["values"]
    assert np.array(values, np.float32).tolist() == np.array(wanted, np.float32).tolist()
    assert pushed.status_code == 500, "its role may only read"


def asked(cluster: Cluster, what: dict[str, Any], status: int = 200) -> Any:
    with forwarded(cluster, "service/openaq-default", 9000) as place:
        answer = requests.post(f"http://{place}/api/v1.0/predictions", json={"jsonData": what}, timeout=30)
    assert answer.status_code == status, answer.text
    return answer.json()
