"""Starting, finding and ending servers, whichever they are.

Everything rests on `ensure`: it returns once the server answers, and starts it only if it did not. The usual case, a
server that is up, takes no lock and a millisecond. A server's processes outlive the command that started them, and are
found again by servers.json; what a crash left behind is found by the mark in its environment, and ended before anything
new is started.
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

from pipeline.engine.processes import end_group, start_time, wait_until
from pipeline.engine.views import last_line
from pipeline.errors import PipelineError
from pipeline.extras import need_servers
from pipeline.stack import processes
from pipeline.stack.registry import Record, ServerRegistry
from pipeline.stack.server import Server, surroundings
from pipeline.stack.state import make

log = logging.getLogger("pipeline.stack")

_LOG_BYTES = 5 << 20  # a longer log is set aside at the next start; one old log is kept


class Supervisor:
    """The servers of one state folder. `patience`: the seconds after which a silent server is stuck.

    Raises:
        UserError: the folder cannot be written.
    """

    def __init__(self, home: Path, *, patience: float = 5) -> None:
        self.home = home.resolve()  # one folder has one name, however it is reached
        self._patience = patience
        self.logs = self.home / "logs"
        self.registry = ServerRegistry(self.home)
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
        """End a server's whole group, and any process of it that is left."""
        with self.registry.lock(name):
            self._end(name, grace)
            with contextlib.suppress(OSError):  # on a full disk it is remembered as running, and found to be gone
                self.registry.stopped(name)

    def remove(self, name: str) -> None:
        """End a server that is not wanted any more, and forget it."""
        self.stop(name)
        with contextlib.suppress(OSError):
            self.registry.forget(name)

    def log_of(self, name: str) -> Path:
        """Where a server's output goes."""
        return self.logs / f"{name}.log"

    def _settle(self, server: Server) -> Record:
        record = self.registry.get(server.name)
        if self._as_wanted(server, record):
            seconds = self._patience if record.ready else server.ready_seconds  # its starter may have died
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
        said = last_line(path) or "nothing was written"
        raise PipelineError(f"{server.name} did not come up; the end of {path}: {said}")

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
        process = processes.launch(
            server.command(ports), environment=environment, log=output, folder=server.folder or self.home
        )
        processes.reap(process)
        record = Record(
            name=server.name,
            ports=dict(ports),
            pid=process.pid,
            started=start_time(process.pid) or 0,
            since=datetime.now(UTC).isoformat(timespec="seconds"),
            digest=self._digest(server, ports),
            address=server.address(ports),
        )
        try:
            return self.registry.put(record)
        except OSError:
            end_group(process.pid, record.started, grace=0)
            raise

    def _came_up(self, server: Server, record: Record, seconds: float) -> bool:
        wait_until(lambda: server.answers(record.ports) or not record.alive(), seconds)
        return record.alive() and server.answers(record.ports)

    def _end(self, name: str, grace: float) -> None:
        record = self.registry.get(name)
        if record.pid is not None and record.alive():
            end_group(record.pid, record.started, grace=grace, leader_first=True)
        processes.end_marked(self._mark(name))

    def _ports(self, server: Server) -> dict[str, int]:
        """The ports that the server had, except that a port which another program has taken since is replaced."""
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
    """A digest of the libraries of this Python and their versions: a server that imported other ones is stale."""
    folders = [path for path in map(Path, sys.path) if path.name == "site-packages" and path.is_dir()]
    names = sorted(path.name for folder in folders for path in folder.glob("*.dist-info"))
    return hashlib.sha256("\n".join([sys.prefix, *names]).encode()).hexdigest()[:32]
