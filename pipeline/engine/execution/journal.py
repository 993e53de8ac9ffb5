"""The journal: every run, and everything that happened to it, in one SQLite file.

An event counts once it is committed, and not before. Resuming a run is telling a new scheduler all its events again;
the live tree, the report and the page of runs read the same. `synchronous=FULL`: what is committed survives a loss of
power. Several processes may use one journal at a time; one of them owns a run.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.engine.execution.process import is_alive, start_time
from pipeline.engine.execution.schema import VERSION, statements
from pipeline.engine.scheduler.events import Ended, Event, Strategy, from_json, to_json
from pipeline.engine.scheduler.state import Run
from pipeline.errors import PipelineError, UserError


@dataclass(frozen=True, slots=True)
class Started:
    """A process that the journal must know of: to be ended should its engine die."""

    node: str
    pid: int
    started: float


class Row(dict[str, Any]):
    """One run as it is stored, by column. `parameters` and `tree` are parsed."""


class Journal:
    """The journal in the file `path`, which is made where there is none.

    Raises:
        PipelineError: the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._lock = threading.RLock()
        with self._told():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
            self._database.row_factory = sqlite3.Row
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            if self._version() != VERSION:
                try:
                    self._bring_up_to_date()
                except PipelineError:
                    self.close()
                    raise

    def _version(self) -> int:
        return int(self._database.execute("PRAGMA user_version").fetchone()[0])

    def _bring_up_to_date(self) -> None:
        with self._transaction() as database:
            version = self._version()
            if version > VERSION:
                raise PipelineError(
                    f"the journal {self.path} is of version {version}, this engine writes version {VERSION}; "
                    "move the file away to start a new one"
                )
            for statement in statements(version):
                database.execute(statement)

    def close(self) -> None:
        """Give back the file."""
        self._database.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise PipelineError(f"the journal {self.path} cannot be used: {error}") from error

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._told():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def _read(self, statement: str, *values: object) -> list[sqlite3.Row]:
        with self._lock, self._told():
            return self._database.execute(statement, values).fetchall()

    def add(
        self,
        run_id: str,
        *,
        uid: str,
        workflow: str,
        parameters: dict[str, str],
        manifests: str,
        created_at: float,
        scheduled_at: float | None = None,
        earlier: str | None = None,
    ) -> None:
        """A new run. `earlier`: what it takes from an earlier one, as JSON.

        Raises:
            UserError: there is one of that id.
        """
        with self._transaction() as database:
            added = database.execute(
                "INSERT OR IGNORE INTO runs "
                "(id, uid, workflow, parameters, manifests, created_at, scheduled_at, earlier, phase, message) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'Pending', '')",
                (run_id, uid, workflow, json.dumps(parameters), manifests, created_at, scheduled_at, earlier),
            )
            if added.rowcount == 0:
                raise UserError(f"there is a run {run_id} already; give the new one another name")

    def row(self, run_id: str) -> Row:
        """One run.

        Raises:
            UserError: there is none of that name; names the newest.
        """
        found = self._read("SELECT * FROM runs WHERE id = ?", run_id)
        if not found:
            newest = [row["id"] for row in self._read("SELECT id FROM runs ORDER BY created_at DESC LIMIT 5")]
            raise UserError(f"no run is named {run_id!r}; the newest are {', '.join(newest) or 'none'}")
        return _row(found[0])

    def rows(self) -> list[Row]:
        """All runs, the newest first, without their manifests and trees."""
        columns = (
            "id, workflow, parameters, created_at, started_at, finished_at, phase, message, owner_pid, owner_started"
        )
        return [_row(row) for row in self._read(f"SELECT {columns} FROM runs ORDER BY created_at DESC, id DESC")]  # noqa: S608 - the names above

    def events(self, run_id: str, first: int = 0) -> list[Event]:
        """What happened to a run, in order, from its `first` event on."""
        rows = self._read(
            "SELECT kind, at, body FROM events WHERE run = ? AND number >= ? ORDER BY number", run_id, first
        )
        return [from_json(row["kind"], row["at"], row["body"]) for row in rows]

    def changed(self) -> int:
        """A number that is another one when another process has changed the journal."""
        return int(self._read("PRAGMA data_version")[0][0])

    def record(self, run_id: str, number: int, events: Sequence[Event], started: Sequence[Started] = ()) -> None:
        """Commit events as the run's `number`th and following, with the processes that they started."""
        ended = [(run_id, event.node) for event in events if isinstance(event, Ended)]
        with self._transaction() as database:
            database.executemany(
                "INSERT INTO events (run, number, at, kind, body) VALUES (?, ?, ?, ?, ?)",
                [
                    (run_id, number + offset, event.at, kind, body)
                    for offset, event in enumerate(events)
                    for kind, body in (to_json(event),)
                ],
            )
            database.executemany(
                "INSERT OR REPLACE INTO processes (run, node, pid, started) VALUES (?, ?, ?, ?)",
                [(run_id, each.node, each.pid, each.started) for each in started],
            )
            database.executemany("DELETE FROM processes WHERE run = ? AND node = ?", ended)

    def processes(self, run_id: str) -> list[Started]:
        """The processes that were running when the run's last engine ended."""
        rows = self._read("SELECT node, pid, started FROM processes WHERE run = ?", run_id)
        return [Started(row["node"], row["pid"], row["started"]) for row in rows]

    def forget_processes(self, run_id: str) -> None:
        """They have been ended."""
        with self._transaction() as database:
            database.execute("DELETE FROM processes WHERE run = ?", (run_id,))

    def note(self, run: Run, message: str, tree: object) -> None:
        """How a run stands; with its node tree and without its mutexes once it is over."""
        with self._transaction() as database:
            database.execute(
                "UPDATE runs SET phase = ?, message = ?, started_at = ?, finished_at = ?, tree = ? WHERE id = ?",
                (run.phase, message, run.started_at, run.finished_at, json.dumps(tree), run.id),
            )
            if run.over:
                database.execute("DELETE FROM mutexes WHERE run = ?", (run.id,))

    def delete(self, run_id: str) -> None:
        """Forget a run that is over. Its files are another matter."""
        with self._transaction() as database:
            for statement in ("DELETE FROM events WHERE run = ?", "DELETE FROM runs WHERE id = ?"):
                database.execute(statement, (run_id,))

    def take(self, run_id: str, home: Path) -> None:
        """Become the owner of a run, whose files are in `home`.

        Raises:
            UserError: a living process owns it.
        """
        with self._transaction() as database:
            row = database.execute("SELECT owner_pid, owner_started FROM runs WHERE id = ?", (run_id,)).fetchone()
            if row is not None and _owned(row):
                raise UserError(f"run {run_id} is being executed by process {row['owner_pid']}; wait for it or stop it")
            database.execute(
                "UPDATE runs SET owner_pid = ?, owner_started = ?, home = ? WHERE id = ?",
                (os.getpid(), start_time(os.getpid()), str(home), run_id),
            )

    def leave(self, run_id: str) -> None:
        """Own it no more."""
        with self._transaction() as database:
            database.execute("UPDATE runs SET owner_pid = NULL, owner_started = NULL WHERE id = ?", (run_id,))

    def lock(self, names: Sequence[str], run_id: str, node: str) -> str:
        """Get all of these mutexes for a node, or none: then the name of the run that has one. A run that nobody
        executes loses its mutexes to who asks."""
        with self._transaction() as database:
            for name in names:
                row = database.execute(
                    "SELECT mutexes.run AS run, mutexes.node AS node, owner_pid, owner_started "
                    "FROM mutexes LEFT JOIN runs ON runs.id = mutexes.run WHERE name = ?",
                    (name,),
                ).fetchone()
                if row is None or (row["run"], row["node"]) == (run_id, node):
                    continue
                if row["run"] == run_id or _owned(row):
                    return str(row["run"])
            database.executemany(
                "INSERT OR REPLACE INTO mutexes (name, run, node) VALUES (?, ?, ?)",
                [(name, run_id, node) for name in names],
            )
        return ""

    def unlock(self, run_id: str, node: str) -> None:
        """Give back a node's mutexes."""
        with self._transaction() as database:
            database.execute("DELETE FROM mutexes WHERE run = ? AND node = ?", (run_id, node))

    def request(self, run_id: str, strategy: Strategy) -> None:
        """Ask whoever executes a run to end it."""
        with self._transaction() as database:
            database.execute("UPDATE runs SET requested = ? WHERE id = ?", (strategy, run_id))

    def requested(self, run_id: str) -> Strategy | None:
        """What was asked for, if anything."""
        rows = self._read("SELECT requested FROM runs WHERE id = ?", run_id)
        found: Strategy | None = rows[0]["requested"] if rows else None
        return found


def owned(row: Row) -> bool:
    """Whether a living process executes the run."""
    return _owned(row)


def _owned(row: "sqlite3.Row | Row") -> bool:
    return row["owner_pid"] is not None and is_alive(row["owner_pid"], row["owner_started"])


def _row(row: sqlite3.Row) -> Row:
    found = Row(row)
    found["parameters"] = json.loads(found["parameters"])
    found["tree"] = json.loads(found["tree"]) if found.get("tree") else None
    return found
