"""What must be served is what the decisions say, except while a release is going on."""

from pathlib import Path

import pytest

from pipeline import engine
from pipeline.laptop import champions
from pipeline.laptop.machine import LocalMachine
from steps.backends import challengers, promotions
from steps.backends.database import begin

WORKFLOW = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w}
spec:
  entrypoint: main
  templates: [{name: main, container: {image: debian:bookworm-slim, command: ['true']}}]
"""


@pytest.fixture
def machine(tmp_path: Path, database_environment: str) -> LocalMachine:
    """A machine where nothing runs, on which version 1 of a project was released."""
    machine = LocalMachine(tmp_path / "state")
    decide("a", 1)
    with begin() as connection:
        promotions.admit(connection, "openaq", 1)
        promotions.verified(connection, "openaq", 1, "http://127.0.0.1:1")
        promotions.go_live(connection, "openaq", 1)
    return machine


def decide(fingerprint: str, version: int, run: str = "earlier") -> None:
    model = {"version": version, "model_uri": f"s3://artifacts/{version}", "digest": f"{version}" * 32}
    with begin() as connection:
        number = promotions.reserve(connection, "openaq", fingerprint, "no2").decision
        promotions.settle(connection, "openaq", number, promoted=True, words="", scores=[], recipe={}, run=run, **model)  # type: ignore[arg-type]


def submitted(machine: LocalMachine, folder: Path) -> str:
    file = folder / "w.yaml"
    file.write_text(WORKFLOW)
    return engine.submit(machine.journal, engine.load(file), "w", {})


def words(machine: LocalMachine) -> str:
    [each] = champions.served(machine.stack, machine.journal)
    assert not each.right
    return each.words


def test_it_is_said_what_must_be_live_and_is_not(machine: LocalMachine) -> None:
    assert words(machine) == "version 1 (decision 1) must be live, but no server answers; run: pipeline up"


def test_a_release_that_is_going_on_is_left_alone(machine: LocalMachine, tmp_path: Path) -> None:
    run = submitted(machine, tmp_path)
    decide("b", 2, run)
    with begin() as connection:
        promotions.admit(connection, "openaq", 2)
    assert f"no server answers: {run} is releasing another" in words(machine)
    assert champions.serve(machine.stack, machine.journal) == []
    assert machine.stack.applied("openaq") is None, "nothing is deployed against it"


def test_a_release_whose_run_is_over_or_unknown_is_no_longer_going_on(machine: LocalMachine) -> None:
    decide("b", 2, "long-gone")
    with begin() as connection:
        promotions.admit(connection, "openaq", 2)
    assert "must be live" in words(machine)


def test_without_a_decision_nothing_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/none.db")
    machine = LocalMachine(tmp_path / "state")
    assert machine.served() == []
    assert machine.serve() == []
    assert not (tmp_path / "none.db").exists(), "looking makes nothing"
    assert not machine.home.exists()


def test_what_is_put_back_after_a_reboot_has_the_challenger_that_is_on_trial(machine: LocalMachine) -> None:
    decide("b", 2)
    with begin() as connection:
        assert challengers.admit(connection, promotions.get(connection, "openaq", 2), how="canary", share=0.2, days=60)
        trial = challengers.on_trial(connection, "openaq")
        assert trial is not None
        challengers.begun(connection, trial)
    [each] = champions.served(machine.stack, machine.journal)
    predictors = champions._manifest(each)["spec"]["predictors"]
    assert [(one["name"], one["traffic"]) for one in predictors] == [("default", 80), ("challenger", 20)]
