"""Runs that no terminal shows: an upload started them, another run applied them, or a client of the API. The watch
resumes those whose process has died.

Kept in the journal's file, in a table of its own. A row is written before its run is, so that no kill in between leaves
a run that is never looked after; a row without a run means nothing.
"""

import time
from dataclasses import dataclass
from typing import Final, Literal

from pipeline.engine import Journal
from pipeline.engine.execution import Standing

Kind = Literal["upload", "applied", "submitted"]

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS background_runs (
    run TEXT PRIMARY KEY, kind TEXT NOT NULL, handed_at REAL
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class BackgroundRun:
    """A run whose end is not noted yet. `handed`: a process was started for it a moment ago."""

    run: str
    kind: Kind
    standing: Standing
    handed: bool


class Background:
    """The table in the journal's file. `starting_seconds`: a process that has not taken its run so long after its start
    never will.

    Raises:
        PipelineError: the file cannot be read or written.
    """

    def __init__(self, journal: Journal, *, starting_seconds: float = 15.0) -> None:
        self.journal = journal
        self._database = journal.database
        self._starting_seconds = starting_seconds
        self._database.create(_SCHEMA)

    def add(self, run: str, kind: Kind) -> None:
        """Look after this run from now on; does nothing if it is there already."""
        with self._database.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO background_runs (run, kind) VALUES (?, ?)", (run, kind))

    def handed(self, run: str) -> None:
        """Note that a process is being started for it."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE background_runs SET handed_at = ? WHERE run = ?", (time.time(), run))

    def ended(self, run: str) -> None:
        """Note that it is over."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM background_runs WHERE run = ?", (run,))

    def open(self) -> list[BackgroundRun]:
        """All of them, the oldest first."""
        rows = {row["run"]: row for row in self._database.read("SELECT run, kind, handed_at FROM background_runs")}
        standing = self.journal.standing(list(rows)).values()
        return [
            BackgroundRun(each.run, rows[each.run]["kind"], each, self._starts(each, rows[each.run]["handed_at"]))
            for each in sorted(standing, key=lambda each: (each.created_at, each.run))
        ]

    def _starts(self, standing: Standing, handed_at: float | None) -> bool:
        since = time.time() - (handed_at or 0.0)
        return 0 <= since < self._starting_seconds and standing.started_at is None
