"""A decision from real trials to a real registry, killed and repeated wherever it can be."""

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from steps import decide
from steps.backends import modelstore, objects, promotions
from steps.backends.database import begin
from steps.errors import CheckFailed
from steps.release import stored
from tests import ROOT
from tests.steps.support.released import DECLARATION, decision, live, release, releasing, run, start
from tests.steps.support.released import decide as decided
from tests.steps.support.small_dataset import store

pytestmark = pytest.mark.usefixtures("database_environment")

CREATED = "2003-12-31T23:00:00Z"


def options(fingerprint: str, folder: Path) -> list[str]:
    outputs = [
        word for name in ("decision", "promoted", "summary", "page") for word in (f"--{name}-out", f"{folder}/{name}")
    ]
    return ["--dataset", fingerprint, "--created", CREATED, *outputs]


def made(fingerprint: str, folder: Path) -> dict[str, Any]:
    """Run the step; its summary."""
    run(decide, *options(fingerprint, folder))
    return outputs(folder)


def outputs(folder: Path) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads((folder / "summary").read_text())
    assert (folder / "decision").read_text() == str(summary["decision"])
    assert (folder / "promoted").read_text() == str(summary["promoted"]).lower()
    return summary


def versions(client: MlflowClient) -> list[int]:
    return sorted(int(version.version) for version in client.search_model_versions("name = 'openaq'"))


def parents(client: MlflowClient) -> list[Any]:
    experiment = client.get_experiment_by_name("openaq")
    runs = client.search_runs([experiment.experiment_id], max_results=100) if experiment else []
    return [one for one in runs if "mlflow.parentRunId" not in one.data.tags]


def test_what_beats_the_naive_predictors_is_registered_and_promoted(client: MlflowClient, tmp_path: Path) -> None:
    summary = made(store("a"), tmp_path)
    assert (summary["decision"], summary["promoted"], summary["version"], summary["alias"]) == (1, True, 1, "champion")
    assert summary["words"].startswith("Promoted: challenger (linear) has RMSE")
    assert {one["name"] for one in summary["scores"]} == {"persistence", "training mean", "challenger (linear)"}
    assert len(summary["trials"]) == 3
    row = decision(1)
    assert (row.promoted, row.version, row.recipe, row.words) == (True, 1, summary["recipe"], summary["words"])
    found = stored.load(str(row.model_uri), str(row.digest))
    model, known = found.model, found.known
    assert model.features == ("location", "lag_0", "wx_wind", "cal_hour")
    assert len(known.rows) == len(known.answers) > 10
    (parent,) = parents(client)
    assert (
        parent.data.tags.items()
        >= {"decision": "1", "promoted": "true", "words": row.words, "project": "openaq"}.items()
    )
    assert row.scores is not None and row.words is not None
    assert parent.data.metrics["holdout_rmse.challenger"] == pytest.approx(row.scores[-1]["rmse"])
    assert client.get_model_version("openaq", "1").tags["digest"] == row.digest
    assert client.get_registered_model("openaq").aliases == {}, "only verify moves the alias"
    hours = client.get_metric_history(parent.info.run_id, "residual_mean.hour")
    assert {point.step: point.value for point in hours} == {
        int(one["group"]): pytest.approx(one["mean"]) for one in summary["residual_groups"]["hour"]
    }
    assert parent.data.metrics["band.coverage"] == pytest.approx(summary["bands"]["coverage"])
    folds = client.get_metric_history(parent.info.run_id, "fold_rmse.persistence")
    assert [point.value for point in folds] == pytest.approx([one["naive"]["persistence"] for one in summary["folds"]])
    page = (tmp_path / "page").read_text()
    assert Path(client.download_artifacts(parent.info.run_id, "decision.html", str(tmp_path))).read_text() == page
    assert row.words.replace("'", "&#x27;") in page
    assert "challenger (linear)" in page
    assert "http" not in page.replace("http-equiv", ""), "a page must work without a network"


def test_what_does_not_is_kept_out_and_that_is_a_result(client: MlflowClient, tmp_path: Path) -> None:
    summary = made(store("b", learnable=False), tmp_path)
    assert (summary["promoted"], summary["version"]) == (False, None)
    assert summary["words"].startswith("Not promoted: ")
    assert versions(client) == []
    assert parents(client)[0].data.tags["promoted"] == "false"
    assert decision(1).promoted is False


def test_the_same_dataset_has_the_same_decision_and_nobody_is_asked(
    client: MlflowClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fingerprint = store("a")
    first = made(fingerprint, tmp_path / "first")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    assert made(fingerprint, tmp_path / "second") == first
    assert (tmp_path / "first/page").read_text() == (tmp_path / "second/page").read_text()


def test_a_decision_outlives_its_summary(client: MlflowClient, tmp_path: Path) -> None:
    fingerprint = store("a")
    first = made(fingerprint, tmp_path)
    objects.lake().delete("openaq/decisions/1/summary.json")
    again = made(fingerprint, tmp_path)
    same = ("decision", "promoted", "words", "scores", "version", "unit", "recipe", "parameter")
    assert {name: again[name] for name in same} == {name: first[name] for name in same}


def test_the_champion_competes_and_its_own_recipe_is_not_promoted_again(client: MlflowClient, tmp_path: Path) -> None:
    release(made(store("a"), tmp_path)["decision"])
    summary = made(store("c", hours=1220), tmp_path)
    assert "champion" in {one["name"] for one in summary["scores"]}
    assert summary["bootstrap"]["difference"] == 0
    assert (summary["decision"], summary["promoted"]) == (2, False)
    assert summary["words"].endswith(
        "Not refreshed: 40 rows are new since version 1 was fitted, 1.7% of what it learned from; wanted 5% or 7 days."
    )
    assert live() == (1, 1)


def test_what_is_live_learns_from_new_rows_with_its_own_recipe(client: MlflowClient, tmp_path: Path) -> None:
    before = made(store("a"), tmp_path)
    release(before["decision"])
    summary = made(store("b", hours=1400), tmp_path)
    assert (summary["promoted"], summary["refreshed"], summary["version"]) == (True, True, 2)
    assert summary["recipe"] == before["recipe"]
    assert summary["words"].startswith("Refreshed with 400 new rows: on 9 days that neither had learned from, ")
    assert "Kept the champion: the folds chose its own recipe again" in summary["words"]
    assert summary["afterwards"]["version"] == 1 and summary["afterwards"]["score"]["rows"] == 400
    row = decision(2)
    assert (row.kind, row.version, row.afterwards) == ("refresh", 2, summary["afterwards"])
    model = stored.load(str(row.model_uri), str(row.digest)).model
    assert model.features == ("location", "lag_0", "wx_wind", "cal_hour")
    assert parents(client)[0].data.tags["refreshed"] == "true"
    assert "the live model was refreshed" in (tmp_path / "page").read_text()
    objects.lake().delete("openaq/decisions/2/summary.json")
    assert made(store("b", hours=1400), tmp_path)["refreshed"], "the table remembers it too"


def test_a_refresh_that_was_rolled_back_is_not_made_again(client: MlflowClient, tmp_path: Path) -> None:
    release(made(store("a"), tmp_path)["decision"])
    release(made(store("b", hours=1300), tmp_path)["decision"])
    roll_back()
    assert live() == (3, 1)
    again = made(store("c", hours=1400), tmp_path)
    assert (again["promoted"], again["refreshed"], again["version"]) == (False, False, None)
    assert again["words"].endswith("to have it again: pipeline rollback openaq --to 2.")


def test_a_training_that_was_overtaken_by_one_of_newer_data_replaces_nothing(
    client: MlflowClient, tmp_path: Path
) -> None:
    older, newer = store("older"), store("newer", hours=1300)
    made(newer, tmp_path / "newer")
    summary = made(older, tmp_path / "older")
    assert (summary["decision"], summary["promoted"], summary["version"]) == (2, False, None)
    assert summary["words"] == (
        "Not promoted: a newer dataset, up to 2003-02-24 04:00 UTC (decision 1), has been decided already."
    )
    assert versions(client) == [1]


def test_a_recipe_that_was_rolled_back_stays_back_until_somebody_goes_forward(
    client: MlflowClient, tmp_path: Path
) -> None:
    release(decided("before", 7))  # of a recipe that nobody can train any more, so it does not compete
    summary = made(store("a"), tmp_path)
    release(summary["decision"])
    roll_back()
    again = made(store("b", hours=1300), tmp_path)
    assert again["recipe"] == summary["recipe"]
    assert (again["promoted"], again["version"], live()) == (False, None, (3, 7))
    assert again["words"] == (
        "Not promoted: the recipe is that of version 1, which was rolled back; "
        "to have it again: pipeline rollback openaq --to 1."
    )
    assert versions(client) == [1]
    roll_back()
    assert made(store("c", hours=1400), tmp_path)["refreshed"]


def roll_back() -> None:
    with begin() as connection:
        back = promotions.roll_back(connection, "openaq")
    release(back.decision)


def test_a_decision_says_which_run_made_it_and_what_started_that(client: MlflowClient, tmp_path: Path) -> None:
    run(decide, *options(store("b", learnable=False), tmp_path), "--run", "openaq-train-1", "--by", "schedule")
    assert (decision(1).run, decision(1).by) == ("openaq-train-1", "schedule")


def test_one_may_go_back_to_earlier_data_later_on(client: MlflowClient, tmp_path: Path) -> None:
    older, newer = store("older"), store("newer", hours=1300)
    made(newer, tmp_path / "newer")
    afterwards = datetime.now(UTC).isoformat()
    run(decide, *options(older, tmp_path), "--created", afterwards)
    assert outputs(tmp_path)["promoted"]


def test_a_live_model_of_another_parameter_does_not_compete(client: MlflowClient, tmp_path: Path) -> None:
    with begin() as connection:
        number = promotions.reserve(connection, "openaq", "other", "pm25").decision
        promotions.settle(
            connection,
            "openaq",
            number,
            promoted=True,
            words="",
            scores=[],
            recipe={"family": "linear", "parameters": {}},
            version=9,
            model_uri="s3://artifacts/m",
            digest="d" * 32,
        )
    release(number)
    summary = made(store("a"), tmp_path)
    assert "champion" not in {one["name"] for one in summary["scores"]}
    assert summary["promoted"]


def test_missing_trials_are_counted(client: MlflowClient, tmp_path: Path) -> None:
    with pytest.raises(CheckFailed, match=r"2 of 3 trials of dataset .* have no result"):
        made(store("a", last=1), tmp_path)
    assert parents(client) == []
    with begin() as connection:
        assert promotions.newest(connection, "openaq") is None


KILLED = """
import os, signal, sys
from importlib import import_module
where, name = sys.argv.pop(1).split(":")
owner = import_module(where)
*path, name = name.split(".")
for part in path:
    owner = getattr(owner, part)
setattr(owner, name, lambda *words, **named: os.kill(os.getpid(), signal.SIGKILL))
from steps.contract.command import run
from steps.decide import command
run(command)
"""


@pytest.mark.parametrize(
    "at",
    [
        pytest.param("steps.backends.tracking:Tracking.log", id="reserved", marks=pytest.mark.soak),
        pytest.param("steps.backends.tracking:Tracking._finish", id="run-begun", marks=pytest.mark.soak),
        pytest.param("steps.backends.tracking:Tracking.register", id="logged", marks=pytest.mark.soak),
        pytest.param("steps.backends.tracking:Tracking._new_version", id="uploaded", marks=pytest.mark.soak),
        pytest.param("steps.backends.promotions:settle", id="registered"),
    ],
)
def test_a_kill_anywhere_and_another_run_make_one_decision_and_one_version(
    client: MlflowClient, tmp_path: Path, at: str
) -> None:
    fingerprint = store("a")
    words = [sys.executable, "-c", KILLED, at, "--declaration", DECLARATION, *options(fingerprint, tmp_path)]
    killed = subprocess.run(words, cwd=ROOT, check=False, timeout=100)
    assert killed.returncode == -signal.SIGKILL
    assert decision(1).promoted is None
    assert live() is None
    assert versions(client) == ([1] if at.endswith("settle") else [])
    summary = made(fingerprint, tmp_path)
    assert (summary["decision"], summary["version"]) == (1, 1)
    assert versions(client) == [1]
    (parent,) = parents(client)
    assert parent.info.status == "FINISHED"
    row = decision(1)
    assert modelstore.fetch(str(row.model_uri), str(row.digest))
    with begin() as connection:
        assert promotions.newest(connection, "openaq") == row


@pytest.mark.soak
@pytest.mark.usefixtures("database")
def test_two_at_once_make_one_decision(client: MlflowClient, tmp_path: Path) -> None:
    fingerprint = store("a")
    both = [start("steps.decide", *options(fingerprint, tmp_path / name)) for name in ("one", "two")]
    ended = [(process.communicate(timeout=100)[1], process.returncode) for process in both]
    assert {code for _, code in ended} <= {0, 1}, ended  # 1: the other one won; it is tried again
    for name in ("one", "two"):
        made(fingerprint, tmp_path / name)
    assert outputs(tmp_path / "one") == outputs(tmp_path / "two")
    assert (versions(client), len(parents(client))) == ([1], 1)


@pytest.mark.soak
def test_a_tracking_server_that_is_down_is_one_line_and_worth_a_retry(
    client: MlflowClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fingerprint = store("a")
    with monkeypatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
        process = start("steps.decide", *options(fingerprint, tmp_path))
        _, told = process.communicate(timeout=100)
    assert process.returncode == 1
    assert told.splitlines()[-1].startswith(
        "error: the tracking server at http://127.0.0.1:1 did not log the decision: "
    )
    assert not (tmp_path / "decision").exists()
    assert made(fingerprint, tmp_path)["decision"] == 1


def test_where_releases_are_in_shadow_what_is_promoted_goes_on_trial_and_it_is_said(
    client: MlflowClient, tmp_path: Path
) -> None:
    release(decided("z", 7, recipe={"family": "gone"}))
    fingerprint = store("a")
    run(decide, *options(fingerprint, tmp_path), declaration=releasing("shadow", trial_days=30))
    summary = outputs(tmp_path)
    assert (summary["promoted"], summary["trial"], summary["alias"]) == (True, "shadow", "challenger")
    trial = "It goes on trial first, as a shadow of version 7, for at most 30 days whose outcome is known."
    assert summary["words"].startswith("Promoted: ") and summary["words"].endswith(trial)
    assert decision(summary["decision"]).words == summary["words"]
    assert "goes on trial first" in (tmp_path / "page").read_text()
