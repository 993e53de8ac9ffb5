"""A machine that is served: `pipeline serve` as a process of its own, in a temporary folder with few manifests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serve.kubernetes_api import FakeApi
from tests.serve.serving import LIBRARY, Served


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for the tests of a module: each makes runs of its own."""
    found = Served(made(tmp_path_factory.mktemp("served")))
    found.start()
    yield found
    found.close()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Served]:
    """A server for one test, not started yet."""
    found = Served(made(tmp_path))
    yield found
    found.close()


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server where the manifests are those that ship."""
    found = Served(tmp_path_factory.mktemp("bare"))
    found.start()
    yield found
    found.close()


@pytest.fixture(scope="module")
def api() -> Iterator[FakeApi]:
    """What stands in for the Kubernetes API."""
    found = FakeApi()
    yield found
    found.server.shutdown()
    found.server.server_close()


def made(folder: Path) -> Path:
    (folder / "manifests").mkdir()
    (folder / "manifests" / "library.yaml").write_text(LIBRARY, encoding="utf-8")
    return folder
