"""Another version of a model, as a training that was promoted leaves it; without the training.

`python -m tests.quickstart.second_version`; with `fresh`, as a training leaves it before anything is released. Made by
a process of its own: boto3 keeps the first credentials that a process gives it, and these are of one place.
"""

import os
import subprocess
import sys

import requests

from pipeline.stack import Stack
from steps.backends import modelstore, promotions
from steps.backends.database import begin
from steps.backends.modelstore import KNOWN_ROWS, KnownRows
from steps.backends.objects import artifacts
from tests.quickstart.quickstarting import Place


def settings(place: Place) -> dict[str, str]:
    """What steps get there."""
    stack = Stack(place.home)
    found = {name: stack.settings("secret", name) for name in ("object-store", "database")}
    return {**found["object-store"], **found["database"], **stack.settings("configMap", "tracking")}


def add(place: Place) -> str:
    """The digest of version 2, which decision 2 made and somebody verified: version 1 with one known row less. What is
    live is still version 1."""
    where = {**os.environ, **settings(place), "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run([sys.executable, __file__], env=where, check=True, stdout=subprocess.PIPE, text=True).stdout


def make(*, released: bool = True) -> str:
    """What `add` does, where the environment says."""
    with begin() as connection:
        first = promotions.live(connection, "openaq")
    files = modelstore.fetch(str(first.model_uri), str(first.digest))
    known = modelstore.known_rows(files)
    files[KNOWN_ROWS] = KnownRows(known.features, known.rows[1:], known.answers[1:]).to_bytes()
    for name, body in files.items():
        artifacts().put(f"mlflow/second/{name}", body)
    digest = modelstore.digest(files)
    registered = requests.post(
        f"{os.environ['MLFLOW_TRACKING_URI']}/api/2.0/mlflow/model-versions/create",
        json={"name": "openaq", "source": "s3://artifacts/mlflow/second"},
        timeout=30,
    )
    registered.raise_for_status()
    version = int(registered.json()["model_version"]["version"])
    _promote(first, version, digest, released=released)
    return digest


def _promote(first: promotions.Promotion, version: int, digest: str, *, released: bool) -> None:
    with begin() as connection:
        number = promotions.reserve(connection, "openaq", str(version) * 32, first.parameter).decision
        promotions.settle(
            connection,
            "openaq",
            number,
            promoted=True,
            words="Promoted: it has one known row less.",
            scores=first.scores or [],
            recipe=first.recipe or {},
            version=version,
            model_uri="s3://artifacts/mlflow/second",
            digest=digest,
            run="openaq-train-weekly-1",
            by="schedule",
        )
        if released:
            promotions.admit(connection, "openaq", number)
            promotions.verified(connection, "openaq", number, str(first.url))


if __name__ == "__main__":
    sys.stdout.write(make(released="fresh" not in sys.argv))
