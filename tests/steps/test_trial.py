"""Trials run on any worker, once each, and a kill changes nothing."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from steps.backends import objects
from steps.errors import CheckFailed
from steps.learning import lake, trials
from steps.summaries.decision import Trial
from tests import ROOT
from tests.steps.support.killing import proxied
from tests.steps.support.learned import DECLARATION, Learner, fill
from tests.steps.support.synthetic import LEARNING

FAMILIES = {family.name: family.trials for family in LEARNING.families}


@pytest.fixture
def learner(store_environment: dict[str, str], database_environment: str, tmp_path: Path) -> Learner:
    fill()
    learner = Learner(tmp_path)
    assert learner.snapshot().code == 0
    return learner


def results(learner: Learner) -> list[Trial]:
    return lake.results(objects.lake(), "openaq", LEARNING, learner.fingerprint())


def done(learner: Learner, family: str) -> list[int]:
    bucket, fingerprint = objects.lake(), learner.fingerprint()
    drawn = lake.trials(bucket, "openaq", fingerprint)[family]
    return [number for number, one in enumerate(drawn) if lake.recall(bucket, fingerprint, family, number, one)]


@pytest.mark.soak
def test_workers_share_the_list_and_leave_nothing_out(learner: Learner) -> None:
    with pytest.raises(CheckFailed, match="20 of 20 trials of dataset"):
        results(learner)
    for worker in range(3):
        assert learner.trial("linear", worker, "[0,1,2]").code == 0
        assert done(learner, "linear") == sorted(n for n in range(12) if n % 3 <= worker)
    with pytest.raises(CheckFailed, match=r"8 of 20 trials .* \(lightgbm 0, lightgbm 1"):
        results(learner)
    assert learner.trial("lightgbm").code == 0
    found = results(learner)
    assert [(one.family, one.number) for one in found] == [
        (name, n) for name, count in FAMILIES.items() for n in range(count)
    ]


def test_what_is_in_the_lake_is_what_the_trial_gives(learner: Learner) -> None:
    learner.trial("linear")
    dataset = lake.load(objects.lake(), "openaq", learner.fingerprint())
    drawn = lake.trials(objects.lake(), "openaq", learner.fingerprint())["linear"]
    for number in (0, 7):
        stored = lake.recall(objects.lake(), dataset.fingerprint, "linear", number, drawn[number])
        again = trials.evaluate(dataset, LEARNING, "linear", number, drawn[number])
        assert stored is not None
        assert stored.model_copy(update={"seconds": 0}) == again.model_copy(update={"seconds": 0})


def test_a_second_run_finds_all_done_and_does_not_read_the_rows(learner: Learner) -> None:
    learner.trial("linear")
    before = {one.key: one.etag for one in objects.lake().list("cache/")}
    objects.lake().delete(f"openaq/datasets/{learner.fingerprint()}/dataset.parquet")
    ended = learner.trial("linear")
    assert ended.code == 0, ended.log
    assert "0 of 12 trials to run, 12 have a result" in ended.log
    assert {one.key: one.etag for one in objects.lake().list("cache/")} == before


def test_a_killed_worker_is_taken_up_where_it_was(learner: Learner, store_environment: dict[str, str]) -> None:
    # the list, 4 results that are not there, the dataset's two objects, and the first result; the second never arrives
    with proxied(store_environment["AWS_ENDPOINT_URL_S3"], last=1 + 4 + 2 + 2) as proxy:
        words = ["--dataset", learner.fingerprint(), "--family", "lightgbm", "--worker", "1", "--workers", "[0,1]"]
        child = subprocess.Popen(
            [sys.executable, "-m", "steps.trial", "--declaration", DECLARATION, *words],
            cwd=ROOT,
            env={**os.environ, **store_environment, "AWS_ENDPOINT_URL_S3": proxy.address},
            stderr=subprocess.DEVNULL,
        )
        assert proxy.reached.wait(60)
        child.send_signal(signal.SIGKILL)
        assert child.wait(10) == -signal.SIGKILL
    assert done(learner, "lightgbm") == [1]
    ended = learner.trial("lightgbm", 1, "[0,1]")
    assert "3 of 4 trials to run, 1 have a result" in ended.log
    assert done(learner, "lightgbm") == [1, 3, 5, 7]
    dataset = lake.load(objects.lake(), "openaq", learner.fingerprint())
    drawn = lake.trials(objects.lake(), "openaq", learner.fingerprint())["lightgbm"]
    for number in (1, 3):  # before the kill, and cut off by it
        stored = lake.recall(objects.lake(), dataset.fingerprint, "lightgbm", number, drawn[number])
        assert stored is not None
        again = trials.evaluate(dataset, LEARNING, "lightgbm", number, drawn[number])
        assert (stored.mean, stored.folds) == (again.mean, again.folds)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"family": "forest"}, "no model family 'forest'; the project has linear, lightgbm"),
        ({"family": "linear", "worker": 2, "workers": "[0,1]"}, "--worker 2 is none of the 2 in --workers"),
        ({"family": "linear", "workers": "two"}, "--workers 'two' is not a JSON list; wanted one like [0,1]"),
        ({"family": "linear", "workers": "3"}, "--workers '3' is not a JSON list; wanted one like [0,1]"),
        ({"family": "linear", "dataset": "../x"}, "--dataset '../x' is not a fingerprint"),
    ],
)
def test_a_wrong_option_is_one_line(
    store_environment: dict[str, str], tmp_path: Path, options: dict[str, object], told: str
) -> None:
    ended = Learner(tmp_path).trial(**{"dataset": "0" * 32, **options})  # type: ignore[arg-type]
    assert ended.code == 2
    assert told in ended.error


def test_a_dataset_that_is_gone_is_one_line(store_environment: dict[str, str], tmp_path: Path) -> None:
    ended = Learner(tmp_path).trial("linear", dataset="0" * 32)
    assert ended.code == 3
    assert "run the training's snapshot again" in ended.error


def test_a_result_is_plain_json(learner: Learner) -> None:
    learner.trial("linear", 0, json.dumps(list(range(12))))
    (one,) = [json.loads(objects.lake().get(one.key) or b"") for one in objects.lake().list("cache/")]
    assert set(one) == {"mean", "folds", "seconds"}
    assert len(one["folds"]) == LEARNING.folds
