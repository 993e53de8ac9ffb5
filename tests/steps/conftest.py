"""Both kinds of database behind one fixture, and what else the tests of steps share."""

import uuid
from pathlib import Path
from typing import Any

import pytest

from pipeline.stack.object_store import connect, make_bucket
from tests.steps.support.databases import new_database
from tests.steps.support.dropping import Dropper


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database of each kind in turn, in DATABASE_URL; its URL."""
    return new_database(request, tmp_path, monkeypatch)


@pytest.fixture
def client(tracking_environment: str) -> Any:
    """A client of MLflow's server, which is in the environment and has no traces of an earlier test."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_environment)
    for model in client.search_registered_models():
        client.delete_registered_model(model.name)
    for experiment in client.search_experiments():
        if experiment.name != "Default":
            client.rename_experiment(experiment.experiment_id, uuid.uuid4().hex)
            client.delete_experiment(experiment.experiment_id)
    return client


@pytest.fixture
def registry(client: Any) -> Any:
    """Tracking of the project `openaq`, whose registered model has three versions."""
    from steps.backends.tracking import Tracking

    client.create_registered_model("openaq")
    for _ in range(3):
        client.create_model_version("openaq", "s3://artifacts/mlflow/m")
    return Tracking("openaq")


@pytest.fixture
def dropper(
    store_environment: dict[str, str], database_environment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Dropper:
    """An empty inbox, lake and database, and who drops files there and takes them."""
    bucket = store_environment["LAKE_BUCKET"].replace("lake", "inbox")
    make_bucket(connect(store_environment), bucket)
    monkeypatch.setenv("INBOX_BUCKET", bucket)
    return Dropper(tmp_path)
