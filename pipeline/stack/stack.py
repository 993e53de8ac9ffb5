"""Stack: the servers on this machine that stand in for the cluster's.

They outlive the command that started them, and the next one finds them. Nothing here decides when a server is needed:
its user calls `ensure`, which returns once it answers.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from pipeline.errors import PipelineError, UserError
from pipeline.stack import feast
from pipeline.stack.credentials import credentials
from pipeline.stack.fork_client import ForkServer
from pipeline.stack.object_store import ObjectStore
from pipeline.stack.processes import memory_mb
from pipeline.stack.registry import Record
from pipeline.stack.server import CODE, Server
from pipeline.stack.serving import Deployment, Deployments, read
from pipeline.stack.supervisor import Supervisor
from pipeline.stack.tracking import TrackingServer
from pipeline.stack.watcher import Serving, Watcher

log = logging.getLogger("pipeline.stack")

SETTINGS = (
    "secret object-store",
    "secret object-store-events",
    "secret object-store-serving",
    "secret object-store-tidier",
    "secret database",
    "secret database-serving",
    "secret openaq",
    "secret features",
    "configMap tracking",
)
SERVERS = ("object-store", "tracking", "fork-server", "watch", "serve")


@dataclass(frozen=True)
class ServerStatus:
    """One server as it is now. `state`: running, starting, silent (does not answer), ended (without being stopped) or
    stopped. `since`: UTC."""

    name: str
    state: str
    address: str | None
    pid: int | None
    since: str | None
    log: Path | None

    @cached_property
    def memory_mb(self) -> float | None:
        """Of all its processes, looked up when it is asked for: what they share counts once."""
        return memory_mb(self.pid) if self.pid is not None else None


class Stack:
    """The servers whose state is in `home`: object-store, tracking, fork-server, watch, serve, and for each deployment
    a router and the model servers behind it.

    `root`: the folder that holds the package `steps`. `patience`: as of a `Supervisor`. Safe to share between threads;
    two processes may have one each.
    """

    def __init__(self, home: Path, *, root: Path = CODE, patience: float = 5) -> None:
        self._supervisor = Supervisor(home, patience=patience)
        self.home = self._supervisor.home
        self._root = root.resolve()
        self._deployments = Deployments(self._supervisor, self.settings, self._root)

    def ensure(self, name: str) -> str:
        """Start the server if it does not run, wait until it answers, and return its address.

        Raises:
            UserError: there is no server of that name.
            PipelineError: it does not come up; names its log.
        """
        return self._ensure(name).address

    def start_in_background(self, names: Iterable[str]) -> None:
        """Start servers without waiting. If one does not come up, the next call of `ensure` says so."""
        for name in names:
            threading.Thread(target=self._try, args=(name,), name=f"start-{name}", daemon=True).start()

    def address(self, name: str) -> str:
        """Where the server is, or will be once it is up; it is started only if it never ran."""
        return self._supervisor.registry.get(name).address or self.ensure(name)

    def settings(self, kind: str, name: str) -> dict[str, str]:
        """The variables of a ConfigMap or Secret that manifests name, once the server behind them answers.

        Raises:
            UserError: there is none of that kind and name here.
        """
        known = self._known()
        if f"{kind} {name}" not in known:
            set_it = "; set it with: pipeline secret set" if kind == "secret" else ""
            raise UserError(f"no {kind} {name!r} without a cluster; there are: {', '.join(known)}{set_it}")
        return known[f"{kind} {name}"]()

    def _known(self) -> dict[str, Callable[[], dict[str, str]]]:
        return {
            "secret object-store": self._store_settings,
            "secret object-store-events": self._store_settings,
            "secret object-store-serving": self._store_settings,
            "secret object-store-tidier": self._store_settings,
            "secret database": self._database_settings,
            "secret database-serving": self._database_settings,
            "secret openaq": _openaq_settings,
            "secret features": partial(feast.settings, self.home),
            "configMap tracking": lambda: self._tracking().settings(self._ensure("tracking").ports),
        }

    def deploy(self, manifest: dict[str, Any]) -> str:
        """Make the model servers of a SeldonDeployment run as it says; the address of its predictions.

        Raises:
            UserError: the manifest needs a cluster, or names a Secret that is not here.
            PipelineError: the server does not come up.
        """
        name = read(manifest).name
        if name in SERVERS:
            raise UserError(f"a SeldonDeployment cannot be named {name}: that is one of our own servers; rename it")
        self._deployments.apply(manifest)
        return self.ensure(name)

    def applied(self, name: str) -> Deployment | None:
        """The deployment of that name as it was applied last; None if there is none that can be read."""
        return self._deployments.applied(name)

    def lacks(self, name: str) -> bool:
        """Whether a model server of the deployment of that name has ended."""
        return self._deployments.lacks(name)

    def trials(self) -> dict[str, dict[str, Any]]:
        """What the routers say of the challengers that they have, by the deployments' names. Starts nothing."""
        return self._deployments.trials()

    def known_address(self, name: str) -> str | None:
        """Where the server was started last, whether it runs or not; None if it never was."""
        return self._supervisor.registry.get(name).address or None

    def running(self) -> set[str]:
        """The names of the servers that are alive."""
        return {name for name, record in self._supervisor.registry.all().items() if record.alive()}

    def was_stopped(self, name: str) -> bool:
        """Whether the server is not meant to run: it was stopped, or never started."""
        return self._supervisor.registry.get(name).pid is None

    def stop(self) -> None:
        """Stop every server: the watch first, since it starts runs, then the routers, for which a model server that
        ends would be one that fails, and the object store last. They keep their data and their ports."""
        self._supervisor.stop("watch")
        routers = set(self._deployments.names())
        others = {*self._makers(), *self._supervisor.registry.all()} - {"watch", "object-store"} - routers
        for names in (routers, others):
            with ThreadPoolExecutor(max_workers=len(names) or 1) as pool:
                list(pool.map(self._supervisor.stop, sorted(names)))
        self._supervisor.stop("object-store")

    def status(self) -> list[ServerStatus]:
        """Every server that there is or was, our own first."""
        records = self._supervisor.registry.all()
        names = [*SERVERS, *sorted({*records, *self._makers()}.difference(SERVERS))]
        return [self._status(records.get(name, Record(name))) for name in names]

    def answering(self, name: str) -> str | None:
        """The address of a server that answers; None where it does not run."""
        record = self._supervisor.registry.all().get(name, Record(name))
        return record.address if self._state(record) == "running" else None

    def metrics(self) -> dict[str, str]:
        """Where each server that is up, of models and of objects, tells what it has counted, by its name."""
        records = self._supervisor.registry.all().values()
        ports = {each.name: each.ports["metrics"] for each in records if each.alive() and "metrics" in each.ports}
        return {name: f"http://127.0.0.1:{port}/metrics" for name, port in sorted(ports.items())}

    def _ensure(self, name: str) -> Record:
        if name in self._deployments.names():
            return self._deployments.ensure(name)
        return self._supervisor.ensure(self._server(name))

    def _try(self, name: str) -> None:
        try:
            self._ensure(name)
        except PipelineError as error:
            log.debug("%s", error)

    def _server(self, name: str) -> Server:
        makers = self._makers()
        if name not in makers:
            raise UserError(f"no server {name!r}; there are: {', '.join(makers)}")
        return makers[name]()

    def _makers(self) -> Mapping[str, Callable[[], Server]]:
        """How each server is made, by name: our own, then the models'."""
        return {
            "object-store": self._store,
            "tracking": self._tracking,
            "fork-server": partial(ForkServer, self.home, self._root),
            "watch": partial(Watcher, self.home),
            "serve": partial(Serving, self.home),
            **dict(self._deployments.makers()),
        }

    def _store(self) -> ObjectStore:
        return ObjectStore(self.home, credentials(self.home))

    def _tracking(self) -> TrackingServer:
        return TrackingServer(self.home, self._store_settings)

    def _store_settings(self) -> dict[str, str]:
        return self._store().settings(self._ensure("object-store").ports)

    def _database_settings(self) -> dict[str, str]:
        return {"DATABASE_URL": os.environ.get("DATABASE_URL") or f"sqlite:///{self.home}/pipeline.db"}

    def _status(self, record: Record) -> ServerStatus:
        pid = record.pid if record.alive() else None
        log = self._supervisor.log_of(record.name)
        return ServerStatus(
            name=record.name,
            state=self._state(record),
            address=record.address or None,
            pid=pid,
            since=record.since if pid is not None else None,
            log=log if log.exists() else None,
        )

    def _state(self, record: Record) -> str:
        if record.pid is None:
            return "stopped"
        if not record.alive():
            return "ended"
        maker = self._makers().get(record.name)
        if maker is not None and maker().answers(record.ports):
            return "running"
        return "silent" if record.ready else "starting"


def _openaq_settings() -> dict[str, str]:
    return {name: os.environ[name] for name in ("OPENAQ_API_KEY", "OPENAQ_API_URL") if os.environ.get(name)}
