"""prepare killed with -9 at any request to the store, and run again, ends where an undisturbed run does."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline.stack.object_store import connect, make_bucket
from steps.archive import layout
from steps.backends import catalog
from tests.steps.support.collecting import CREATED, Collector, features, keys
from tests.steps.support.killing import prepare_and_die, proxied
from tests.steps.support.openaq import FIRST, Seeded, put, setting

SEEDED = Seeded(days=4)
SETTINGS = ("AWS_ENDPOINT_URL_S3", "LAKE_BUCKET", "DATABASE_URL")


@dataclass
class Result:
    """All that a run leaves behind."""

    accepted: list[catalog.Accepted]
    objects: set[str]
    reasons: Any
    features: dict[str, pd.DataFrame]

    @staticmethod
    def now(collector: Collector) -> "Result":
        kept = {key for kind in ("raw", "quarantine") for key in keys(f"openaq/{kind}/")}
        return Result(catalog.accepted("openaq", [101, 102]), kept, collector.refused(), features())


@pytest.fixture
def collector(tmp_path: Path) -> Collector:
    archive = SEEDED.write(tmp_path / "archive")
    put(archive, layout.path(101, FIRST), SEEDED.body(101, FIRST, setting("no2", units="furlongs")))
    return Collector(tmp_path, archive, SEEDED)


class Worlds:
    """Empty lakes and databases, one after the other."""

    def __init__(self, settings: dict[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._settings, self._folder, self._patch = settings, folder, monkeypatch
        self._count = 0

    def enter(self) -> None:
        self._count += 1
        bucket = f"{self._settings['LAKE_BUCKET']}-{self._count}"
        make_bucket(connect(self._settings), bucket)
        self._patch.setenv("LAKE_BUCKET", bucket)
        self._patch.setenv("DATABASE_URL", f"sqlite:///{self._folder}/{self._count}.db")


@pytest.fixture
def worlds(store_environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Worlds:
    return Worlds(store_environment, tmp_path, monkeypatch)


def undisturbed(collector: Collector, worlds: Worlds, monkeypatch: pytest.MonkeyPatch) -> tuple[Result, int]:
    """What a run leaves that nobody kills, and how many requests to the store it takes."""
    worlds.enter()
    collector.plan()
    collector.fetch()
    store = os.environ["AWS_ENDPOINT_URL_S3"]
    with proxied(store) as proxy, monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_S3", proxy.address)
        assert collector.prepare().code == 0
    return Result.now(collector), proxy.requests


def killed(collector: Collector, worlds: Worlds, at: int) -> Result:
    """What is left when it is killed at a request and then run again."""
    worlds.enter()
    collector.plan()
    collector.fetch()
    arguments = ["--declaration", collector.declaration, "--plan", str(collector.plan_file), "--created", CREATED]
    outputs = ["--report-out", f"{collector.folder}/killed.html", "--summary-out", f"{collector.folder}/killed.json"]
    prepare_and_die(os.environ, arguments + outputs, at=at)
    collector.fetch()  # an engine that resumes may run it again; it must not undo anything
    assert collector.prepare().code == 0
    return Result.now(collector)


def expect_same(result: Result, expected: Result) -> None:
    assert result.accepted == expected.accepted
    assert result.objects == expected.objects
    assert result.reasons == expected.reasons
    assert result.features.keys() == expected.features.keys()
    for place, rows in result.features.items():
        pd.testing.assert_frame_equal(rows, expected.features[place])


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_at_every_request(collector: Collector, worlds: Worlds, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, requests = undisturbed(collector, worlds, monkeypatch)
    assert len(expected.accepted) == 7
    assert len(expected.objects) == 9  # raw, and one in quarantine with its reason
    assert len(expected.features) == 2
    for at in range(1, requests + 1):
        expect_same(killed(collector, worlds, at), expected)
