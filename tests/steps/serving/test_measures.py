"""What a real model server tells Prometheus of itself."""

import re
from typing import Any

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from steps.serving import measures as module
from tests.steps.support.model_server import Address, awaited
from tests.steps.support.small_model import FEATURES

PREDICTIONS = "/api/v1.0/predictions"


def ask(server: str, *rows: list[Any], **more: Any) -> requests.Response:
    body = {"data": {"names": FEATURES, "ndarray": list(rows)}} | more
    return requests.post(server + PREDICTIONS, json=body, timeout=10)


def told(server: Address) -> list[Sample]:
    """What it tells; nothing while that server of its is being started."""
    try:
        answer = requests.get(server.metrics, timeout=10)
    except requests.ConnectionError:
        return []
    assert answer.status_code == 200
    return [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]


def counted(samples: list[Sample], name: str) -> float:
    """All samples with that name together."""
    return sum(one.value for one in samples if one.name == name)


def value(samples: list[Sample], name: str, **labels: str) -> float:
    """The one sample with that name and those labels."""
    [found] = [one for one in samples if one.name == name and labels.items() <= one.labels.items()]
    return found.value


def test_it_counts_what_was_asked_and_what_was_wrong_as_its_table_says(server: Address) -> None:
    whole = [9000001.0, 30.0, 30.0, 12.0, 10.0]
    answers = [ask(server, whole, [*whole[:2], None, *whole[3:]]), ask(server, [*whole[:2], None, *whole[3:]])]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert ask(server, ["x"] * 5).status_code == 400
    typed = {"Content-Type": "application/json"}
    assert requests.post(server + PREDICTIONS, data="{", headers=typed, timeout=10).status_code == 400
    assert requests.post(server + PREDICTIONS, data="{", timeout=10).status_code == 415
    requests.get(server + "/example", timeout=10)

    samples = awaited(lambda: told(server), lambda found: counted(found, "model_request_seconds_count") == 5)
    live = {"project": "openaq", "version": "7", "decision": "4"}
    assert value(samples, "model_requests_total", code="200", **live) == 2
    assert value(samples, "model_requests_total", code="400", **live) == 2
    assert value(samples, "model_errors_total", code="400", reason="BAD_INPUT", **live) == 1
    assert value(samples, "model_errors_total", code="400", reason="MICROSERVICE_BAD_DATA", **live) == 1
    assert value(samples, "model_errors_total", code="415", **live) == 1
    assert value(samples, "model_rows_total", **live) == 3
    assert value(samples, "model_absent_values_total", feature="lag_24", **live) == 2
    assert {one.labels["feature"] for one in samples if one.name == "model_absent_values_total"} == {"lag_24"}
    assert value(samples, "model_request_seconds_count", **live) == 5
    assert 0 < value(samples, "model_request_seconds_sum", **live) < 5
    predicted = [row[0] for answer in answers for row in answer.json()["data"]["ndarray"]]
    assert min(predicted) <= value(samples, "model_prediction", quantile="0.5", **live) <= max(predicted)
    for answer in answers:
        assert (set(answer.json()), set(answer.json()["meta"])) == ({"data", "meta"}, {"tags"}), "as ever"

    samples = awaited(lambda: told(server), lambda found: counted(found, "model_kept_rows_total") == 3)
    seen = {re.sub(r"_(bucket|count|sum)$", "", one.name) for one in samples if one.name.startswith("model_")}
    documented = set(re.findall(r"^\| (model_\w+) ", str(module.__doc__), re.MULTILINE))
    assert documented - seen == {"model_dropped_rows_total"}, "of which there is none"
    assert seen <= documented


@pytest.mark.parametrize(("setting", "words"), [("REQUESTS_SHARE", "from 0 to 1"), ("REQUESTS_ROWS", "from 0 to")])
def test_a_wrong_setting_is_refused_by_its_name(setting: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from steps.errors import BadInput
    from steps.monitoring.asked import Model
    from steps.serving.keeping import Keeper

    monkeypatch.setenv(setting, "lots")
    with pytest.raises(BadInput, match=f"{setting} is 'lots'; wanted a number {words}"):
        Keeper(Model("openaq", 1, 1, ("a",)), module.Measures({}))
