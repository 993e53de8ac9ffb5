"""The journal: every run, and everything that happened to it, in one SQLite file.

An event counts once it is committed, and not before. Resuming a run is telling a new scheduler all its events again;
the live tree, the report and the page of runs read the same. Several processes may use one journal at a time; one of
them owns a run.
"""

import json
import os
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.engine.execution import changes
from pipeline.engine.execution.database import Database
from pipeline.engine.execution.schema import VERSION, statements
from pipeline.engine.processes import is_alive, start_time
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
    """One run as it is stored, by column. `parameters`, `metadata` and `tree` are parsed."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a run stands. `pid`: of the living process that executes it, or None."""

    run: str
    workflow: str
    phase: str
    message: str
    created_at: float
    started_at: float | None
    finished_at: float | None
    pid: int | None


class Journal:
    """The journal in the file `path`, which is made where there is none. Others may keep tables of their own in its
    `database`, and ask about runs by the methods here.

    Raises:
        PipelineError: the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.database = Database(self.path)
        if self._version() != VERSION:
            try:
                self._bring_up_to_date()
            except PipelineError:
                self.close()
                raise

    def _version(self) -> int:
        return int(self.database.read("PRAGMA user_version")[0][0])

    def _bring_up_to_date(self) -> None:
        with self.database.transaction() as connection:
            version = self._version()
            if version > VERSION:
                raise PipelineError(
                    f"the journal {self.path} is of version {version}, this engine writes version {VERSION}; "
                    "move the file away to start a new one"
                )
            for statement in statements(version):
                connection.execute(statement)

    def close(self) -> None:
        """Give back the file."""
        self.database.close()

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
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """A new run. `earlier`: what it takes from an earlier one, as JSON. `metadata`: of its Workflow object.

        Raises:
            UserError: there is one of that id.
        """
        with self.database.transaction() as connection:
            added = connection.execute(
                "INSERT OR IGNORE INTO runs "
                "(id, uid, workflow, parameters, manifests, created_at, scheduled_at, earlier, metadata, phase, "
                "message) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'Pending', '')",
                (run_id, uid, workflow, json.dumps(parameters), manifests, created_at, scheduled_at, earlier,
                 json.dumps(metadata or {})),
            )  # fmt: skip
            if added.rowcount == 0:
                raise UserError(f"there is a run {run_id} already; give the new one another name")
            changes.note(connection, run_id)

    def row(self, run_id: str) -> Row:
        """One run.

        Raises:
            UserError: there is none of that name; names the newest.
        """
        found = self.database.read("SELECT * FROM runs WHERE id = ?", run_id)
        if not found:
            newest = [row["id"] for row in self.database.read("SELECT id FROM runs ORDER BY created_at DESC LIMIT 5")]
            raise UserError(f"no run is named {run_id!r}; the newest are {', '.join(newest) or 'none'}")
        return _row(found[0])

    def rows(self) -> list[Row]:
        """All runs, the newest first, without their manifests and trees."""
        columns = (
            "id, workflow, parameters, created_at, started_at, finished_at, phase, message, owner_pid, owner_started, "
            "uid, metadata, progress"
        )
        rows = self.database.read(f"SELECT {columns} FROM runs ORDER BY created_at DESC, id DESC")  # noqa: S608 - the names above
        return [_row(row) for row in rows]

    def events(self, run_id: str, first: int = 0) -> list[Event]:
        """What happened to a run, in order, from its `first` event on."""
        rows = self.database.read(
            "SELECT kind, at, body FROM events WHERE run = ? AND number >= ? ORDER BY number", run_id, first
        )
        return [from_json(row["kind"], row["at"], row["body"]) for row in rows]

    def standing(self, run_ids: Sequence[str]) -> dict[str, Standing]:
        """How these runs stand, as far as the journal has them."""
        found = self._standing("id IN (SELECT value FROM json_each(?))", json.dumps(run_ids))
        return {each.run: each for each in found}

    def executing(self) -> list[Standing]:
        """The runs that living processes execute."""
        found = self._standing("finished_at IS NULL AND owner_pid NOT NULL")
        return [each for each in found if each.pid is not None]

    def _standing(self, condition: str, *values: object) -> list[Standing]:
        columns = "id, workflow, phase, message, created_at, started_at, finished_at, owner_pid, owner_started"
        rows = self.database.read(f"SELECT {columns} FROM runs WHERE {condition}", *values)  # noqa: S608 - the texts above
        return [
            Standing(
                row["id"], row["workflow"], row["phase"], row["message"], row["created_at"], row["started_at"],
                row["finished_at"], row["owner_pid"] if owned(row) else None,
            )
            for row in rows
        ]  # fmt: skip

    def changed(self) -> int:
        """A number that is another one when another process has changed the journal."""
        return int(self.database.read("PRAGMA data_version")[0][0])

    def version(self) -> int:
        """The number of the last change of any run."""
        return changes.newest(self.database)

    def changes(self, version: int) -> dict[str, int]:
        """The runs that have changed since that number, deleted ones too, with the numbers of their last changes."""
        return changes.since(self.database, version)

    def record(
        self,
        run_id: str,
        number: int,
        events: Sequence[Event],
        started: Sequence[Started] = (),
        *,
        answered: int = 0,
    ) -> None:
        """Commit events as the run's `number`th and following, with the processes that they started. `answered`: the
        number of the last request that they follow from."""
        ended = [(run_id, event.node) for event in events if isinstance(event, Ended)]
        with self.database.transaction() as connection:
            _insert(connection, run_id, number, events)
            connection.executemany(
                "INSERT OR REPLACE INTO processes (run, node, pid, started) VALUES (?, ?, ?, ?)",
                [(run_id, each.node, each.pid, each.started) for each in started],
            )
            connection.executemany("DELETE FROM processes WHERE run = ? AND node = ?", ended)
            if answered:
                connection.execute("DELETE FROM requests WHERE run = ? AND number <= ?", (run_id, answered))
            changes.note(connection, run_id)

    def processes(self, run_id: str) -> list[Started]:
        """The processes that were running when the run's last engine ended."""
        rows = self.database.read("SELECT node, pid, started FROM processes WHERE run = ?", run_id)
        return [Started(row["node"], row["pid"], row["started"]) for row in rows]

    def forget_processes(self, run_id: str) -> None:
        """They have been ended."""
        with self.database.transaction() as connection:
            connection.execute("DELETE FROM processes WHERE run = ?", (run_id,))

    def note(self, run: Run, message: str, tree: object) -> None:
        """How a run stands; with its node tree and without its mutexes once it is over."""
        with self.database.transaction() as connection:
            connection.execute(
                "UPDATE runs SET phase = ?, message = ?, started_at = ?, finished_at = ?, progress = ?, tree = ? "
                "WHERE id = ?",
                (run.phase, message, run.started_at, run.finished_at, run.progress, json.dumps(tree), run.id),
            )
            if run.over:
                connection.execute("DELETE FROM mutexes WHERE run = ?", (run.id,))
                connection.execute("DELETE FROM requests WHERE run = ?", (run.id,))
            changes.note(connection, run.id)

    def begin_again(self, run_id: str, events: Sequence[Event], parameters: Mapping[str, str], at: float) -> None:
        """Make a run that is over one that goes on, with only these events behind it.

        Raises:
            UserError: it is not over; another process was faster.
        """
        with self.database.transaction() as connection:
            changed = connection.execute(
                "UPDATE runs SET phase = 'Running', message = '', started_at = ?, finished_at = NULL, tree = NULL, "
                "requested = NULL, parameters = ? WHERE id = ? AND finished_at NOT NULL",
                (at, json.dumps(parameters), run_id),
            )
            if changed.rowcount == 0:
                raise UserError(f"run {run_id} is not over, so it cannot begin again")
            for table in ("events", "processes", "requests"):
                connection.execute(f"DELETE FROM {table} WHERE run = ?", (run_id,))  # noqa: S608 - the names above
            _insert(connection, run_id, 0, events)
            changes.note(connection, run_id)

    def delete(self, run_id: str) -> None:
        """Forget a run that is over. Its files are another matter."""
        with self.database.transaction() as connection:
            for table in ("events", "processes", "requests", "mutexes"):
                connection.execute(f"DELETE FROM {table} WHERE run = ?", (run_id,))  # noqa: S608 - the names above
            connection.execute("DELETE FROM runs WHERE id = ?", (run_id,))
            changes.note(connection, run_id)

    def take(self, run_id: str, home: Path) -> None:
        """Become the owner of a run, whose files are in `home`.

        Raises:
            UserError: a living process owns it.
        """
        with self.database.transaction() as connection:
            row = connection.execute("SELECT owner_pid, owner_started FROM runs WHERE id = ?", (run_id,)).fetchone()
            if row is not None and owned(row):
                raise UserError(f"run {run_id} is being executed by process {row['owner_pid']}; wait for it or stop it")
            connection.execute(
                "UPDATE runs SET owner_pid = ?, owner_started = ?, home = ? WHERE id = ?",
                (os.getpid(), start_time(os.getpid()), str(home), run_id),
            )

    def leave(self, run_id: str) -> None:
        """Own it no more."""
        with self.database.transaction() as connection:
            connection.execute("UPDATE runs SET owner_pid = NULL, owner_started = NULL WHERE id = ?", (run_id,))

    def lock(self, names: Sequence[str], run_id: str, node: str, limits: Mapping[str, int] | None = None) -> str:
        """Get all of these mutexes for a node, or none: then the name of the run that has one. A run that nobody
        executes loses its mutexes to who asks. `limits`: of semaphores, how many may have each."""
        with self.database.transaction() as connection:
            taken = []
            for name in names:
                limit = (limits or {}).get(name)
                places = [name] if limit is None else [f"{name}#{number}" for number in range(limit)]
                holders = {place: self._holder(connection, place, run_id, node) for place in places}
                own = [place for place in places if holders[place] == node]
                free = own or [place for place in places if holders[place] is None]
                if not free:
                    return next((str(holder) for holder in holders.values()), "nobody")
                taken.append(free[0])
            connection.executemany(
                "INSERT OR REPLACE INTO mutexes (name, run, node) VALUES (?, ?, ?)",
                [(name, run_id, node) for name in taken],
            )
        return ""

    def _holder(self, connection: sqlite3.Connection, name: str, run_id: str, node: str) -> str | None:
        """Who has a mutex: the node that asks, another run, or (None) nobody."""
        row = connection.execute(
            "SELECT mutexes.run AS run, mutexes.node AS node, owner_pid, owner_started "
            "FROM mutexes LEFT JOIN runs ON runs.id = mutexes.run WHERE name = ?",
            (name,),
        ).fetchone()
        if row is None:
            return None
        if (row["run"], row["node"]) == (run_id, node):
            return node
        return str(row["run"]) if row["run"] == run_id or owned(row) else None

    def unlock(self, run_id: str, node: str) -> None:
        """Give back a node's mutexes."""
        with self.database.transaction() as connection:
            connection.execute("DELETE FROM mutexes WHERE run = ? AND node = ?", (run_id, node))

    def request(self, run_id: str, strategy: Strategy) -> None:
        """Ask whoever executes a run to end it."""
        with self.database.transaction() as connection:
            connection.execute("UPDATE runs SET requested = ? WHERE id = ?", (strategy, run_id))
            changes.note(connection, run_id)

    def ask(self, run_id: str, event: Event) -> None:
        """Ask whoever executes a run to take in this event."""
        kind, body = to_json(event)
        with self.database.transaction() as connection:
            connection.execute(
                "INSERT INTO requests (run, body) VALUES (?, ?)", (run_id, json.dumps([kind, event.at, body]))
            )

    def asked(self, run_id: str) -> tuple[list[Event], int]:
        """The events that others ask for, and the number of the last request."""
        rows = self.database.read("SELECT number, body FROM requests WHERE run = ? ORDER BY number", run_id)
        return [from_json(*json.loads(row["body"])) for row in rows], rows[-1]["number"] if rows else 0

    def requested(self, run_id: str) -> Strategy | None:
        """What was asked for, if anything."""
        rows = self.database.read("SELECT requested FROM runs WHERE id = ?", run_id)
        found: Strategy | None = rows[0]["requested"] if rows else None
        return found


def owned(row: "sqlite3.Row | Row") -> bool:
    """Whether a living process executes the run."""
    return row["owner_pid"] is not None and is_alive(row["owner_pid"], row["owner_started"])


def _insert(connection: sqlite3.Connection, run_id: str, number: int, events: Sequence[Event]) -> None:
    connection.executemany(
        "INSERT INTO events (run, number, at, kind, body) VALUES (?, ?, ?, ?, ?)",
        [
            (run_id, number + offset, event.at, kind, body)
            for offset, event in enumerate(events)
            for kind, body in (to_json(event),)
        ],
    )


def _row(row: sqlite3.Row) -> Row:
    found = Row(row)
    found["parameters"] = json.loads(found["parameters"])
    found["metadata"] = json.loads(found["metadata"]) if found.get("metadata") else None
    found["tree"] = json.loads(found["tree"]) if found.get("tree") else None
    return found
