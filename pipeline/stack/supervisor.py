"""Starting, finding and ending servers, whatever they are.

`ensure` is what everything rests on: it returns when the server answers, having started it only where it did not. The
quick way, a server that runs and answers, takes no lock and a millisecond. A server's processes outlive the command
that started them, and are found again by servers.json; what a crash left behind is found by the mark in its
environment and ended before anything new is started.
"""

import contextlib
import hashlib
import json
import logging
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from pipeline.errors import PipelineError
from pipeline.extras import need_servers
from pipeline.stack import processes
from pipeline.stack.registry import Record, Registry
from pipeline.stack.server import Server, surroundings
from pipeline.stack.state import make

log = logging.getLogger("pipeline.stack")

_LOG_BYTES = 5 << 20  # a longer log makes room for a new one at the next start; one old one is kept
_PATIENCE_SECONDS = 5  # how long a server that runs may stay silent before it is taken for stuck


class Supervisor:
    """The servers of one state folder.

    Raises:
        UserError: the folder cannot be written.
    """

    def __init__(self, home: Path) -> None:
        self.home = home.resolve()  # one folder has one name, however it is reached
        self.logs = self.home / "logs"
        self.registry = Registry(self.home)
        make(self.home, "logs", "home")

    def ensure(self, server: Server) -> Record:
        """The server's record, once it answers.

        Raises:
            PipelineError: it does not come up, or the disk is full; names its log and quotes the log's last line.
        """
        record = self.registry.get(server.name)
        if record.ready and self._as_wanted(server, record) and server.answers(record.ports):
            return record
        try:
            with self.registry.lock(server.name):
                return self._settle(server)
        except OSError as error:
            raise PipelineError(
                f"{server.name} could not be started in {self.home}: {error.strerror or error}"
            ) from error

    def stop(self, name: str, *, grace: float = 5) -> None:
        """End a server's whole group, and whatever else of it there is."""
        with self.registry.lock(name):
            self._end(name, grace)
            with contextlib.suppress(OSError):  # on a full disk it is remembered as running, and found to be gone
                self.registry.stopped(name)

    def log_of(self, name: str) -> Path:
        """Where a server's output goes."""
        return self.logs / f"{name}.log"

    def _settle(self, server: Server) -> Record:
        record = self.registry.get(server.name)
        if self._as_wanted(server, record):
            seconds = _PATIENCE_SECONDS if record.ready else server.ready_seconds  # whoever started it may have died
            if self._came_up(server, record, seconds):
                return self._furnished(server, record)
        need_servers()
        self._end(server.name, server.grace_seconds)
        server.prepare()
        for _attempt in range(3):
            ports = self._ports(server)
            record = self._start(server, ports)
            if self._came_up(server, record, server.ready_seconds):
                return self._furnished(server, record)
            self._end(server.name, server.grace_seconds)
            if all(processes.port_is_free(port) for port in ports.values()):  # so a taken port was not the reason
                break
        self.registry.stopped(server.name)
        path = self.log_of(server.name)
        raise PipelineError(f"{server.name} did not come up; the end of {path}: {last_line(path)}")

    def _furnished(self, server: Server, record: Record) -> Record:
        if record.ready:
            return record
        server.furnish(record.ports)
        return self.registry.put(replace(record, ready=True))

    def _as_wanted(self, server: Server, record: Record) -> bool:
        return record.alive() and record.digest == self._digest(server, record.ports)

    def _start(self, server: Server, ports: Mapping[str, int]) -> Record:
        environment, output = self._environment(server), self.log_of(server.name)
        if output.exists() and output.stat().st_size > _LOG_BYTES:
            output.replace(output.with_suffix(".log.1"))
        pid = processes.launch(
            server.command(ports), environment=environment, folder=server.folder or self.home, log=output
        )
        record = Record(
            name=server.name,
            ports=dict(ports),
            pid=pid,
            started=processes.start_time(pid) or 0,
            since=datetime.now(UTC).isoformat(timespec="seconds"),
            digest=self._digest(server, ports),
            address=server.address(ports),
        )
        try:
            return self.registry.put(record)
        except OSError:
            processes.end_group(pid, grace=0)
            raise

    def _came_up(self, server: Server, record: Record, seconds: float) -> bool:
        up = False

        def settled() -> bool:
            nonlocal up
            up = server.answers(record.ports)
            return up or not record.alive()

        processes.wait_until(settled, seconds)
        return up and record.alive()

    def _end(self, name: str, grace: float) -> None:
        record = self.registry.get(name)
        if record.pid is not None and record.alive():
            processes.end_group(record.pid, grace=grace)
        processes.end_processes(processes.marked(self._mark(name)))

    def _ports(self, server: Server) -> dict[str, int]:
        """The ports that the server had, with a new one for each that somebody else has taken since."""
        known = self.registry.all()
        chosen = dict(known[server.name].ports) if server.name in known else {}
        others = {port for record in known.values() for port in record.ports.values()}
        for use in server.ports:
            had = chosen.get(use)
            if had is None or not processes.port_is_free(had):
                chosen[use] = processes.free_port(but=others | set(chosen.values()))
                if had is not None:
                    log.warning(
                        "port %d of %s is taken by another program; it has %d now", had, server.name, chosen[use]
                    )
        return {use: chosen[use] for use in server.ports}

    def _environment(self, server: Server) -> dict[str, str]:
        marked = {processes.MARK: self._mark(server.name)}
        return {**surroundings(self.home), **server.environment(), **marked}

    def _mark(self, name: str) -> str:
        return f"{self.home}:{name}"

    def _digest(self, server: Server, ports: Mapping[str, int]) -> str:
        if set(ports) != set(server.ports):
            return ""
        what = [server.command(ports), sorted(server.environment().items()), str(server.folder), installed()]
        return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:32]


@cache
def installed() -> str:
    """A digest of the libraries beside this Python and their versions: servers that imported others are stale."""
    folders = [path for path in map(Path, sys.path) if path.name == "site-packages" and path.is_dir()]
    names = sorted(path.name for folder in folders for path in folder.glob("*.dist-info"))
    return hashlib.sha256("\n".join([sys.prefix, *names]).encode()).hexdigest()[:32]


def last_line(path: Path) -> str:
    """The end of a log, for a message of one line."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4096))
        lines = file.read().decode(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else "nothing was written"
