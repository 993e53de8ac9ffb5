"""One SQLite file that several processes share, and its errors as this product's own."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import PipelineError


class Database:
    """A connection to the journal's file, created if there is none. Any thread may use it. `synchronous=FULL`: what is
    committed survives a loss of power.

    Raises:
        PipelineError: the file cannot be read or written. So does every method.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        with self._translated():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
            self._connection.row_factory = sqlite3.Row
            try:
                self._connection.execute("PRAGMA journal_mode=WAL")
                self._connection.execute("PRAGMA synchronous=FULL")
            except sqlite3.Error:
                self.close()
                raise

    def close(self) -> None:
        """Give back the file."""
        self._connection.close()

    def read(self, statement: str, *values: object) -> list[sqlite3.Row]:
        """The rows of one query."""
        with self._translated():
            return self._connection.execute(statement, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything done with the connection is committed together, or not at all after an exception."""
        with self._translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def create(self, schema: str) -> None:
        """Make the tables of a schema whose statements all say IF NOT EXISTS."""
        with self._translated():
            self._connection.executescript(schema)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except (sqlite3.Error, OSError) as error:
                raise PipelineError(f"the journal {self.path} cannot be used: {error}") from error
