"""A deployed product on kubectl's current context (`make deploy` first), and what the same work gives on this machine.

With BARE=1 the cluster has Argo's controllers and nothing of our charts' values for them, and no Seldon: the controller
is set up, and a stand-in serves.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.cluster.kube import Cluster
from tests.e2e import controller, seldon
from tests.e2e.local import Local
from tests.e2e.remote import Remote

NAMESPACE = os.environ.get("NAMESPACE") or "mlops"


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    if os.environ.get("BARE"):
        controller.set_up(NAMESPACE)
        seldon.install()
    return Cluster(NAMESPACE)


@pytest.fixture(scope="module")
def remote(cluster: Cluster) -> Iterator[Remote]:
    """The platform's store and database, as an administrator sees them from here."""
    with Remote.entered(cluster) as entered:
        yield entered


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """`make run` on this machine, from nothing."""
    home = tmp_path_factory.mktemp("home") / "state"
    environment = {**os.environ, "PIPELINE_HOME": str(home)}
    pipeline = [sys.executable, "-m", "pipeline"]
    try:
        done = subprocess.run([*pipeline, "quickstart"], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        yield Local(Path(home))
    finally:
        subprocess.run([*pipeline, "down"], env=environment, capture_output=True, check=False)
