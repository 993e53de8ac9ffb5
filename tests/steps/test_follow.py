"""After a release that did not succeed: what is put back, in each state that it can be left in."""

import json
from pathlib import Path

import pytest

from steps import follow
from steps.backends import promotions
from steps.backends.database import begin
from steps.backends.tracking import Tracking
from tests.steps.support.invoking import run_step
from tests.steps.support.released import DECLARATION, URL, decide, decision, live, release, run
from tests.steps.support.rendered import artifact

pytestmark = pytest.mark.usefixtures("database_environment")


def put_back(folder: Path) -> int | None:
    """The version that is put back, or None where nothing is."""
    run(
        follow,
        "--run",
        "openaq-train-1",
        "--deployment",
        artifact("openaq-train", "follow", "deployment", folder),
        "--image",
        "pipeline-serve:1",
        "--manifest-out",
        folder / "m",
        "--needed-out",
        folder / "n",
    )
    manifest = json.loads((folder / "m").read_text())
    assert (folder / "n").read_text() == ("true" if manifest else "false")
    return int(manifest["metadata"]["annotations"]["learning-pipelines/version"]) if manifest else None


def admit(number: int) -> int:
    with begin() as connection:
        assert promotions.admit(connection, "openaq", number)
    return number


def verified(number: int) -> int:
    with begin() as connection:
        promotions.verified(connection, "openaq", number, URL)
    return number


def test_before_anything_was_released_nothing_is_put_back(tmp_path: Path) -> None:
    assert put_back(tmp_path) is None
    decide("a", 1)
    assert put_back(tmp_path) is None


def test_a_workflow_that_failed_before_its_release_changes_nothing(tmp_path: Path) -> None:
    release(decide("a", 1))
    decide("b", 2)
    assert put_back(tmp_path) is None


def test_a_release_that_failed_is_undone(tmp_path: Path) -> None:
    release(decide("a", 1))
    failed = admit(decide("b", 2))
    assert put_back(tmp_path) == 1
    assert decision(failed).ended == "its release did not succeed"
    assert live() == (1, 1)
    assert put_back(tmp_path) == 1, "putting back again is safe"


def test_what_is_put_back_says_its_decision_and_dataset(tmp_path: Path) -> None:
    release(decide("a", 1))
    admit(decide("b", 2))
    assert put_back(tmp_path) == 1
    manifest = (tmp_path / "m").read_text()
    assert '{"name": "MODEL_DECISION", "value": "1"}' in manifest
    assert '{"name": "MODEL_DATASET", "value": "a"}' in manifest


def test_a_first_release_that_failed_leaves_nothing_to_put_back(tmp_path: Path) -> None:
    admit(decide("a", 1))
    assert put_back(tmp_path) is None


def test_the_live_model_is_put_back_when_deploying_it_again_failed(tmp_path: Path) -> None:
    release(decide("a", 1))
    admit(1)
    assert put_back(tmp_path) == 1
    assert live() == (1, 1)


def test_a_failed_rollback_puts_back_what_it_would_have_replaced(tmp_path: Path) -> None:
    release(decide("a", 1))
    release(decide("b", 2))
    with begin() as connection:
        back = promotions.roll_back(connection, "openaq").decision
    admit(back)
    assert put_back(tmp_path) == 2


def test_a_crash_after_the_alias_moved_is_finished(tmp_path: Path, registry: Tracking) -> None:
    release(decide("a", 1))
    number = verified(admit(decide("b", 2)))
    registry.move_alias(2)
    assert put_back(tmp_path) is None
    assert live() == (number, 2)


def test_a_crash_before_the_alias_moved_is_undone(tmp_path: Path, registry: Tracking) -> None:
    release(decide("a", 1))
    registry.move_alias(1)
    verified(admit(decide("b", 2)))
    assert put_back(tmp_path) == 1
    assert live() == (1, 1)


def test_while_the_alias_cannot_be_read_nothing_is_decided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release(decide("a", 1))
    number = verified(admit(decide("b", 2)))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    ended = run_step(
        follow.command,
        declaration=DECLARATION,
        run="r",
        image="i:1",
        deployment=artifact("openaq-train", "follow", "deployment", tmp_path),
        manifest_out=tmp_path / "m",
        needed_out=tmp_path / "n",
    )
    assert ended.code == 1
    assert ended.log.startswith("error: the tracking server at http://127.0.0.1:1 did not read the alias: ")
    assert ended.log.count("\n") == 1
    assert decision(number).ended is None
    assert not (tmp_path / "n").exists()
