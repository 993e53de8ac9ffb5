"""`pipeline quickstart` as a process in a folder of its own, on a small seeded archive, and what it leaves behind."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tests.steps.support.openaq import Seeded

ARCHIVE = Seeded(first=date(2021, 3, 1), days=61)
AS_OF = "2021-05-01T00:00:00Z"


@dataclass(frozen=True)
class Place:
    """A state folder and an archive to learn from."""

    home: Path
    source: Path

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """`pipeline arguments…`, started."""
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PIPELINE_HOME": str(self.home)},
            start_new_session=True,
        )

    def run(self, *arguments: str) -> tuple[int, str]:
        """Its exit code and what it printed."""
        process = self.start(*arguments)
        printed, _ = process.communicate(timeout=300)
        return process.returncode, printed

    def quickstart(self) -> list[str]:
        """The arguments of the main job on this archive."""
        return ["quickstart", "openaq", "--source", str(self.source), "--locations", "101,102", "--as-of", AS_OF]

    def table(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the database."""
        with sqlite3.connect(self.home / "pipeline.db") as connection:
            return connection.execute(query).fetchall()

    def outcome(self) -> dict[str, Any]:
        """All that must be the same however the way there was interrupted."""
        return {
            "decisions": self.table("select decision, promoted, version, digest, live_at is not null from promotions"),
            "days": self.table("select location, day, etag, state, rows from location_days order by 1, 2"),
            "predictions": self.table("select location, target_at, value from predictions order by 1, 2"),
            "versions": self._versions(),
        }

    def _versions(self) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.home / "mlflow.db") as connection:
            return connection.execute("select name, version from model_versions").fetchall()

    def processes(self) -> list[str]:
        """The command lines of every process that works in this place."""
        found = subprocess.run(["pgrep", "-fa", str(self.home)], capture_output=True, text=True, check=False)
        return found.stdout.splitlines()


def asked(printed: str) -> str:
    """What the printed `curl` line answers."""
    line = re.search(r"Try it:\s+(curl .*)", printed)
    assert line, printed
    return subprocess.run(["bash", "-c", line[1]], capture_output=True, text=True, check=True).stdout


def kill(process: subprocess.Popen[str], number: int = signal.SIGKILL) -> str:
    """Send the signal to the process alone; what it had printed."""
    process.send_signal(number)
    printed, _ = process.communicate(timeout=60)
    return printed
