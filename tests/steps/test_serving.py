"""The real model server: what it answers, what it refuses, and with which model it does not start."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from steps.backends.modelstore import request_body
from steps.backends.objects import artifacts
from steps.models.about import About
from steps.serving.pages import MAX_BYTES
from tests import ROOT
from tests.steps.support.model_server import command, environment, serving
from tests.steps.support.small_model import BANDS, FAMILIES, FEATURES, known, pack, train, upload

PREDICTIONS = "/api/v1.0/predictions"


@pytest.fixture(scope="module")
def server(object_store: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server for all requests of this module."""
    folder = tmp_path_factory.mktemp("serving")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in object_store.settings.items():
            patch.setenv(name, value)
        patch.setenv("MODEL_DECISION", "4")
        patch.setenv("MODEL_DATASET", "f" * 32)
        about = About("µg/m³", 24, "2026-06-01T12:00:00Z")
        digest = pack(train(), folder / "model", around=BANDS, about=about)
        with serving(upload(folder / "model", folder.name), 7, digest, folder / "log") as address:
            yield address


def post(server: str, body: object, **more: Any) -> requests.Response:
    content: dict[str, Any] = {"json": body} | more
    return requests.post(server + PREDICTIONS, **content, timeout=10)


def row(**changed: object) -> dict[str, Any]:
    """A request of one row, with some values changed, added or (…) left out."""
    values = dict.fromkeys(FEATURES, 1.0) | {"location": 9000001.0} | changed
    values = {name: value for name, value in values.items() if value is not ...}
    return {"data": {"names": list(values), "ndarray": [list(values.values())]}}


def refused(server: str, body: object, **more: Any) -> str:
    """The one line that a 400 says."""
    answer = post(server, body, **more)
    assert answer.status_code == 400, answer.text
    told = answer.json()["status"]["info"]
    assert told
    assert "\n" not in told
    assert "Traceback" not in answer.text
    return told


def test_it_answers_as_the_model_itself_and_says_which_it_is(server: str) -> None:
    wanted = known(train())
    answer = post(server, request_body(wanted)).json()
    assert [value for (value,) in answer["data"]["ndarray"]] == wanted.answers
    assert answer["data"]["names"] == ["no2"]
    tags = answer["meta"]["tags"]
    assert (tags["version"], tags["project"], len(tags["digest"])) == (7, "openaq", 32)
    assert (tags["decision"], tags["dataset"]) == (4, "f" * 32)


def test_it_says_in_which_unit_it_answers_within_which_band_and_for_which_hour(server: str) -> None:
    example = requests.get(f"{server}/example", timeout=10).json()
    answer = post(server, example).json()
    tags, value = answer["meta"]["tags"], answer["data"]["ndarray"][0][0]
    assert (tags["unit"], tags["hours_ahead"], tags["target_at"]) == ("µg/m³", 24, "2026-06-02T12:00:00Z")
    low, high = BANDS.around(np.array([9000001]), np.array([value]))
    assert tags["band"] == {"share": 0.8, "low": low.tolist(), "high": high.tolist()}
    assert low[0] < value < high[0]
    without = post(server, row()).json()["meta"]["tags"]
    assert "target_at" not in without and without["hours_ahead"] == 24, "nobody said of which hour the features are"
    asked = row() | {"meta": {"tags": {"time": "2026-06-01T14:00:00+02:00"}}}
    assert post(server, asked).json()["meta"]["tags"]["target_at"] == "2026-06-02T12:00:00Z"
    assert "wanted a time with its zone" in refused(server, row() | {"meta": {"tags": {"time": "noon"}}})


def test_a_row_of_no_known_location_gets_the_band_of_all(server: str) -> None:
    for place in (None, 5.0):
        answer = post(server, row(location=place, lag_0=50)).json()
        low, _ = BANDS.around(np.array([0]), np.array(answer["data"]["ndarray"][0]))
        assert answer["meta"]["tags"]["band"]["low"] == low.tolist()


def test_a_model_that_says_nothing_of_itself_answers_as_before(
    object_store: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in object_store.settings.items():
        monkeypatch.setenv(name, value)
    digest = pack(train(), tmp_path / "model")
    with serving(upload(tmp_path / "model", tmp_path.name), 7, digest, tmp_path / "log") as address:
        answer = post(address, row()).json()
        assert not {"unit", "band", "hours_ahead", "target_at"} & answer["meta"]["tags"].keys()


def test_features_may_come_in_any_order(server: str) -> None:
    body = row(lag_0=50, cal_hour=3)
    turned = {"data": {"names": body["data"]["names"][::-1], "ndarray": [body["data"]["ndarray"][0][::-1]]}}
    assert post(server, turned).json()["data"] == post(server, body).json()["data"]
    assert post(server, row(lag_0=51, cal_hour=3)).json()["data"] != post(server, body).json()["data"]


def test_a_tensor_is_the_same_as_rows(server: str) -> None:
    rows = row()["data"]
    tensor = {"names": rows["names"], "tensor": {"shape": [1, len(FEATURES)], "values": rows["ndarray"][0]}}
    assert post(server, {"data": tensor}).json()["data"] == post(server, row()).json()["data"]


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_missing_value_is_null(server: str, missing: float | None) -> None:
    body = json.dumps(row(lag_24=missing))
    answer = post(server, None, data=body, json=None, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["ndarray"][0][0] > 0


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (row(lag_0=...), "missing: lag_0"),
        (row(lag_0=..., lag_24=...), "missing: lag_0, lag_24"),
        (row(lag_99=1), "not the model's: lag_99"),
        (row(**{f"x{n}": 1 for n in range(9)}), "x4 and 4 more"),
        ({"data": {"names": [*FEATURES, "lag_0"], "ndarray": [[1] * 6]}}, "twice: lag_0"),
        (row(lag_0="high"), "row 1, lag_0: 'high' is not a number; wanted one, or null if missing"),
        (row(lag_0=True), "row 1, lag_0: True is not a number"),
        (row(lag_0=[1]), "row 1, lag_0: [1] is not a number"),
        (row(lag_0=10**400), "row 1, lag_0: out of range"),
        (row(lag_0=float("inf")), "row 1, lag_0: infinite"),
        ({"data": {"names": FEATURES, "ndarray": []}}, "there are no rows"),
        ({"data": {"names": FEATURES, "ndarray": [[1]]}}, "row 1 is 1 values; wanted a list of 5"),
        ({"data": {"names": FEATURES, "ndarray": [1, 2, 3, 4, 5]}}, "row 1 is 1; wanted a list of 5"),
        ({"data": {"names": FEATURES, "ndarray": [[1] * 5] * 10_001}}, "10001 rows at once; wanted at most 10000"),
        ({"data": {"names": FEATURES, "tensor": {"shape": [2, 5], "values": [1] * 5}}}, '"tensor" has shape [2, 5]'),
        ({"data": {"names": FEATURES}}, 'neither "ndarray" nor "tensor"'),
        ({"data": {"ndarray": [[1] * 5]}}, '"names" must be the list of the features'),
        ({"data": [1]}, 'the request has no "data"'),
        ({"strData": "x"}, 'the request has no "data"'),
        ([1, 2], 'the request has no "data"'),
        ("x", 'the request has no "data"'),
    ],
)
def test_what_is_wrong_with_a_request_is_said_in_one_line(server: str, body: object, told: str) -> None:
    text = json.dumps(body)
    assert told in refused(server, None, data=text, json=None, headers={"Content-Type": "application/json"})


def test_what_is_no_json_is_a_mistake_of_the_sender(server: str) -> None:
    typed = {"Content-Type": "application/json"}
    assert post(server, None, json=None, data="{", headers=typed).status_code == 400
    untyped = post(server, None, json=None, data=json.dumps(row()))
    assert untyped.status_code == 415
    assert "send it with Content-Type: application/json" in untyped.json()["status"]["info"]
    assert post(server, None, json=None, data=b" " * (MAX_BYTES + 1), headers=typed).status_code == 413
    assert requests.get(server + "/nowhere", timeout=10).status_code == 404


def test_it_shows_an_example_that_it_answers(server: str) -> None:
    example = requests.get(server + "/example", timeout=10).json()
    assert example["data"]["ndarray"] == known(train()).rows[-1:], "the newest; the first ones lack values"
    assert post(server, example).status_code == 200


def test_its_metadata_names_the_features(server: str) -> None:
    told = requests.get(server + "/metadata", timeout=10).json()
    assert told["inputs"][0]["schema"]["names"] == FEATURES
    assert (told["name"], told["versions"]) == ("openaq", ["7"])
    assert "ready" in requests.get(server + "/health/status", timeout=10).text


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_served_as_it_answers_itself(store_environment: object, tmp_path: Path, family: str) -> None:
    model = train(family)
    digest = pack(model, tmp_path / "model")
    with serving(upload(tmp_path / "model", "m"), 1, digest, tmp_path / "log") as address:
        answer = post(address, request_body(known(model))).json()
    assert [value for (value,) in answer["data"]["ndarray"]] == known(model).answers


def refused_start(variables: dict[str, str]) -> tuple[int, str]:
    """The exit code of a server that ends by itself, and what it said; one that stays up is ended, and its workers."""
    started = subprocess.Popen(command(1, 2), env=variables, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        _, told = started.communicate(timeout=60)
        return started.returncode, told
    finally:
        with suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)


@pytest.mark.parametrize("change", ["changed", "added", "removed", "gone"])
def test_with_another_model_than_the_decided_one_it_does_not_start(
    store_environment: object, tmp_path: Path, change: str
) -> None:
    digest = pack(train(), tmp_path / "model")
    uri = upload(tmp_path / "model", "m")
    match change:
        case "changed":
            artifacts().put("m/model.json", (tmp_path / "model/model.json").read_bytes() + b" ")
        case "added":
            artifacts().put("m/other.json", b"{}")
        case "removed":
            artifacts().delete("m/known_rows.json")
        case "gone":
            uri += "-elsewhere"
    code, told = refused_start(environment(uri, 1, digest))
    assert code == 3
    last = told.strip().splitlines()[-1]
    wanted = "there is no model at" if change == "gone" else f"wanted {digest}: its files were changed"
    assert last.startswith("error: ")
    assert wanted in last


def test_without_its_settings_it_does_not_start(store_environment: object) -> None:
    code, told = refused_start(environment("", 1, ""))
    assert code == 2
    assert "error: the setting MODEL_DIGEST is not in the environment" in told


@pytest.mark.parametrize(
    ("modules", "unwanted"),
    [
        ("steps.publish, steps.admit, steps.rollback, steps.follow", {"mlflow", "seldon_core", "great_expectations"}),
        ("steps.serving", {"mlflow", "pandas", "sqlalchemy", "pydantic", "sklearn"}),
    ],
)
def test_a_step_imports_only_what_its_image_has(modules: str, unwanted: set[str]) -> None:
    probe = f"import sys, {modules}; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert unwanted.isdisjoint(told.split())
