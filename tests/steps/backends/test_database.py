"""The database on first use, on SQLite and on a real PostgreSQL."""

import subprocess
import sys

FIRST_USE = "from steps.backends import catalog, promotions, warehouse, database\nwith database.begin(): pass"


def test_four_processes_use_a_fresh_database_at_once(database: str) -> None:
    started = [subprocess.Popen([sys.executable, "-c", FIRST_USE], stderr=subprocess.PIPE) for _ in range(4)]
    said = [process.communicate(timeout=60)[1].decode() for process in started]
    assert [process.returncode for process in started] == [0, 0, 0, 0], said
