"""How much is read: requests to the object store, keys listed there, and rows fetched from SQLite by their table."""

import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from steps.backends.objects import Bucket, Stored

_TABLE = re.compile(r"\bFROM (\w+)")


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """What is read meanwhile: `get`, `put`, `list`, `keys`, and `rows of TABLE`. Only for databases that are connected
    to meanwhile."""
    found: Counter[str] = Counter()
    call, stored = Bucket._call, Bucket.list

    def asking(self: Bucket, operation: str, **arguments: object) -> Any:
        found[operation.partition("_")[0]] += 1
        return call(self, operation, **arguments)

    def listing(self: Bucket, prefix: str, **given: str) -> Iterator[Stored]:
        for one in stored(self, prefix, **given):
            found["keys"] += 1
            yield one

    class Cursor(sqlite3.Cursor):
        table = ""

        def execute(self, statement: str, *given: Any) -> "Cursor":
            named = _TABLE.search(statement)
            self.table = f"rows of {named[1]}" if named else ""
            super().execute(statement, *given)
            return self

        def fetchone(self) -> Any:
            row = super().fetchone()
            self._count([] if row is None else [row])
            return row

        def fetchall(self) -> list[Any]:
            return self._count(super().fetchall())

        def fetchmany(self, *given: Any) -> list[Any]:
            return self._count(super().fetchmany(*given))

        def _count(self, rows: list[Any]) -> list[Any]:
            if self.table:
                found[self.table] += len(rows)
            return rows

    class Connection(sqlite3.Connection):
        def cursor(self, *_: Any) -> Any:
            return super().cursor(Cursor)

    connect = sqlite3.dbapi2.connect
    with monkeypatch.context() as patched:
        patched.setattr(Bucket, "_call", asking)
        patched.setattr(Bucket, "list", listing)
        patched.setattr(sqlite3.dbapi2, "connect", lambda *of, **given: connect(*of, factory=Connection, **given))
        yield found
