"""A real model server that is asked about locations, whose newest features it looks up."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from seldon_core.flask_utils import SeldonMicroserviceException

from steps.backends.database import begin
from steps.backends.warehouse import online
from steps.backends.warehouse.online import Online
from steps.errors import BadInput
from steps.models.about import About
from steps.serving.entities import Entities
from tests.steps.support.model_server import Address, awaited, serving
from tests.steps.support.small_model import BANDS, FEATURES, pack, train, upload

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ROW = Online(
    location=9000001,
    time=NOON,
    target_at=NOON + 24 * HOUR,
    as_of=NOON + HOUR,
    version=7,
    low=20.5,
    high=45.25,
    features={"lag_0": 30.1, "lag_24": None, "cal_hour": 3.0, "wx_temperature": float(np.float32(11.7)), "other": 1.0},
)
# without a temperature, and published by another version
OTHER = replace(ROW, location=9000002, version=6, features={"lag_0": 40.0, "lag_24": 1 / 3, "cal_hour": 3.0})


@pytest.fixture(scope="module")
def server(object_store: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """One that knows two locations, for all requests of this module."""
    folder = tmp_path_factory.mktemp("entities")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in object_store.settings.items():
            patch.setenv(name, value)
        patch.setenv("DATABASE_URL", f"sqlite:///{folder}/pipeline.db")
        patch.setenv("FEATURES_HOURS", "48")
        write(ROW, OTHER)
        digest = pack(train(), folder / "model", around=BANDS, about=About("µg/m³", 24))
        with serving(upload(folder / "model", folder.name), 7, digest, folder / "log") as address:
            yield address


def write(*rows: Online) -> None:
    with begin() as connection:
        online.record(connection, "openaq", "no2", rows)


def post(server: str, **given: object) -> requests.Response:
    return requests.post(f"{server}/api/v1.0/predictions", json={"jsonData": given}, timeout=10)


def refused(server: str, code: int, **given: object) -> str:
    answer = post(server, **given)
    assert answer.status_code == code, answer.text
    return str(answer.json()["status"]["info"])


def ask_directly(row: Online) -> float:
    values = {"location": float(row.location), **row.features}
    batch = np.array([[values.get(name) for name in FEATURES]] * 48, dtype=np.float64)
    return float(train().predict(batch)[0])


def test_it_answers_as_a_batch_would_and_says_how_old_the_features_are(server: str) -> None:
    answer = post(server, **{"locations": [9000002, 9000001], "as-of": "2026-06-01T15:30:00+02:00"}).json()
    assert answer["data"] == {"names": ["no2"], "ndarray": [[ask_directly(OTHER)], [ask_directly(ROW)]]}
    second, first = answer["meta"]["tags"]["features"]
    assert first == {
        "location": 9000001,
        "time": "2026-06-01T12:00:00Z",
        "target_at": "2026-06-02T12:00:00Z",
        "as_of": "2026-06-01T13:00:00Z",
        "age_hours": 1.5,
    }
    assert second == first | {"location": 9000002}
    assert answer["meta"]["tags"]["version"] == 7


def test_the_band_is_the_published_one_where_the_same_model_published_it(server: str) -> None:
    answer = post(server, **{"locations": [9000002, 9000001], "as-of": "2026-06-01T15:30:00+02:00"}).json()
    tags, (low, high) = answer["meta"]["tags"], BANDS.around(np.array([9000002]), np.array([ask_directly(OTHER)]))
    assert tags["band"] == {"share": 0.8, "low": [low[0], ROW.low], "high": [high[0], ROW.high]}
    assert (tags["unit"], tags["hours_ahead"]) == ("µg/m³", 24)


def test_unless_told_otherwise_the_time_is_now(server: str) -> None:
    now = datetime.now(UTC)
    write(replace(ROW, location=9000003, time=now - 2 * HOUR, target_at=now + 22 * HOUR, as_of=now))
    answer = post(server, locations=[9000003]).json()
    assert answer["meta"]["tags"]["features"][0]["age_hours"] == pytest.approx(2, abs=0.1)


AGE = "location 9000001: its features are of 2026-06-01T12:00:00Z"
UNKNOWN = "no features of no2 were published; wanted a location that openaq predicts for, or run openaq-daily"


@pytest.mark.parametrize(
    ("code", "given", "told"),
    [
        (404, {"locations": [9000001, 5]}, f"location 5: {UNKNOWN}"),
        (404, {"locations": [5, 6]}, f"location 5 and 1 more: {UNKNOWN}"),
        (
            409,
            {"as-of": "2026-06-03T13:00:00Z"},
            f"{AGE}, 49 hours old; wanted at most 48: run openaq-daily, or give as-of",
        ),
        (409, {"as-of": "2026-06-01T11:00:00Z"}, f"{AGE}, after 2026-06-01T11:00:00Z; only the newest are kept"),
        (400, {"as-of": "yesterday"}, "\"as-of\" is 'yesterday'; wanted a time with its zone"),
        (400, {"as-of": "2026-06-01T11:00:00"}, "wanted a time with its zone"),
        (400, {"as-of": 5}, '"as-of" is 5; wanted a time'),
        (400, {"locations": []}, '"locations" is []; wanted a list of ids'),
        (400, {"locations": ["9000001"]}, "\"locations\" is ['9000001']; wanted a list of ids"),
        (400, {"locations": [True]}, "wanted a list of ids"),
        (400, {"locations": 9000001}, "wanted a list of ids"),
        (400, {"locations": [10**30]}, "is out of range; wanted an id"),
        (400, {"locations": [1] * 1001}, "1001 locations at once; wanted at most 1000"),
        (400, {"stations": [1]}, "\"jsonData\" has 'stations'; wanted locations and as-of alone"),
        (400, {"locations": ...}, '"jsonData" names no locations; wanted {"jsonData"'),
    ],
)
def test_what_is_wrong_is_said_in_one_line(server: str, code: int, given: dict[str, Any], told: str) -> None:
    body = {name: value for name, value in ({"locations": [9000001]} | given).items() if value is not ...}
    line = refused(server, code, **body)
    assert told in line
    assert "\n" not in line


def test_who_sends_features_is_answered_as_before(server: str) -> None:
    body = {"data": {"names": FEATURES, "ndarray": [[9000001, 30, 1, 3, 11]]}}
    answer = requests.post(f"{server}/api/v1.0/predictions", json=body, timeout=10).json()
    assert "features" not in answer["meta"]["tags"]


def test_refusals_are_counted_by_their_reason(server: Address) -> None:
    refused(server, 404, locations=[5])
    awaited(lambda: requests.get(server.metrics, timeout=5).text, lambda text: 'reason="UNKNOWN_LOCATION"' in text)


def test_without_a_database_or_locations_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    message = {"jsonData": {"locations": [9000001]}}
    monkeypatch.delenv("FEATURES_HOURS", raising=False)
    with pytest.raises(SeldonMicroserviceException) as none:
        Entities("wine", "quality", 7, FEATURES).find(message)
    assert none.value.message == 'wine has no locations to look up; wanted {"data": {"names": […], "ndarray": […]}}'
    monkeypatch.setenv("FEATURES_HOURS", "48")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/nowhere/pipeline.db")
    with pytest.raises(SeldonMicroserviceException) as gone:
        Entities("openaq", "no2", 7, FEATURES).find(message)
    assert (gone.value.status_code, gone.value.reason) == (503, "NO_DATABASE")
    assert gone.value.message == "the database did not answer: unable to open database file"
    monkeypatch.setenv("FEATURES_HOURS", "two days")
    with pytest.raises(BadInput, match="FEATURES_HOURS is 'two days'; wanted a whole number of hours"):
        Entities("openaq", "no2", 7, FEATURES)
