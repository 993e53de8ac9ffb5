"""Who answers and who is on trial, by a SeldonDeployment; what Seldon's webhook refuses is refused."""

from typing import Any

import pytest

from steps.contract import predictors
from steps.errors import BadInput


def manifest(*given: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"predictors": list(given)}}


@pytest.mark.parametrize(
    ("given", "mode", "share"),
    [
        ([{}], "direct", 0),
        ([{"name": "default"}, {"name": "challenger", "shadow": True}], "shadow", 0),
        ([{"name": "default", "traffic": 100}, {"name": "challenger", "shadow": True, "traffic": 30}], "shadow", 0),
        ([{"name": "default", "traffic": 90}, {"name": "challenger", "traffic": 10}], "canary", 10),
        ([{"name": "default", "traffic": 100}, {"name": "challenger"}], "canary", 0),
    ],
)
def test_what_there_is(given: list[dict[str, Any]], mode: str, share: int) -> None:
    found = predictors.of(manifest(*given))
    assert (found.mode, found.share) == (mode, share)
    assert (found.champion, found.challenger) == (given[0], given[1] if len(given) > 1 else None)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([], "got 0; wanted one, or two"),
        ([{"name": "a"}, {"name": "b"}, {"name": "c"}], "got 3"),
        ([{"shadow": True}], "default is the first and a shadow; wanted the champion first"),
        ([{"name": "a"}, {"name": "a", "shadow": True}], "both are named a"),
        ([{"name": "a", "traffic": 60}, {"name": "b", "traffic": 60}], "their traffic is 60 and 60; wanted 100 in all"),
        ([{"name": "a", "traffic": -10}, {"name": "b", "traffic": 110}], "the traffic of a is -10; wanted 0 to 100"),
        ([{"name": "a", "traffic": "90"}, {"name": "b", "traffic": 10}], "the traffic of a is '90'"),
        (["a"], "spec.predictors is missing"),
    ],
)
def test_what_makes_no_sense_is_refused(given: list[Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        predictors.of(manifest(*given))


def test_a_server_stays_the_same_where_only_its_share_changes() -> None:
    one = {"name": "challenger", "traffic": 10, "graph": {"name": "model"}}
    assert predictors.key(one) == predictors.key(one | {"traffic": 50, "replicas": 3})
    assert predictors.key(one) != predictors.key(one | {"graph": {"name": "other"}})
