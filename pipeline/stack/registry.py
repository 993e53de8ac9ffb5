"""servers.json: which process, on which ports, is which server of this state folder.

The file is replaced whole under a short lock, so a reader sees the old text or the new. It is a memory, not a truth:
whether a server runs is asked of the kernel (pid and start time) and of the server itself, and a file that a full disk
cut off counts as empty. A second lock for each server is held while it is started or stopped, so that of two processes
that start it at once, the second finds it running.
"""

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from pipeline.engine.processes import is_alive
from pipeline.stack.locks import locked


@dataclass(frozen=True)
class Record:
    """What is remembered of one server. `pid` is its group's id too; None once stopped. `ready`: it answered and was
    furnished. `since`: when it was started, UTC. `digest`: of its command, environment and libraries."""

    name: str
    ports: dict[str, int] = field(default_factory=dict)
    pid: int | None = None
    started: float = 0
    since: str = ""
    digest: str = ""
    ready: bool = False
    address: str = ""

    def alive(self) -> bool:
        """Whether this very process still runs."""
        return self.pid is not None and is_alive(self.pid, self.started)


class ServerRegistry:
    """The records of one state folder."""

    def __init__(self, home: Path) -> None:
        self._path = home / "servers.json"
        self._locks = home / "locks"

    def all(self) -> dict[str, Record]:
        """Every server that was ever started here, by name."""
        try:
            entries = json.loads(self._path.read_text())
            return {name: Record(name=name, **entry) for name, entry in entries.items()}
        except (FileNotFoundError, ValueError, TypeError, AttributeError):
            return {}

    def get(self, name: str) -> Record:
        """The record of one server; an empty one if it was never started."""
        return self.all().get(name, Record(name))

    def put(self, record: Record) -> Record:
        """Remember `record` in place of the one with its name."""
        with self.lock("servers.json"):
            self._write(self.all() | {record.name: record})
        return record

    def _write(self, records: Mapping[str, Record]) -> None:
        entries = {name: asdict(each) for name, each in sorted(records.items())}
        for entry in entries.values():
            del entry["name"]
        draft = self._path.with_name(".servers.json.new")
        draft.write_text(json.dumps(entries, indent=2) + "\n")
        draft.replace(self._path)

    def stopped(self, name: str) -> None:
        """Remember that a server does not run; it keeps its ports."""
        self.put(replace(self.get(name), pid=None, ready=False))

    def forget(self, name: str) -> None:
        """Remember nothing of a server that is not wanted any more."""
        with self.lock("servers.json"):
            self._write({each: record for each, record in self.all().items() if each != name})

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Held while a server is started or stopped; waits for its holder."""
        return locked(self._locks / name)
