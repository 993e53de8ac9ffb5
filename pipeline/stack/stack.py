"""Stack: the servers on this machine that stand in for the cluster's.

They outlive the command that started them and are found again by the next. Nothing here decides when one is needed:
whoever needs one says so with `ensure`, which returns when it answers.
"""

import json
import logging
import os
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import PipelineError, UserError
from pipeline.stack import deployment
from pipeline.stack.credentials import credentials
from pipeline.stack.fork_client import ForkServer
from pipeline.stack.model import ModelServer
from pipeline.stack.object_store import ObjectStore, connect, make_bucket, open_to_all
from pipeline.stack.processes import memory_mb
from pipeline.stack.registry import Record
from pipeline.stack.server import CODE, Server
from pipeline.stack.supervisor import Supervisor
from pipeline.stack.tracking import Tracking
from pipeline.stack.watcher import Watcher

log = logging.getLogger("pipeline.stack")

SERVERS = ("object-store", "tracking", "fork-server", "watch")


@dataclass(frozen=True)
class ServerStatus:
    """One server as it is now. `state`: running, starting, silent (runs, does not answer), ended (nobody stopped it)
    or stopped. `memory_mb`: of all its processes, what they share counted once. `since`: UTC."""

    name: str
    state: str
    address: str | None
    pid: int | None
    memory_mb: float | None
    since: str | None
    log: Path | None


class Stack:
    """The servers whose state is in `home`: object-store, tracking, fork-server, watch, and one for each model.

    `root`: the folder that holds the package `steps`. Safe to share between threads; two processes may have one each.
    """

    def __init__(self, home: Path, *, root: Path = CODE) -> None:
        self._supervisor = Supervisor(home)
        self.home = self._supervisor.home
        self._root = root.resolve()

    def ensure(self, name: str) -> str:
        """Start the server where it does not run, wait until it answers, and return its address.

        Raises:
            UserError: there is no server of that name.
            PipelineError: it does not come up; names its log.
        """
        return self._ensure(name).address

    def start_in_background(self, names: Iterable[str]) -> None:
        """Start servers without waiting. One that does not come up says so to whoever calls `ensure`."""
        for name in names:
            threading.Thread(target=self._try, args=(name,), name=f"start-{name}", daemon=True).start()

    def address(self, name: str) -> str:
        """Where the server is, or will be once it is up; only one that never ran is started for it."""
        return self._supervisor.registry.get(name).address or self.ensure(name)

    def settings(self, kind: str, name: str) -> dict[str, str]:
        """The variables of a ConfigMap or Secret that manifests name, once the server behind them answers.

        Raises:
            UserError: there is none of that kind and name here.
        """
        if kind == "secret" and name in {"object-store", "object-store-events"}:
            return self._store().settings(self._ensure("object-store").ports)
        if (kind, name) == ("configMap", "tracking"):
            return self._tracking().settings(self._ensure("tracking").ports)
        if (kind, name) == ("secret", "database"):
            return {"DATABASE_URL": os.environ.get("DATABASE_URL") or f"sqlite:///{self.home}/pipeline.db"}
        if (kind, name) == ("secret", "openaq"):
            return {name: os.environ[name] for name in ("OPENAQ_API_KEY", "OPENAQ_API_URL") if os.environ.get(name)}
        raise UserError(
            f"no {kind} {name!r} without a cluster; there are: secret object-store, secret object-store-events, "
            "secret database, secret openaq, configMap tracking"
        )

    def public_bucket(self, name: str) -> str:
        """A bucket that anyone may list and read over plain HTTP, as public archives are; its address."""
        record = self._ensure("object-store")
        client = connect(self._store().settings(record.ports))
        make_bucket(client, name)
        open_to_all(client, name)
        return f"{record.address}/{name}"

    def deploy(self, manifest: dict[str, Any]) -> str:
        """Make the model server of a SeldonDeployment run as it says; the address of its predictions.

        Raises:
            UserError: the manifest needs a cluster, or names a Secret that is not here.
            PipelineError: the server does not come up.
        """
        wanted = deployment.read(manifest)
        if wanted.name in SERVERS:
            raise UserError(
                f"a SeldonDeployment cannot be named {wanted.name}: that is one of our own servers; rename it"
            )
        path = self._manifest(wanted.name)
        path.parent.mkdir(exist_ok=True)
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(manifest))
        draft.replace(path)
        return self.ensure(wanted.name)

    def stop(self) -> None:
        """Stop every server, the watch first, which would start runs, the object store last. Their data stay, and so do
        their ports."""
        self._supervisor.stop("watch")
        names = {*SERVERS, *self._models(), *self._supervisor.registry.all()} - {"watch", "object-store"}
        with ThreadPoolExecutor(max_workers=len(names)) as pool:
            list(pool.map(self._supervisor.stop, sorted(names)))
        self._supervisor.stop("object-store")

    def status(self) -> list[ServerStatus]:
        """Every server that there is or was, our own first."""
        records = self._supervisor.registry.all()
        names = [*SERVERS, *sorted(set(records).union(self._models()).difference(SERVERS))]
        return [self._status(records.get(name, Record(name))) for name in names]

    def _ensure(self, name: str) -> Record:
        return self._supervisor.ensure(self._server(name))

    def _try(self, name: str) -> None:
        try:
            self._ensure(name)
        except PipelineError as error:
            log.debug("%s", error)

    def _server(self, name: str) -> Server:
        if name == "object-store":
            return self._store()
        if name == "tracking":
            return self._tracking()
        if name == "fork-server":
            return ForkServer(self.home, self._root)
        if name == "watch":
            return Watcher(self.home)
        if name in self._models():
            wanted = deployment.read(json.loads(self._manifest(name).read_text()))
            return ModelServer(wanted, self.settings, self._root)
        raise UserError(f"no server {name!r}; there are: {', '.join([*SERVERS, *self._models()])}")

    def _store(self) -> ObjectStore:
        return ObjectStore(self.home, credentials(self.home))

    def _tracking(self) -> Tracking:
        return Tracking(self.home, lambda: self.settings("secret", "object-store"))

    def _manifest(self, name: str) -> Path:
        return self.home / "models" / f"{name}.json"

    def _models(self) -> list[str]:
        return sorted(path.stem for path in (self.home / "models").glob("*.json"))

    def _status(self, record: Record) -> ServerStatus:
        alive = record.alive()
        state = "stopped" if record.pid is None else "ended"
        if alive and record.pid is not None:
            answers = record.name in {*SERVERS, *self._models()} and self._server(record.name).answers(record.ports)
            state = "running" if answers else "silent" if record.ready else "starting"
        path = self._supervisor.log_of(record.name)
        return ServerStatus(
            name=record.name,
            state=state,
            address=record.address or None,
            pid=record.pid if alive else None,
            memory_mb=memory_mb(record.pid) if alive and record.pid is not None else None,
            since=record.since if alive else None,
            log=path if path.exists() else None,
        )
