"""The status of each CronWorkflow, and for each time that was due, the run it was given.

Kept in the journal's file, in tables of its own. The pair (CronWorkflow, scheduled time) is the fence: it is written
before the run is, in one transaction with the time. So a watch that is killed in between has started the run at most
once, and the next watch sees what is left to do. A run's row stays when the run itself is deleted.
"""

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

from pipeline.engine import Journal
from pipeline.engine.execution import Standing
from pipeline.engine.schedule import Cron, Status

_SCHEMA = """
CREATE TABLE IF NOT EXISTS crons (
    name TEXT PRIMARY KEY, last_scheduled INTEGER, timetable TEXT NOT NULL DEFAULT '',
    stopped_by TEXT NOT NULL DEFAULT '', failed INTEGER NOT NULL DEFAULT 0, succeeded INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cron_runs (
    run TEXT PRIMARY KEY, cron TEXT NOT NULL, scheduled_at INTEGER, phase TEXT NOT NULL DEFAULT '', ended_at REAL,
    kept INTEGER NOT NULL DEFAULT 1, UNIQUE (cron, scheduled_at)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS cron_runs_open ON cron_runs (cron) WHERE phase = '';
CREATE INDEX IF NOT EXISTS cron_runs_kept ON cron_runs (cron, ended_at) WHERE kept;
"""
_REMEMBERED_SECONDS = 366 * 86_400  # how long a time is remembered whose run is deleted


@dataclass(frozen=True)
class CronRun:
    """A run whose end is not noted yet. `scheduled_at`: None if a person started it. `standing`: None if it was decided
    on and is not submitted yet."""

    run: str
    cron: str
    scheduled_at: int | None
    standing: Standing | None

    @property
    def pid(self) -> int | None:
        """The living process that executes it."""
        return self.standing.pid if self.standing is not None else None

    @property
    def finished(self) -> bool:
        """Whether it is over."""
        return self.standing is not None and self.standing.finished_at is not None


class CronLog:
    """The log in the journal's file.

    Raises:
        PipelineError: the file cannot be read or written.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._database = journal.database
        self._database.create(_SCHEMA)

    def status(self, cron: Cron, active: tuple[str, ...] = ()) -> Status:
        """What is known of a CronWorkflow. It is stopped only while its stop expression is the one that stopped it."""
        found = self._database.read("SELECT * FROM crons WHERE name = ?", cron.name)
        if not found:
            return Status(active=active)
        row = found[0]
        stopped = cron.stop != "" and row["stopped_by"] == cron.stop
        return Status(row["last_scheduled"], row["timetable"], stopped, row["failed"], row["succeeded"], active)

    def keep(self, cron: Cron, status: Status) -> None:
        """Keep a status, except its active runs."""
        with self._database.transaction() as connection:
            _keep(connection, cron, status)

    def claim(self, cron: Cron, status: Status, run: str, at: int) -> bool:
        """Give the time `at` to `run` and keep the status; False if another run has that time already."""
        with self._database.transaction() as connection:
            new = connection.execute(
                "INSERT OR IGNORE INTO cron_runs (run, cron, scheduled_at) VALUES (?, ?, ?)", (run, cron.name, at)
            )
            if new.rowcount:
                _keep(connection, cron, status)
        return bool(new.rowcount)

    def taken(self, cron: str, at: int) -> bool:
        """Whether a run was given that time."""
        return bool(self._database.read("SELECT 1 FROM cron_runs WHERE cron = ? AND scheduled_at = ?", cron, at))

    def adopt(self, crons: Collection[str]) -> None:
        """Take in the runs of these CronWorkflows that a person started and that are being executed."""
        executing = {each.run: each.workflow for each in self._journal.executing() if each.workflow in crons}
        known = self._database.read(
            "SELECT run FROM cron_runs WHERE run IN (SELECT value FROM json_each(?))", json.dumps(list(executing))
        )
        new = executing.keys() - {row["run"] for row in known}
        if new:
            with self._database.transaction() as connection:
                connection.executemany(
                    "INSERT OR IGNORE INTO cron_runs (run, cron) VALUES (?, ?)", [(run, executing[run]) for run in new]
                )

    def open(self) -> list[CronRun]:
        """The runs whose end is not noted yet, the oldest first."""
        rows = self._database.read("SELECT run, cron, scheduled_at FROM cron_runs WHERE phase = ''")
        standing = self._journal.standing([row["run"] for row in rows])
        found = [CronRun(row["run"], row["cron"], row["scheduled_at"], standing.get(row["run"])) for row in rows]
        return sorted(found, key=lambda each: (_began(each), each.run))

    def end(self, run: str, phase: str, at: float, cron: Cron, status: Status) -> None:
        """Note that a run has ended, together with the CronWorkflow's new status."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE cron_runs SET phase = ?, ended_at = ? WHERE run = ?", (phase, at, run))
            _keep(connection, cron, status)

    def ended(self, cron: str) -> list[tuple[str, str]]:
        """The runs that its schedule started and that are not deleted, with their phase; the last to end is first."""
        rows = self._database.read(
            "SELECT run, phase FROM cron_runs WHERE cron = ? AND kept AND phase <> '' AND scheduled_at NOT NULL "
            "ORDER BY ended_at DESC, run",
            cron,
        )
        return [(row["run"], row["phase"]) for row in rows]

    def deleted(self, run: str, now: float) -> None:
        """Note that a run is no longer in the journal; its time stays taken."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE cron_runs SET kept = 0 WHERE run = ?", (run,))
            connection.execute("DELETE FROM cron_runs WHERE NOT kept AND ended_at < ?", (now - _REMEMBERED_SECONDS,))

    def last(self, cron: str) -> tuple[str, str] | None:
        """The newest run that its schedule started, and its phase."""
        rows = self._database.read(
            "SELECT run, phase FROM cron_runs WHERE cron = ? AND scheduled_at NOT NULL "
            "ORDER BY scheduled_at DESC LIMIT 1",
            cron,
        )
        if not rows:
            return None
        run, phase = rows[0]
        standing = self._journal.standing([run]).get(run)
        return run, standing.phase if standing is not None else phase or "Pending"


def _began(run: CronRun) -> float:
    if run.scheduled_at is not None:
        return run.scheduled_at
    return run.standing.created_at if run.standing is not None else 0.0


def _keep(connection: sqlite3.Connection, cron: Cron, status: Status) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO crons (name, last_scheduled, timetable, stopped_by, failed, succeeded) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (
            cron.name, status.last_scheduled, status.timetable, cron.stop if status.stopped else "",
            status.failed, status.succeeded,
        ),
    )  # fmt: skip
