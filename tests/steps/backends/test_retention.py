"""What may go of the store, and what never does, on a real store."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from steps.backends import catalog, challengers, datasets, objects, promotions, retention
from steps.backends.catalog import Accepted
from steps.backends.database import begin
from steps.backends.datasets import RawFile

pytestmark = pytest.mark.usefixtures("store_environment", "database_environment")

HOUR = timedelta(hours=1)
LIVE, FORMER, REFUSED, TRIAL, WITHDRAWN, OPEN, NEWEST = (letter * 32 for letter in "fedcba0")


def decide(fingerprint: str, version: int | None, *, settled: bool = True) -> int:
    with begin() as connection:
        number = promotions.reserve(connection, "openaq", fingerprint, "no2").decision
        if settled:
            uri = f"s3://{objects.artifacts().name}/mlflow/m{version}/artifacts/data/model"
            told: dict[str, Any] = {"words": "", "scores": [], "recipe": {}, "promoted": bool(version)}
            told |= {"version": version, "model_uri": uri, "digest": "d"} if version else {}
            promotions.settle(connection, "openaq", number, **told)
    return number


def release(number: int) -> None:
    with begin() as connection:
        assert promotions.admit(connection, "openaq", number)
        promotions.verified(connection, "openaq", number, "http://server")
        promotions.go_live(connection, "openaq", number)


def put_on_trial(number: int) -> None:
    with begin() as connection:
        assert challengers.admit(
            connection, promotions.get(connection, "openaq", number), how="shadow", share=0, days=9
        )


@pytest.fixture
def world() -> None:
    """A live and a former model, a challenger on trial and one that was withdrawn, a decision that kept the champion
    and one that is under way; and the dataset and the model of each."""
    release(decide(FORMER, 1))
    release(decide(LIVE, 2))
    decide(REFUSED, None)
    put_on_trial(decide(WITHDRAWN, 3))
    put_on_trial(decide(TRIAL, 4))  # in the place of the one before
    decide(OPEN, None, settled=False)
    for name in (LIVE, FORMER, REFUSED, TRIAL, WITHDRAWN, OPEN, NEWEST):
        for file in ("dataset.parquet", "trials.json", "dataset.json"):
            objects.lake().put(f"openaq/datasets/{name}/{file}", b"x")
    for version in (1, 2, 3, 4):
        for file in ("MLmodel", "data/model/model.txt"):
            objects.artifacts().put(f"mlflow/m{version}/artifacts/{file}", b"x")
        objects.artifacts().put(f"openaq/models/{version}/model.pkl", b"x")


def going(hours: int = 1) -> dict[str, list[list[str]]]:
    """What may go that was written until so many hours from now."""
    found = retention.found(["openaq", "wine"], datetime.now(UTC) + hours * HOUR)
    return {kind.what: [[each.key for each in one.objects] for one in kind.sets] for kind in found}


def test_what_a_model_needs_that_is_or_may_be_live_stays(world: None) -> None:
    found = going()
    assert {keys[0].split("/")[2] for keys in found["datasets"]} == {REFUSED, WITHDRAWN}
    assert all(keys[0].endswith("/dataset.json") and len(keys) == 3 for keys in found["datasets"])
    models = [f"mlflow/m3/artifacts/{file}" for file in ("MLmodel", "data/model/model.txt")]
    assert found["models"] == [[*models, "openaq/models/3/model.pkl"]]


def test_nothing_young_goes(world: None) -> None:
    assert going(hours=-1) == {}


def test_superseded_raw_files_go_and_those_that_a_kept_dataset_names_stay(world: None) -> None:
    day = datetime(2003, 1, 1, tzinfo=UTC)
    keys = [f"openaq/raw/location=7/day=2003-01-01/{etag}.csv.gz" for etag in ("first", "learned", "present")]
    for key in keys:
        objects.lake().put(key, b"x")
    datasets.put_files(objects.lake(), "openaq", LIVE, [RawFile(7, "2003-01-01", "learned", "p", keys[1])])
    catalog.record("openaq", [Accepted(7, day.date(), "present", keys[2], 24, day, day + HOUR)], [], at=day)
    assert going()["raw files"] == [[keys[0]]]


def test_rows_of_the_history_never_go_and_of_what_was_made_of_them_the_newest_stays() -> None:
    lake = objects.lake()
    for key in ("rows/a", "upto/b", "upto/a"):
        lake.put(f"wine/history/{key}.parquet", b"x")
    for folder in ("n1/report/000", "n0/report/000"):
        objects.artifacts().put(f"notebooks/wine/{folder}/notebook.html", b"x")
        objects.artifacts().put(f"notebooks/wine/{folder}/delivered.json", b"x")
    lake.put("cache/k/done.json", b"x")
    found = going()
    assert found["histories so far"] == [["wine/history/upto/b.parquet"]]
    assert found["results of trials, answers of the API"] == [["cache/k/done.json"]]
    assert found["runs of notebooks"] == [
        [f"notebooks/wine/n1/report/000/{name}" for name in ("delivered.json", "notebook.html")]
    ]


class _Killed(BaseException):
    pass


@contextmanager
def killed_after(deletions: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    left, real = [deletions], objects.Bucket.delete

    def delete(self: objects.Bucket, key: str, *, version_id: str = "") -> None:
        if not left[0]:
            raise _Killed
        left[0] -= 1
        real(self, key, version_id=version_id)

    with monkeypatch.context() as patch, pytest.raises(_Killed):
        patch.setattr(objects.Bucket, "delete", delete)
        yield


def datasets_gone() -> None:
    for kind in retention.found(["openaq"], datetime.now(UTC) + HOUR):
        for one in kind.sets if kind.what == "datasets" else ():
            retention.remove(one)


@pytest.mark.parametrize("deletions", range(5))
def test_killed_anywhere_nothing_is_half_there_and_the_next_time_does_the_rest(
    world: None, deletions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed_after(deletions, monkeypatch):
        datasets_gone()
    for name in (REFUSED, WITHDRAWN):
        left = [one.key for one in objects.lake().list(f"openaq/datasets/{name}/")]
        assert len(left) == 3 or f"openaq/datasets/{name}/dataset.json" not in left
    datasets_gone()
    there = {one.key.split("/")[2] for one in objects.lake().list("openaq/datasets/")}
    assert there == {LIVE, FORMER, TRIAL, OPEN, NEWEST}
