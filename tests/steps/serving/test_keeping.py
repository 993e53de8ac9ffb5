"""What a model server keeps of what it is asked: whole, hostile or not, within bounds, at no answer's cost."""

import os
import signal
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from steps.backends.objects import lake
from steps.monitoring import asked
from steps.monitoring.asked import Asked, Model
from steps.serving.keeping import Keeper
from steps.serving.measures import Measures
from tests.steps.serving.test_measures import ask, told
from tests.steps.support.model_server import Address, awaited, serving
from tests.steps.support.small_model import FEATURES, pack, train, upload

ROW = [9000001.0, 30.0, None, 12.0, 10.0]


def kept() -> list[dict[str, Any]]:
    """All rows that lie in the lake; what is only being written is listed and not yet there."""
    bodies = [lake().get(each.key) for each in lake().list("openaq/requests/")]
    return [row for body in bodies if body is not None for row in pq.read_table(pa.BufferReader(body)).to_pylist()]


def test_what_was_asked_and_answered_is_in_the_lake(server: Address) -> None:
    before = datetime.now(UTC)
    answer = ask(server, ROW, [1.0] * 5, meta={"puid": "../../{{=1+1}}\x00'; drop table"}).json()
    ask(server, ROW, meta={"puid": "half \ud800"})
    ask(server, [5.0] * 5)
    ask(server, ["refused"] * 5)
    ask(server, [6.0] * 5, meta={"tags": {"keep": False}})

    rows = awaited(kept, lambda found: len(found) >= 4)
    assert len(rows) == 4
    hostile = [row for row in rows if row["id"].startswith("..")]
    assert [row["id"] for row in hostile] == ["../../{{=1+1}}\x00'; drop table"] * 2
    assert [[row["answer"]] for row in hostile] == answer["data"]["ndarray"]
    assert [row["row"] for row in hostile] == [0, 1]
    assert list(hostile[0]["features"].values()) == ROW
    assert list(hostile[0]["features"]) == FEATURES
    assert (hostile[0]["version"], hostile[0]["decision"]) == (7, 4)
    assert before <= hostile[0]["time"] <= datetime.now(UTC)
    assert sorted(row["id"] for row in rows if row not in hostile)[1] == "half ?"
    [*_, day, name] = next(iter(lake().list("openaq/requests/"))).key.split("/")
    assert day == f"day={hostile[0]['time']:%F}"
    assert name.endswith(".parquet")


def test_on_sigterm_it_writes_what_it_has(
    store_environment: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_SECONDS", "3600")
    digest = pack(train(), tmp_path / "model")
    with serving(upload(tmp_path / "model", "m"), 7, digest, tmp_path / "log") as server:
        ask(server, ROW)
        assert kept() == []
        os.killpg(server.group, signal.SIGTERM)
        assert len(awaited(kept, bool)) == 1


@pytest.mark.soak  # a whole server; what the thread does is below
def test_with_the_store_away_it_answers_and_counts_what_it_drops(
    store_environment: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_SECONDS", "0.2")
    monkeypatch.setenv("REQUESTS_ROWS", "20")
    monkeypatch.setenv("LAKE_BUCKET", "nowhere")
    digest = pack(train(), tmp_path / "model")
    with serving(upload(tmp_path / "model", "m"), 7, digest, tmp_path / "log") as server:

        def dropped() -> float:
            assert ask(server, *[ROW] * 15).status_code == 200
            dropped = (one for one in told(server) if one.name == "model_dropped_rows_total")
            return sum(one.value for one in dropped if one.labels["reason"] == "store")

        awaited(dropped, lambda found: found >= 30)


class Hanging:
    """A store that does not come back until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls = 0
        self.let_go = threading.Event()
        monkeypatch.setattr(asked, "write", self.write)

    def write(self, *_: object) -> None:
        self.calls += 1
        self.let_go.wait()


def counted(measures: Measures) -> dict[tuple[str, str], float]:
    found: list[dict[str, Any]] = []

    class Told:
        def update(self, custom_metrics: list[dict[str, Any]], method: str) -> None:
            found.extend(custom_metrics)

    measures.tell(Told())
    return {(one["key"], one["tags"].get("reason", "")): one["value"] for one in found}


def test_what_comes_while_the_store_hangs_is_dropped_at_once(
    store_environment: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_SECONDS", "0.1")
    monkeypatch.setenv("REQUESTS_ROWS", "50")
    store, measures = Hanging(monkeypatch), Measures({})
    keeper = Keeper(Model("openaq", 7, 4, ("a",)), measures)
    keeper.start()
    keeper.offer("", np.ones((1, 1)), np.ones(1))
    awaited(lambda: store.calls, bool)
    began = time.perf_counter()
    for _ in range(1_000):
        keeper.offer("", np.ones((1, 1)), np.ones(1))
    assert time.perf_counter() - began < 1
    assert counted(measures) == {("model_dropped_rows", "full"): 950}
    store.let_go.set()  # or its thread would go on into other tests, and write to their store
    keeper.close()


def test_of_a_large_request_the_first_hundred_rows_are_kept(
    store_environment: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    measures = Measures({})
    keeper = Keeper(Model("openaq", 7, 4, ("a",)), measures)
    keeper.offer("", np.ones((10_000, 1)), np.ones(10_000))
    keeper.start()
    keeper.close()
    assert len(kept()) == 100
    assert counted(measures) == {("model_kept_rows", ""): 100}


def test_a_share_is_kept(store_environment: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_SHARE", "0.25")
    keeper = Keeper(Model("openaq", 7, 4, ("a",)), Measures({}))
    for _ in range(400):
        keeper.offer("", np.ones((1, 1)), np.ones(1))
    keeper.start()
    keeper.close()
    assert 50 < len(kept()) < 150


def test_a_batch_over_midnight_lies_in_two_days(store_environment: object) -> None:
    model = Model("openaq", 7, 4, ("a",))
    times = [datetime(2026, 5, 1, 23, 59, 59, tzinfo=UTC), datetime(2026, 5, 2, tzinfo=UTC)]
    asked.write(lake(), model, [Asked("x", at, np.ones((1, 1)), np.ones(1)) for at in times])
    days = [each.key.split("/")[2] for each in lake().list("openaq/requests/")]
    assert days == ["day=2026-05-01", "day=2026-05-02"]


def test_a_store_that_refuses_is_an_error_for_the_thread_alone(
    store_environment: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE_BUCKET", "nowhere")
    measures = Measures({})
    keeper = Keeper(Model("openaq", 7, 4, ("a",)), measures)
    keeper.start()
    keeper.offer("", np.ones((3, 1)), np.ones(3))
    keeper.close()
    assert counted(measures) == {("model_dropped_rows", "store"): 3}
