"""How the live models do, in one line each, as the last look left it."""

import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipeline.laptop.machine import LocalMachine
from pipeline.laptop.watched import watched, watched_line, watched_table
from steps.backends.database import begin
from steps.backends.warehouse import skill, watches
from steps.backends.warehouse.skill import Alarm
from steps.backends.warehouse.watches import Watch

NOW = datetime(2003, 6, 1, tzinfo=UTC)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalMachine:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/pipeline.db")
    home = tmp_path / "state"
    home.mkdir()
    return LocalMachine(home)


def looked(project: str, each: str, evidence: float) -> None:
    with begin() as connection:
        watches.record(connection, Watch(project, "no2", 3, NOW, 179, each, evidence))


def alarmed(day: int, number: int, cause: str, training: str | None, outcome: str | None) -> None:
    alarm = Alarm(3, date(2003, 1, 1), "error", 0, number, date(2003, 5, day), cause, "words")
    with begin() as connection:
        skill.raise_alarm(connection, "openaq", "no2", alarm, NOW)
        skill.made_of(connection, "openaq", "no2", alarm, training=training, outcome=outcome)


def test_where_nobody_has_looked_nothing_is_said(machine: LocalMachine) -> None:
    assert watched(machine) == []
    assert watched_line([], "openaq") is None
    assert watched(LocalMachine(machine.home / "none")) == []


def test_each_watch_is_a_line_with_its_last_alarm_and_what_came_of_it(machine: LocalMachine) -> None:
    looked("openaq", "day", 0.5)
    looked("openaq", "day", 0.041)  # the newer look replaces it
    looked("wine", "file", 0.0)
    alarmed(2, 1, "data", None, "No training: the data are to be mended first.")
    alarmed(9, 2, "world", "openaq-train-drift-v3-20030509", None)
    found = watched(machine)
    first, openaq, wine = watched_table(found).splitlines()
    assert first.split("  ")[0] == "WATCHED" and first.endswith("UP TO")
    assert "openaq version 3  179 days" in openaq and "4%" in openaq and "2003-05-09 (world)" in openaq
    assert "training openaq-train-drift-v3-20030509, under way" in openaq
    assert "wine version 3    179 files" in wine and "none" in wine
    assert watched_line(found, "openaq") == (
        "watched: openaq version 3, 179 days up to 2003-06-01 00:00 UTC, evidence of a change 4%; last alarm "
        "2003-05-09 (world): training openaq-train-drift-v3-20030509, under way"
    )
    assert (watched_line(found, "wine") or "").endswith("evidence of a change 0%; no alarm yet")


def test_what_came_of_it_is_text_on_one_line(machine: LocalMachine) -> None:
    looked("openaq", "day", 0.1)
    alarmed(2, 1, "world", "t", "failed: \x1b[31m" + "\n" * 9 + "x" * 500)
    line = watched_table(watched(machine)).splitlines()
    assert len(line) == 2 and "\x1b" not in line[1] and len(line[1]) < 250


def test_asking_needs_no_library_that_is_slow_to_import() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import sys, pipeline.laptop.watched as _; sys.exit('pandas' in sys.modules)"],
        check=False,
    )
    assert done.returncode == 0
