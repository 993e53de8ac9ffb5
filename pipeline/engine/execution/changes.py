"""One number that grows with every change of any run, as a cluster's resourceVersion does.

A run has the number of its last change, so what is new since a number is a short list, however many runs there are.
"""

import sqlite3

from pipeline.engine.execution.database import Database


def note(connection: sqlite3.Connection, run_id: str) -> None:
    """Give a run the next number, in the transaction that changes it."""
    connection.execute("INSERT OR REPLACE INTO changes (run) VALUES (?)", (run_id,))


def newest(database: Database) -> int:
    """The number of the last change; 0 before the first."""
    rows = database.read("SELECT seq FROM sqlite_sequence WHERE name = 'changes'")
    return int(rows[0]["seq"]) if rows else 0


def since(database: Database, version: int) -> dict[str, int]:
    """The runs that have changed since that number, deleted ones too, each with the number of its last change."""
    rows = database.read("SELECT run, version FROM changes WHERE version > ? ORDER BY version", version)
    return {row["run"]: row["version"] for row in rows}
