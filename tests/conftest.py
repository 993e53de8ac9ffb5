"""Real servers for every test that needs one: started once for a worker, on free ports, in a temporary folder.

A test gets buckets, a database and experiments of its own, so tests do not see each other's.
"""

import os
import signal
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from pipeline.stack import Stack
from pipeline.stack.object_store import connect, make_bucket
from tests.postgres import running as running_postgres

settings.register_profile("untimed", deadline=None)  # no test asserts a time
settings.load_profile("untimed")

# What tests start takes Ctrl-C also where the tests were started in the background, which would make them deaf to it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True)
class RunningStore:
    """The session's object store: where it is, and the settings that open it (AWS_… variables)."""

    address: str
    settings: dict[str, str]


SLOW_FILES = {
    "test_arrivals.py",
    "test_decide.py",
    "test_installed.py",
    "test_oracle.py",
    "test_prepare.py",
    "test_processes.py",
    "test_publish.py",
    "test_quickstart.py",
    "test_schedules.py",
    "test_stale.py",
    "test_uploads.py",
    "test_verify.py",
}


TRACKING = {  # What asks the one MLflow server: by one worker, since each would spend ten seconds on starting its own
    "tests/stack/test_tracking_server.py",
    "tests/steps/backends/test_tracking.py",
    "tests/steps/test_decide.py",
    "tests/steps/test_follow.py",
    "tests/steps/test_verify.py",
}


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """As `--dist loadfile`, where a file's tests are one worker's; and so are those of the files in TRACKING."""
    if config.getoption("dist") != "loadfile":
        return None
    scheduling = LoadFileScheduling(config, log)
    scheduling._split_scope = lambda nodeid: "tracking" if (file := nodeid.split("::")[0]) in TRACKING else file
    return scheduling


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow files first, so that no worker is left with one at the end."""
    items.sort(key=lambda item: item.path.name not in SLOW_FILES)


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """What a command puts into its process's environment is gone after the test."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The session's stack; whatever a test starts in it is ended with the session."""
    stack = Stack(tmp_path_factory.mktemp("servers"))
    yield stack
    stack.stop()


@pytest.fixture(scope="session")
def object_store(servers: Stack) -> RunningStore:
    """A JuiceFS gateway with the buckets inbox, lake and artifacts."""
    return RunningStore(servers.ensure("object-store"), servers.settings("secret", "object-store"))


@pytest.fixture
def store_environment(object_store: RunningStore, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """AWS_… in the environment, LAKE_BUCKET and ARTIFACTS_BUCKET naming two new and empty buckets."""
    unique = uuid.uuid4().hex[:12]
    settings = {**object_store.settings, "LAKE_BUCKET": f"lake-{unique}", "ARTIFACTS_BUCKET": f"artifacts-{unique}"}
    client = connect(object_store.settings)
    make_bucket(client, settings["LAKE_BUCKET"])
    make_bucket(client, settings["ARTIFACTS_BUCKET"])
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return settings


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server's address (`postgresql+psycopg2://…/`, without a database)."""
    with running_postgres() as address:
        yield address


@pytest.fixture
def database_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """DATABASE_URL in the environment, naming a SQLite file that is not there yet; the URL."""
    url = f"sqlite:///{tmp_path}/pipeline.db"
    monkeypatch.setenv("DATABASE_URL", url)
    return url


@pytest.fixture(scope="session")
def tracking_server(servers: Stack) -> str:
    """An MLflow server that keeps its artifacts in the session's object store; its URL."""
    return servers.ensure("tracking")


@pytest.fixture
def tracking_environment(
    tracking_server: str, store_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> str:
    """MLFLOW_TRACKING_URI in the environment, and everything that `store_environment` sets; the URL."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking_server)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    return tracking_server
