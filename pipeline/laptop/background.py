"""Runs that nobody sits in front of: an upload started them, or another run applied them. The watch goes on with those
whose process has died.

In the journal's file, in a table of its own. A row is written before its run is, so that no kill in between leaves a
run that nobody looks after; a row without a run means nothing.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pipeline.engine.execution.process import is_alive
from pipeline.errors import PipelineError

Kind = Literal["upload", "applied"]

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS background_runs (
    run TEXT PRIMARY KEY, kind TEXT NOT NULL, handed_at REAL
) WITHOUT ROWID;
"""
_STARTING_SECONDS: Final = 15.0  # a process that was started so long ago and does not own its run yet never will


@dataclass(frozen=True)
class Waiting:
    """A run that is not noted as ended. `pid`: of the living process that executes it. `handed`: a process for it was
    started a moment ago."""

    run: str
    kind: Kind
    workflow: str
    phase: str
    message: str
    started_at: float | None
    finished_at: float | None
    pid: int | None
    handed: bool


class Background:
    """The table in the journal's file `path`, whose own tables are there.

    Raises:
        PipelineError: the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._told() as database:
            database.executescript(_SCHEMA)

    @contextmanager
    def _told(self) -> Iterator[sqlite3.Connection]:
        """A connection for one statement; any thread may ask."""
        try:
            database = sqlite3.connect(self.path, timeout=30, isolation_level=None)
            try:
                database.row_factory = sqlite3.Row
                database.execute("PRAGMA synchronous=FULL")
                yield database
            finally:
                database.close()
        except sqlite3.Error as error:
            raise PipelineError(f"the journal {self.path} cannot be used: {error}") from error

    def add(self, run: str, kind: Kind) -> None:
        """Look after this run from now on; nothing happens where that is so."""
        with self._told() as database:
            database.execute("INSERT OR IGNORE INTO background_runs (run, kind) VALUES (?, ?)", (run, kind))

    def handed(self, run: str) -> None:
        """A process is being started for it."""
        with self._told() as database:
            database.execute("UPDATE background_runs SET handed_at = ? WHERE run = ?", (time.time(), run))

    def ended(self, run: str) -> None:
        """It is over, and that has been told."""
        with self._told() as database:
            database.execute("DELETE FROM background_runs WHERE run = ?", (run,))

    def open(self) -> list[Waiting]:
        """All, in the order in which they were created."""
        with self._told() as database:
            rows = database.execute(
                "SELECT run, kind, handed_at, workflow, phase, message, started_at, finished_at, owner_pid, "
                "owner_started FROM background_runs JOIN runs ON runs.id = run ORDER BY created_at, run"
            ).fetchall()
        return [_waiting(row) for row in rows]


def _waiting(row: sqlite3.Row) -> Waiting:
    pid = row["owner_pid"]
    alive = pid is not None and is_alive(pid, row["owner_started"])
    since = time.time() - (row["handed_at"] or 0.0)
    return Waiting(
        row["run"], row["kind"], row["workflow"], row["phase"], row["message"], row["started_at"], row["finished_at"],
        pid if alive else None, handed=0 <= since < _STARTING_SECONDS and row["started_at"] is None,
    )  # fmt: skip
