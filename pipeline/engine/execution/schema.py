"""The journal's tables, from one version to the next, so that this engine can use a journal that an older one wrote."""

from collections.abc import Iterator
from typing import Final

_VERSIONS: Final = (  # each element brings a journal from the version before to its own
    """
    CREATE TABLE runs (
        id TEXT PRIMARY KEY, uid TEXT NOT NULL, workflow TEXT NOT NULL, parameters TEXT NOT NULL,
        manifests TEXT NOT NULL, created_at REAL NOT NULL, started_at REAL, finished_at REAL, phase TEXT NOT NULL,
        message TEXT NOT NULL, owner_pid INTEGER, owner_started REAL, home TEXT, requested TEXT, tree TEXT
    );
    CREATE TABLE events (
        run TEXT NOT NULL, number INTEGER NOT NULL, at REAL NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (run, number)
    ) WITHOUT ROWID;
    CREATE TABLE processes (
        run TEXT NOT NULL, node TEXT NOT NULL, pid INTEGER NOT NULL, started REAL NOT NULL, PRIMARY KEY (run, node)
    ) WITHOUT ROWID;
    CREATE TABLE mutexes (name TEXT PRIMARY KEY, run TEXT NOT NULL, node TEXT NOT NULL) WITHOUT ROWID;
    """,
    """
    ALTER TABLE runs ADD COLUMN scheduled_at REAL;
    ALTER TABLE runs ADD COLUMN earlier TEXT;
    """,
    """
    ALTER TABLE runs ADD COLUMN metadata TEXT;
    ALTER TABLE runs ADD COLUMN progress TEXT NOT NULL DEFAULT '';
    CREATE TABLE changes (version INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL UNIQUE);
    INSERT INTO changes (run) SELECT id FROM runs ORDER BY created_at, id;
    CREATE TABLE requests (number INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, body TEXT NOT NULL);
    """,
)
VERSION: Final = len(_VERSIONS)


def statements(version: int) -> Iterator[str]:
    """What brings a journal from `version` (0: an empty file) to the present one."""
    for script in _VERSIONS[version:]:
        yield from script.split(";")
    yield f"PRAGMA user_version = {VERSION}"
