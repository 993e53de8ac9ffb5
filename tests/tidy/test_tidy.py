"""`pipeline gc` as a person types it: it shows, and removes only when told to."""

import os
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.cli.commands import cli
from pipeline.laptop.machine import LocalMachine
from steps.backends import promotions
from steps.backends.database import begin

DAY = 86_400.0


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalMachine:
    """A machine with state, on which nothing has run."""
    monkeypatch.setenv("PIPELINE_HOME", str(tmp_path / "state"))
    (tmp_path / "state").mkdir()
    return LocalMachine(tmp_path / "state")


def ran(machine: LocalMachine, run: str, days: int, *, over: bool = True, workflow: str = "w") -> None:
    """A run that began, and ended, so many days ago."""
    at = time.time() - days * DAY
    machine.journal.add(run, uid=run, workflow=workflow, parameters={}, manifests="", created_at=at)
    with machine.journal.database.transaction() as connection:
        phase = "Succeeded" if over else "Running"
        values = (at, at if over else None, phase, run)
        connection.execute("UPDATE runs SET started_at = ?, finished_at = ?, phase = ? WHERE id = ?", values)
    log = machine.home / "runs" / run / "node" / "stdout.log"
    log.parent.mkdir(parents=True)
    log.write_text("x" * 1500)


def gc(*arguments: str) -> tuple[int, str]:
    answer = CliRunner().invoke(cli, ["gc", *arguments])
    return answer.exit_code, str(answer.exception) if answer.exception else answer.output


def left(machine: LocalMachine) -> set[str]:
    known = {run.id for run in machine.runs()}
    assert known == {folder.name for folder in (machine.home / "runs").iterdir()}
    return known


def test_it_shows_what_may_go_and_removes_it_only_when_told_to(machine: LocalMachine) -> None:
    ran(machine, "w-old", 40)
    ran(machine, "w-older", 50)
    ran(machine, "w-young", 29)
    ran(machine, "other-newest", 60, workflow="other")
    code, said = gc()
    assert code == 0
    assert "runs and their logs  2         3 kB" in said
    assert said.endswith("3 kB in all; nothing was removed: pipeline gc --yes\n")
    assert len(left(machine)) == 4

    assert gc("--yes")[1].endswith("3 kB are free again\n")
    assert left(machine) == {"w-young", "other-newest"}
    assert gc()[1] == "nothing may go that is older than 30 days\n"


def test_the_run_that_decided_about_a_live_model_stays(machine: LocalMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    database = machine.home / "pipeline.db"
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{database}")
    monkeypatch.setattr("pipeline.tidy.retention.found", lambda projects, before: [])
    monkeypatch.setattr(LocalMachine, "use", lambda self, *names: None)
    with begin() as connection:
        number = promotions.reserve(connection, "wine", "a" * 32, "quality").decision
        told = {"version": 1, "model_uri": "s3://a/b", "digest": "d", "words": "", "scores": [], "recipe": {}}
        promotions.settle(connection, "wine", number, promoted=True, run="w-decided", **told)  # type: ignore[arg-type]
        promotions.admit(connection, "wine", number)
        promotions.verified(connection, "wine", number, "http://server")
        promotions.go_live(connection, "wine", number)
    for run, days in (("w-decided", 50), ("w-other", 50), ("w-new", 1)):
        ran(machine, run, days)
    assert gc("--yes")[0] == 0
    assert left(machine) == {"w-decided", "w-new"}


def test_while_a_run_is_not_over_nothing_goes(machine: LocalMachine) -> None:
    ran(machine, "w-old", 40)
    ran(machine, "w-open", 35, over=False)
    code, said = gc("--yes")
    assert code != 0
    assert said == "w-open is not over, and may need what would go; wait, or: pipeline run --resume w-open"
    assert left(machine) == {"w-old", "w-open"}


def test_what_a_kill_left_goes_the_next_time(machine: LocalMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    ran(machine, "w-old", 40)
    ran(machine, "w-new", 1)
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.tidy.shutil.rmtree", _killed)
        assert gc("--yes")[0] != 0
    assert {run.id for run in machine.runs()} == {"w-new"}
    assert gc("--yes", "--days", "1")[0] == 0
    assert (machine.home / "runs" / "w-old").exists(), "a folder that nobody knows is kept while it is young"
    _aged(machine.home / "runs" / "w-old")
    assert gc("--yes")[0] == 0
    assert left(machine) == {"w-new"}


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def _aged(folder: Path) -> None:
    old = time.time() - 40 * DAY
    os.utime(folder, (old, old))
