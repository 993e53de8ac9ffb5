"""What a run on this machine left."""

import sqlite3
from pathlib import Path
from typing import Any

from pipeline.engine.views import RunView
from pipeline.laptop.machine import LocalMachine
from pipeline.quickstart.closing import summary


class Local:
    """A state folder after `make run`."""

    def __init__(self, home: Path) -> None:
        machine = LocalMachine(home)
        self._database = home / "pipeline.db"
        self._runs = [machine.view(run.id) for run in machine.runs()]

    def run(self, workflow: str) -> RunView:
        """The newest run of that workflow."""
        return next(run for run in self._runs if run.workflow == workflow)

    def phases(self, workflow: str) -> dict[str, str]:
        """The phase of each node, by its name; without the attempts of a retried one."""
        nodes = [node for node in self.run(workflow).nodes if node.type not in ("Retry", "TaskGroup")]
        return {
            node.display_name.removesuffix("(0)").replace(self.run(workflow).id, ""): node.phase for node in nodes[1:]
        }

    def summary(self, kind: str) -> dict[str, Any]:
        """What a step says of its work."""
        return summary(self._runs, kind)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the database answers."""
        with sqlite3.connect(self._database) as connection:
            return connection.execute(query).fetchall()
