"""What the watch keeps: of each CronWorkflow its status, and of each time that was due the run it was given.

In the journal's file, in tables of its own. The pair (CronWorkflow, scheduled time) is the fence: it is written before
the run is, in one transaction with the time, so that whoever is killed in between has started it at most once, and
whoever comes after sees what is to be finished. A run's row stays when the run itself is deleted.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.engine.execution.process import is_alive
from pipeline.engine.schedule.cron import Cron, Status
from pipeline.errors import PipelineError

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
_REMEMBERED_SECONDS = 366 * 86_400  # a time whose run is deleted is known this long


@dataclass(frozen=True)
class Entry:
    """A run that is not noted as ended. `scheduled_at`: None where a person started it. `phase`: empty where the run
    has been decided on and is not in the journal yet. `pid`: of the living process that executes it."""

    run: str
    cron: str
    scheduled_at: int | None
    phase: str
    message: str
    created_at: float
    started_at: float | None
    finished_at: float | None
    pid: int | None


class CronLog:
    """The watch's tables in the journal's file `path`, whose own tables are there.

    Raises:
        PipelineError: the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._told():
            self._database = sqlite3.connect(path, timeout=30, isolation_level=None)
            self._database.row_factory = sqlite3.Row
            self._database.execute("PRAGMA synchronous=FULL")
            self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Give back the file."""
        self._database.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise PipelineError(f"the journal {self.path} cannot be used: {error}") from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._told():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def _read(self, statement: str, *values: object) -> list[sqlite3.Row]:
        with self._told():
            return self._database.execute(statement, values).fetchall()

    def status(self, cron: Cron, active: tuple[str, ...] = ()) -> Status:
        """What is known of a CronWorkflow. A stop is of the expression that caused it: another one begins anew."""
        found = self._read("SELECT * FROM crons WHERE name = ?", cron.name)
        if not found:
            return Status(active=active)
        row = found[0]
        stopped = cron.stop != "" and row["stopped_by"] == cron.stop
        return Status(row["last_scheduled"], row["timetable"], stopped, row["failed"], row["succeeded"], active)

    def keep(self, cron: Cron, status: Status) -> None:
        """Keep a status; its active runs are kept apart."""
        with self._transaction() as database:
            _keep(database, cron, status)

    def claim(self, cron: Cron, status: Status, run: str, at: int) -> bool:
        """Give the time `at` to `run`, and keep the status; whether nobody had it before."""
        with self._transaction() as database:
            new = database.execute(
                "INSERT OR IGNORE INTO cron_runs (run, cron, scheduled_at) VALUES (?, ?, ?)", (run, cron.name, at)
            )
            if new.rowcount:
                _keep(database, cron, status)
        return bool(new.rowcount)

    def taken(self, cron: str, at: int) -> bool:
        """Whether a run was given that time."""
        return bool(self._read("SELECT 1 FROM cron_runs WHERE cron = ? AND scheduled_at = ?", cron, at))

    def adopt(self, crons: set[str]) -> None:
        """Take in the runs of CronWorkflows that a person started and that are not over."""
        rows = self._read(
            "SELECT id, workflow, owner_pid, owner_started FROM runs WHERE finished_at IS NULL AND owner_pid NOT NULL "
            "AND id NOT IN (SELECT run FROM cron_runs)"
        )
        new = [(row["id"], row["workflow"]) for row in rows if row["workflow"] in crons and _pid(row) is not None]
        if new:
            with self._transaction() as database:
                database.executemany("INSERT OR IGNORE INTO cron_runs (run, cron) VALUES (?, ?)", new)

    def open(self) -> list[Entry]:
        """The runs that are not noted as ended, the oldest first."""
        rows = self._read(
            "SELECT run, cron, cron_runs.scheduled_at, runs.phase, message, created_at, started_at, finished_at, "
            "owner_pid, owner_started FROM cron_runs LEFT JOIN runs ON runs.id = run "
            "WHERE cron_runs.phase = '' ORDER BY COALESCE(cron_runs.scheduled_at, created_at), run"
        )
        return [
            Entry(
                row["run"], row["cron"], row["scheduled_at"], row["phase"] or "", row["message"] or "",
                row["created_at"] or 0.0, row["started_at"], row["finished_at"], _pid(row),
            )
            for row in rows
        ]  # fmt: skip

    def end(self, run: str, phase: str, at: float, cron: Cron, status: Status) -> None:
        """Note that a run has ended, together with the status that comes of it."""
        with self._transaction() as database:
            database.execute("UPDATE cron_runs SET phase = ?, ended_at = ? WHERE run = ?", (phase, at, run))
            _keep(database, cron, status)

    def ended(self, cron: str) -> list[tuple[str, str]]:
        """The runs that its schedule started and that are not deleted, with their phase; what ended last first."""
        rows = self._read(
            "SELECT run, phase FROM cron_runs WHERE cron = ? AND kept AND phase <> '' AND scheduled_at NOT NULL "
            "ORDER BY ended_at DESC, run",
            cron,
        )
        return [(row["run"], row["phase"]) for row in rows]

    def deleted(self, run: str, now: float) -> None:
        """A run is no longer in the journal; its time stays taken."""
        with self._transaction() as database:
            database.execute("UPDATE cron_runs SET kept = 0 WHERE run = ?", (run,))
            database.execute("DELETE FROM cron_runs WHERE NOT kept AND ended_at < ?", (now - _REMEMBERED_SECONDS,))

    def last(self, cron: str) -> tuple[str, str] | None:
        """The newest run that its schedule started, and how it stands."""
        rows = self._read(
            "SELECT run, COALESCE(runs.phase, cron_runs.phase) AS phase FROM cron_runs LEFT JOIN runs ON runs.id = run "
            "WHERE cron = ? AND cron_runs.scheduled_at NOT NULL ORDER BY cron_runs.scheduled_at DESC LIMIT 1",
            cron,
        )
        return (rows[0]["run"], rows[0]["phase"] or "Pending") if rows else None


def _keep(database: sqlite3.Connection, cron: Cron, status: Status) -> None:
    database.execute(
        "INSERT OR REPLACE INTO crons (name, last_scheduled, timetable, stopped_by, failed, succeeded) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (
            cron.name, status.last_scheduled, status.timetable, cron.stop if status.stopped else "",
            status.failed, status.succeeded,
        ),
    )  # fmt: skip


def _pid(row: sqlite3.Row) -> int | None:
    pid, started = row["owner_pid"], row["owner_started"]
    return int(pid) if pid is not None and is_alive(pid, started) else None
