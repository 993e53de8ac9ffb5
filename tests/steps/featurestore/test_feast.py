"""Feast itself, in its own environment, gives the very numbers that training and the daily predictions use.

Its environment takes minutes to make; FEAST_HOME names a state folder that has it already.
"""

import contextlib
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import psycopg2
import pytest
import requests
import sqlalchemy as sa

from pipeline.errors import PipelineError
from pipeline.stack import feast
from steps import publish
from steps.backends import objects
from steps.backends.database import begin
from steps.backends.warehouse import online
from steps.backends.warehouse.schema import predictions
from steps.featurestore import flatten
from steps.learning import lake
from steps.models.linear import Linear
from tests import ROOT, postgres
from tests.steps.support.learned import Learner, fill
from tests.steps.support.released import decide, release, run
from tests.steps.support.small_model import pack, upload
from tests.steps.support.synthetic import LOCATIONS, PROJECT, dataset_of, features, observations

pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(900),
    pytest.mark.usefixtures("store_environment", "database_environment"),
]

AS_OF = datetime(2021, 4, 14, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The Python that Feast is in."""
    home = Path(os.environ.get("FEAST_HOME") or tmp_path_factory.mktemp("feast"))
    try:
        return feast.settings(home)["FEATURES_PYTHON"]
    except PipelineError as error:
        pytest.skip(f"Feast is not tested here: {error}")


class Feast:
    """A project's repository in `folder`."""

    def __init__(self, folder: Path, python: str) -> None:
        self.folder, self.python = folder, python

    def apply(self, as_of: datetime) -> tuple[int, str]:
        """Both steps; what the second ended with, and the last that it said."""
        told = flatten.definitions(PROJECT, LOCATIONS, "no2", as_of, 48)
        file = self.folder / "definitions.json"
        file.write_text(told.model_dump_json())
        return self.run(sys.executable, "apply", "--definitions", str(file), FEATURES_PYTHON=self.python)

    def run(self, python: str, step: str, *options: str, **more: str) -> tuple[int, str]:
        """A step; what it ended with, and the last that it said."""
        settings = {"FEATURES_HOME": str(self.folder), "LOG_FORMAT": "text", **more}
        command = [python, "-m", f"steps.featurestore.{step}", *options]
        done = subprocess.run(command, env=os.environ | settings, cwd=ROOT, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stderr.strip().splitlines()[-1]

    def ask(self, entities: pd.DataFrame) -> pd.DataFrame:
        """What the service of version 1 gives for them."""
        entities.to_parquet(self.folder / "entities.parquet")
        files = [str(self.folder / name) for name in ("entities.parquet", "found.parquet")]
        program = str(ROOT / "tests" / "steps" / "support" / "feast_asked.py")
        command = [self.python, "-I", program, str(self.folder / "openaq"), "openaq_v1", *files]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return pd.read_parquet(files[1])


@pytest.fixture
def store(tmp_path: Path, python: str) -> Feast:
    return Feast(tmp_path, python)


def go_live(folder: Path) -> Linear:
    """A model of all features, live as version 1."""
    data = dataset_of(features(observations(45)))
    model = Linear.fit(data.rows[list(data.features)], data.target, {}, 1)
    digest = pack(model, folder / "model")
    release(decide("f1", 1, model_uri=upload(folder / "model", "m1"), digest=digest))
    return model


def bits(frame: pd.DataFrame, names: list[str]) -> list[list[int]]:
    """The values of float32, as they are stored; all missing ones alike."""
    values = frame[names].to_numpy(dtype=np.float32)
    return np.where(np.isnan(values), np.float32("nan"), values).view(np.uint32).tolist()


def trained_on(learner: Learner, as_of: datetime) -> pd.DataFrame:
    """The rows of snapshot's dataset."""
    ended = learner.snapshot(as_of=as_of.isoformat())
    assert ended.code == 0, ended.log
    return lake.load(objects.lake(), "openaq", learner.fingerprint()).rows


def historical(store: Feast, rows: pd.DataFrame) -> pd.DataFrame:
    """What Feast gives for the rows' locations, each at some minute of the hour that follows the row's."""
    chance = random.Random(1)
    minutes = pd.to_timedelta([chance.randrange(60) for _ in range(len(rows))], unit="min")
    asked = pd.DataFrame(
        {"location": rows["location"], "event_timestamp": rows["time"] + minutes, "time": rows["time"]}
    )
    return store.ask(asked).sort_values(["location", "time"], ignore_index=True)


def test_history_is_what_snapshot_takes_at_any_time_and_after_a_patch(store: Feast, tmp_path: Path) -> None:
    fill(45)
    model, learner = go_live(tmp_path), Learner(tmp_path)
    names = [name for name in model.features if name != "location"]
    assert store.apply(AS_OF)[0] == 0
    chance = random.Random(2)
    before = pd.DataFrame()
    for _ in range(3):
        rows = trained_on(learner, AS_OF - timedelta(minutes=chance.randrange(14 * 24 * 60)))
        before = rows.sort_values(["location", "time"], ignore_index=True)
        assert bits(historical(store, rows), names) == bits(before, names)
    table = observations(45)
    table.loc[table["time"] < pd.Timestamp("2021-03-20", tz="UTC"), "value"] += 1
    fill(45, etag="b", table=table)
    assert store.apply(AS_OF)[0] == 0
    rows = trained_on(learner, AS_OF).sort_values(["location", "time"], ignore_index=True)
    found = historical(store, rows)
    assert bits(found, names) == bits(rows, names)
    assert bits(found[: len(before)], names) != bits(before, names), "the patch is seen"


@pytest.mark.parametrize("kind", ["files", "postgresql"])
def test_what_is_online_is_what_the_predictions_were_made_from(
    kind: str, store: Feast, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "postgresql":
        url = postgres.new_database(request.getfixturevalue("postgres")).replace("pipeline@", "pipeline:x@")
        monkeypatch.setenv("FEATURES_DATABASE_URL", url)
    fill(45)
    model = go_live(tmp_path)
    options = ["--as-of", AS_OF.isoformat(), "--created", "2026-01-01T00:00:00Z", "--locations", "101,102"]
    run(publish, *options, "--summary-out", tmp_path / "summary.json")
    for _ in range(2):  # again is the same
        assert store.apply(AS_OF)[0] == 0
    found = store.ask(pd.DataFrame({"location": [*LOCATIONS, 5]})).set_index("location")
    names = [name for name in model.features if name != "location"]
    published = online.read("openaq", "no2", LOCATIONS)
    for location in LOCATIONS:
        mine = pd.DataFrame([published[location].features])
        assert bits(found.loc[[location]], names) == bits(mine, names)
        row = [float(location) if name == "location" else found.loc[location, name] for name in model.features]
        (answer,) = model.predict(np.array([row], dtype=np.float64))
        assert answer == value_of(location, published[location].target_at)
    assert found.loc[5, names].isna().all(), "nobody knows it"
    code, said = store.apply(AS_OF - timedelta(days=1))
    assert code == 3
    assert "the online store has no2_hours of 2021-04-14T12:00:00+00:00, later than 2021-04-13T12:00:00+00:00" in said


def test_a_registry_that_cannot_be_read_is_one_line(store: Feast) -> None:
    fill(45)
    (store.folder / "openaq").mkdir()
    (store.folder / "openaq" / "registry.db").write_bytes(b"of another version")
    code, said = store.apply(AS_OF)
    assert code == 1
    assert said.startswith("error: Feast did not take it: ")
    assert said.endswith(f"if its registry is of another version, remove {store.folder}/openaq and run again")


@pytest.mark.parametrize("kind", ["files", "postgresql"])
def test_a_server_says_what_to_run_until_there_is_something_to_serve(
    kind: str, store: Feast, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL by a role that may only read, as on a cluster."""
    reader = ""
    if kind == "postgresql":
        address = postgres.new_database(request.getfixturevalue("postgres"))
        reader = may_read(address).replace("reader@", "reader:x@")
        monkeypatch.setenv("FEATURES_DATABASE_URL", address.replace("pipeline@", "pipeline:x@"))
    fill(45)
    go_live(tmp_path)
    with served(store, reader) as url:
        asked = {"features": ["no2_hours:lag_1"], "entities": {"location": list(LOCATIONS)}}
        until(lambda: requests.get(f"{url}/health", timeout=5).ok)
        refused = requests.post(f"{url}/get-online-features", json=asked, timeout=5)
        assert refused.status_code == 503
        assert refused.json() == {"detail": "openaq has no features in its store yet; run openaq-features first"}
        options = ["--as-of", AS_OF.isoformat(), "--created", "2026-01-01T00:00:00Z", "--locations", "101,102"]
        run(publish, *options, "--summary-out", tmp_path / "summary.json")
        assert store.apply(AS_OF)[0] == 0
        until(lambda: requests.post(f"{url}/get-online-features", json=asked, timeout=5).ok)
        found = requests.post(f"{url}/get-online-features", json=asked, timeout=5).json()
        published = online.read("openaq", "no2", LOCATIONS)
        values = found["results"][found["metadata"]["feature_names"].index("lag_1")]["values"]
        assert np.array(values, np.float32).tolist() == [published[each].features["lag_1"] for each in LOCATIONS]
        written = requests.post(f"{url}/materialize-incremental", json={"end_ts": AS_OF.isoformat()}, timeout=30)
        assert not (written.ok and reader), "it may only read"


def may_read(address: str) -> str:
    """The address of a role that may read what is made in the database, as the platform's `features_reader`."""
    with contextlib.closing(psycopg2.connect(address.replace("+psycopg2", ""))) as connection:
        with connection.cursor() as cursor:
            cursor.execute("CREATE ROLE reader LOGIN PASSWORD 'x'")
            cursor.execute("ALTER DEFAULT PRIVILEGES FOR ROLE pipeline GRANT SELECT ON TABLES TO reader")
        connection.commit()
    return address.replace("pipeline@", "reader@")


@contextmanager
def served(store: Feast, reader: str) -> Iterator[str]:
    """The address of Feast's server."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {"FEATURES_HOME": str(store.folder / "serving" if reader else store.folder)}
    settings |= {"FEATURES_DATABASE_URL": reader} if reader else {}
    command = [store.python, "-m", "steps.featurestore.serve", "--project", "openaq", "--port", str(port)]
    server = subprocess.Popen(command, env=os.environ | settings, cwd=ROOT)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with contextlib.suppress(requests.ConnectionError):
            if done():
                return
        time.sleep(0.2)
    pytest.fail("it did not come in two minutes")


def value_of(location: int, target_at: datetime) -> float:
    c = predictions.c
    with begin() as connection:
        return connection.execute(
            sa.select(c.value).where(c.location == location, c.target_at == target_at)
        ).scalar_one()
