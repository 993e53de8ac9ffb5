"""The journal's file from one version to the next, and what a run is submitted with."""

import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline import engine
from pipeline.errors import PipelineError, UserError
from tests.engine.laboratory import Laboratory, container, log_of

FIRST_VERSION = """
CREATE TABLE runs (
    id TEXT PRIMARY KEY, uid TEXT NOT NULL, workflow TEXT NOT NULL, parameters TEXT NOT NULL, manifests TEXT NOT NULL,
    created_at REAL NOT NULL, started_at REAL, finished_at REAL, phase TEXT NOT NULL, message TEXT NOT NULL,
    owner_pid INTEGER, owner_started REAL, home TEXT, requested TEXT, tree TEXT
);
CREATE TABLE events (
    run TEXT NOT NULL, number INTEGER NOT NULL, at REAL NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (run, number)
) WITHOUT ROWID;
CREATE TABLE processes (
    run TEXT NOT NULL, node TEXT NOT NULL, pid INTEGER NOT NULL, started REAL NOT NULL, PRIMARY KEY (run, node)
) WITHOUT ROWID;
CREATE TABLE mutexes (name TEXT PRIMARY KEY, run TEXT NOT NULL, node TEXT NOT NULL) WITHOUT ROWID;
PRAGMA user_version = 1;
"""


def of_the_first_version(path: Path, lab: Laboratory) -> str:
    """A journal as the first version wrote it, with a run that has not begun."""
    manifests = lab.load(container("echo {{workflow.scheduledTime}}"))
    database = sqlite3.connect(path)
    database.executescript(FIRST_VERSION)
    database.execute(
        "INSERT INTO runs (id, uid, workflow, parameters, manifests, created_at, phase, message) "
        "VALUES ('w-older', 'u', 'w', '{}', ?, 1000000.0, 'Pending', '')",
        (manifests.snapshot("w"),),
    )
    database.commit()
    database.close()
    return "w-older"


def test_a_journal_of_the_first_version_goes_on(lab: Laboratory, tmp_path: Path) -> None:
    run = of_the_first_version(tmp_path / "old.db", lab)
    lab.journal = engine.Journal(tmp_path / "old.db")
    view = lab.execute(run)
    assert (view.phase, log_of(view)) == ("Succeeded", "{{workflow.scheduledTime}}\n")
    assert [each.id for each in engine.all_runs(engine.Journal(tmp_path / "old.db"))] == [run]


def test_a_journal_can_be_made_and_brought_up_to_date_by_several_at_once(lab: Laboratory, tmp_path: Path) -> None:
    of_the_first_version(tmp_path / "old.db", lab)
    paths = [tmp_path / name for name in ("old.db", "new.db") for _ in range(8)]
    with ThreadPoolExecutor(16) as pool:
        journals = list(pool.map(engine.Journal, paths))
    assert [len(engine.all_runs(journal)) for journal in journals] == [1] * 8 + [0] * 8


def test_a_run_knows_the_time_it_was_scheduled_for_also_when_it_is_resumed(lab: Laboratory) -> None:
    manifests = lab.load(container("echo {{workflow.scheduledTime}}"))
    run = engine.submit(lab.journal, manifests, "w", {}, run_id="w-1089838800", scheduled_at=1_089_838_800.0)
    assert run == "w-1089838800"
    lab.journal = engine.Journal(lab.journal.path)
    assert log_of(lab.execute(run)) == "2004-07-14T21:00:00Z\n"


def test_a_name_is_given_to_one_run_only(lab: Laboratory) -> None:
    manifests = lab.load(container("true"))
    first = engine.submit(lab.journal, manifests, "w", {}, run_id="w-1")
    with pytest.raises(UserError, match="there is a run w-1 already; give the new one another name"):
        engine.submit(lab.journal, manifests, "w", {}, run_id="w-1")
    assert [each.id for each in engine.all_runs(lab.journal)] == [first]


def test_it_says_how_runs_stand_and_which_are_being_executed(lab: Laboratory) -> None:
    manifests = lab.load(container("true"))
    ended, owned, waiting = (engine.submit(lab.journal, manifests, "w", {}) for _ in range(3))
    lab.execute(ended)
    lab.journal.take(owned, lab.home)
    found = lab.journal.standing([ended, owned, waiting, "no-such-run"])
    assert {run: (each.phase, each.finished_at is not None, each.pid) for run, each in found.items()} == {
        ended: ("Succeeded", True, None),
        owned: ("Pending", False, os.getpid()),
        waiting: ("Pending", False, None),
    }
    assert [each.run for each in lab.journal.executing()] == [owned]
    lab.journal.leave(owned)
    assert lab.journal.executing() == []


def test_a_file_that_is_no_database_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"no database, but long enough to be looked at" * 100)
    with pytest.raises(PipelineError, match=r"journal\.db cannot be used: file is not a database"):
        engine.Journal(path)
