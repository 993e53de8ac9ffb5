"""servers.json: which process, on which ports, is which server of this state folder.

The file is replaced whole under a short lock, so a reader sees the old text or the new. It is a memory, not a truth:
whether a server runs is asked of the kernel (pid and start time) and of the server itself, and a file that a full disk
cut off counts as empty. A second lock for each server is held while it is started or stopped, so that of two that
start it at once, the second finds it running.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from pipeline.stack.processes import start_time


@dataclass(frozen=True)
class Record:
    """What is remembered of one server. `pid` is its group's id too; None where it was stopped. `ready`: it answered
    and was furnished. `since`: when it was started, UTC. `digest`: of its command, environment and libraries."""

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
        return self.pid is not None and start_time(self.pid) == self.started


class Registry:
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
        """The record of one server; an empty one where there is none."""
        return self.all().get(name, Record(name))

    def put(self, record: Record) -> Record:
        """Remember `record`, replacing what there was of that name."""
        self._change(lambda records: records.__setitem__(record.name, record))
        return record

    def stopped(self, name: str) -> None:
        """Remember that a server does not run; its ports stay its own."""
        self.put(replace(self.get(name), pid=None, ready=False))

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Held while a server is started or stopped; waits for whoever holds it."""
        self._locks.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._locks / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _change(self, change: Callable[[dict[str, Record]], object]) -> None:
        with self.lock("servers.json"):
            records = self.all()
            change(records)
            entries = {name: asdict(record) for name, record in sorted(records.items())}
            for entry in entries.values():
                del entry["name"]
            draft = self._path.with_name(".servers.json.new")
            draft.write_text(json.dumps(entries, indent=2) + "\n")
            draft.replace(self._path)
