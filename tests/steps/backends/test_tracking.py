"""What a decision leaves in a real MLflow server, and that leaving it twice changes nothing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient

from steps.backends import modelstore
from steps.backends.tracking import Account, Package, Tracking, Trial
from steps.errors import StepError
from tests.steps.support.small_model import FAMILIES, pack, table, train
from tests.steps.support.web_servers import hanging_up

ACCOUNT = Account(
    key="k1",
    name="decision 1",
    parameters={"family": "linear", "alpha": 3.0},
    metrics={"rmse": 18.5},
    tags={"decision": "1", "words": "better than µ naive"},
    trials=[Trial(f"linear {n}", {"alpha": n}, {"mean": 19.0 + n, "fold": [18.0, 20.0]}) for n in range(20)],
)


def package(folder: Path, family: str = "linear") -> Package:
    model = train(family)
    pack(model, folder / "model")
    example = table(3)
    return Package(folder / "model", "steps.flavor", ["numpy"], example, model.predict(example.to_numpy()))


def test_a_decision_is_one_run_with_its_trials_as_children(client: MlflowClient) -> None:
    tracking = Tracking("openaq")
    run_id = tracking.log(ACCOUNT)
    assert tracking.log(ACCOUNT) == run_id, "again: the same run"
    (experiment,) = [found for found in client.search_experiments() if found.name == "openaq"]
    runs = client.search_runs([experiment.experiment_id], max_results=100)
    assert len(runs) == 21
    assert {run.info.status for run in runs} == {"FINISHED"}
    parent = client.get_run(run_id)
    assert parent.data.params == {"family": "linear", "alpha": "3.0"}
    assert parent.data.metrics == {"rmse": 18.5}
    assert parent.data.tags["words"] == "better than µ naive"
    child = next(run for run in runs if run.info.run_name == "linear 7")
    assert child.data.tags["mlflow.parentRunId"] == run_id
    assert child.data.metrics["mean"] == 26.0
    assert [point.value for point in client.get_metric_history(child.info.run_id, "fold")] == [18.0, 20.0]


def test_a_metric_may_have_steps_and_writing_it_again_adds_none(client: MlflowClient) -> None:
    tracking, started = Tracking("openaq"), replace(ACCOUNT, trials=())
    account = replace(started, metrics={"rmse": 18.5, "fold": [3.0, 4.0], "hour": {7: 1.0, 9: -2.0}})
    run_id = tracking.log(account)
    assert tracking.log(account) == run_id

    def history(name: str) -> list[tuple[int, float]]:
        return [(point.step, point.value) for point in client.get_metric_history(run_id, name)]

    assert history("rmse") == [(0, 18.5)]
    assert history("fold") == [(0, 3.0), (1, 4.0)]
    assert history("hour") == [(7, 1.0), (9, -2.0)]


def test_a_text_is_an_artifact_of_the_run_and_the_last_one_counts(client: MlflowClient, tmp_path: Path) -> None:
    tracking = Tracking("openaq")
    run_id = tracking.log(replace(ACCOUNT, trials=()))
    for text in ("<p>first", "<p>µ second"):
        tracking.attach(run_id, "decision.html", text)
    assert [each.path for each in client.list_artifacts(run_id)] == ["decision.html"]
    assert Path(client.download_artifacts(run_id, "decision.html", str(tmp_path))).read_text() == "<p>µ second"


@pytest.mark.parametrize("family", FAMILIES)
def test_a_registered_model_is_loaded_by_its_alias(client: MlflowClient, tmp_path: Path, family: str) -> None:
    tracking, packed = Tracking("openaq"), package(tmp_path, family)
    run_id = tracking.log(replace(ACCOUNT, trials=()))
    made = tracking.register(run_id, "k1", packed, {"decision": "1"})
    assert made.version == 1
    assert tracking.alias() is None
    tracking.move_alias(1)
    assert tracking.alias() == 1
    import mlflow.pyfunc  # not above: it warns when imported, and `steps.backends.tracking` knows

    loaded = mlflow.pyfunc.load_model("models:/openaq@champion")
    rows = table(50, seed=3)
    np.testing.assert_array_equal(loaded.predict(rows), train(family).predict(rows.to_numpy()))
    version = client.get_model_version("openaq", "1")
    assert (version.run_id, version.tags["decision"]) == (run_id, "1")


def test_the_models_own_files_are_in_the_folder_that_is_named(client: MlflowClient, tmp_path: Path) -> None:
    tracking, packed = Tracking("openaq"), package(tmp_path)
    made = tracking.register(tracking.log(replace(ACCOUNT, trials=())), "k1", packed, {})
    files = {path.name: path.read_bytes() for path in packed.folder.iterdir()}
    assert modelstore.fetch(made.model_uri, modelstore.digest(files)) == files


def test_registering_again_makes_no_second_version(client: MlflowClient, tmp_path: Path) -> None:
    tracking, packed = Tracking("openaq"), package(tmp_path)
    run_id = tracking.log(replace(ACCOUNT, trials=()))
    first = tracking.register(run_id, "k1", packed, {})
    assert Tracking("openaq").register(run_id, "k1", packed, {}) == first
    assert len(client.search_model_versions("name = 'openaq'")) == 1
    other = tracking.log(replace(ACCOUNT, key="k2", trials=()))
    assert tracking.register(other, "k2", packed, {}).version == 2
    for _ in range(2):
        tracking.forget(2)
    assert [one.version for one in client.search_model_versions("name = 'openaq'")] == ["1"]


def test_an_upload_that_was_cut_off_is_done_again(client: MlflowClient, tmp_path: Path) -> None:
    tracking, packed = Tracking("openaq"), package(tmp_path)
    run_id = tracking.log(replace(ACCOUNT, trials=()))
    experiment = client.get_run(run_id).info.experiment_id
    client.create_logged_model(experiment, "model", run_id, tags={"pipeline.key": "k1"})  # a kill came here
    made = tracking.register(run_id, "k1", packed, {})
    assert made.version == 1
    assert modelstore.known_rows(modelstore.fetch(made.model_uri, _digest(packed.folder))).features


def test_a_server_that_hangs_up_is_one_line_after_few_tries(
    store_environment: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hanging_up() as (address, calls):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        with pytest.raises(StepError, match=rf"the tracking server at {address} did not move the alias") as caught:
            Tracking("openaq").move_alias(1)
    assert "\n" not in str(caught.value)
    assert len(calls) == 3


def _digest(folder: Path) -> str:
    return modelstore.digest({path.name: path.read_bytes() for path in folder.iterdir()})
