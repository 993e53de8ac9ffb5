"""Deployments: the SeldonDeployments that were applied here, and their servers.

Each is a file `models/NAME.json`: the object as it was applied, with the status that Seldon's operator would give it,
which says where its predictors are. The router of the deployment follows that file as on a cluster it follows the
object. Nothing is routed to a server before it answers, and no server is stopped while requests are routed to it,
but the champion's: that is replaced on its port, and what is asked meanwhile waits in the router.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.engine.processes import wait_until
from pipeline.errors import PipelineError, Refused
from pipeline.stack.registry import Record
from pipeline.stack.server import Server
from pipeline.stack.serving import deployment
from pipeline.stack.serving.deployment import Deployment
from pipeline.stack.serving.model import ModelServer, name_of
from pipeline.stack.serving.router import Router
from pipeline.stack.supervisor import Supervisor
from steps.contract import predictors

_PATIENCE = 10.0  # seconds for a router to read a change


class Deployments:
    """Those of one state folder. `settings`, `root`: as of a `ModelServer`."""

    def __init__(self, supervisor: Supervisor, settings: Callable[[str, str], Mapping[str, str]], root: Path) -> None:
        self._supervisor = supervisor
        self._settings = settings
        self._root = root
        self._folder = supervisor.home / "models"

    def names(self) -> list[str]:
        """Each that was applied; its router's name is the same."""
        return sorted(path.stem for path in self._folder.glob("*.json"))

    def makers(self) -> Iterator[tuple[str, Callable[[], Server]]]:
        """How each server is made, by name: a deployment's router, then its model servers."""
        for name in self.names():
            yield name, partial(Router, self._path(name))
            applied = self.applied(name)
            for each in applied.predictors if applied is not None else ():
                yield name_of(name, each), partial(ModelServer, name, each, self._settings, self._root)

    def apply(self, manifest: dict[str, Any]) -> None:
        """Remember the object, in place of an earlier one of its name. Where a predictor is stays known if it is the
        same; else nothing is routed to it until it was started.

        Raises:
            Refused: it needs a cluster.
        """
        name = deployment.read(manifest).name
        self._folder.mkdir(exist_ok=True)
        with self._lock(name):
            before = self._stored(name) or {}
            kept = {each["name"]: predictors.key(each) for each in (before.get("spec") or {}).get("predictors", [])}
            same = [each for each in _declared(manifest) if kept.get(predictors.name_of(each)) == predictors.key(each)]
            services = {_service(name, predictors.name_of(each)) for each in same}
            places = {service: place for service, place in predictors.places(before).items() if service in services}
            self._write(name, manifest, places)

    def applied(self, name: str) -> Deployment | None:
        """The deployment of that name as it was applied last; None if there is none that can be read."""
        try:
            return deployment.read(self._stored(name) or {})
        except Refused:
            return None

    def ensure(self, name: str) -> Record:
        """Make all its servers run as it says, and its router pass requests to them; the router's record.

        Raises:
            PipelineError: one does not come up. The others are in use.
        """
        wanted = deployment.read(self._stored(name) or {})
        servers = [ModelServer(name, each, self._settings, self._root) for each in wanted.predictors]
        everything: list[Server] = [*servers, Router(self._path(name))]
        with ThreadPoolExecutor(len(everything)) as pool:
            *started, router = list(pool.map(self._try, everything))
        if isinstance(router, PipelineError):
            raise router
        records = {server.name: record for server, record in zip(servers, started, strict=True)}
        self._route(name, {each: record for each, record in records.items() if isinstance(record, Record)}, router)
        self._remove_others(name, set(records))
        for problem in started:
            if isinstance(problem, PipelineError):
                raise problem
        return router

    def trials(self) -> dict[str, dict[str, Any]]:
        """What the routers say of the challengers that they have, by the deployments' names."""
        records = self._supervisor.registry.all()
        running = {name: records[name] for name in self.names() if name in records and records[name].alive()}
        said = {name: Router(self._path(name)).about(record.ports) for name, record in running.items()}
        return {name: about["challenger"] for name, about in said.items() if about.get("challenger")}

    def lacks(self, name: str) -> bool:
        """Whether one of its model servers does not run."""
        applied, records = self.applied(name), self._supervisor.registry.all()
        wanted = [name_of(name, each) for each in applied.predictors] if applied is not None else []
        return not all(each in records and records[each].alive() for each in wanted)

    def _try(self, server: Server) -> Record | PipelineError:
        try:
            return self._supervisor.ensure(server)
        except PipelineError as error:
            return error

    def _route(self, name: str, running: Mapping[str, Record], router: Record) -> None:
        """Tell the router where the servers are, and wait until it knows."""
        with self._lock(name):
            manifest = self._stored(name) or {}
            places = {
                _service(name, server.removeprefix(f"{name}.")): {"httpEndpoint": f"127.0.0.1:{record.ports['http']}"}
                for server, record in running.items()
            }
            if places != predictors.places(manifest):
                self._write(name, manifest, places)
                manifest = self._stored(name) or {}
        wanted, known = predictors.generation(manifest), Router(self._path(name))
        champion = _service(name, predictors.name_of(_declared(manifest)[0]))
        if champion in places and not wait_until(lambda: known.follows(router.ports, wanted), _PATIENCE):
            raise PipelineError(f"the router of {name} does not follow; see {self._supervisor.log_of(name)}")

    def _remove_others(self, name: str, wanted: set[str]) -> None:
        """End the servers of predictors that are no longer declared."""
        for each in self._supervisor.registry.all():
            if each.startswith(f"{name}.") and each not in wanted:
                self._supervisor.remove(each)

    def _stored(self, name: str) -> dict[str, Any] | None:
        try:
            found = json.loads(self._path(name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def _write(self, name: str, manifest: dict[str, Any], places: Mapping[str, Any]) -> None:
        path = self._path(name)
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps({**manifest, "status": {"serviceStatus": places}}), encoding="utf-8")
        draft.replace(path)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    def _lock(self, name: str) -> Any:
        return self._supervisor.registry.lock(f"{name}:manifest")  # no server has such a name


def _declared(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = manifest["spec"]["predictors"]
    return found


def _service(deployment: str, predictor: str) -> str:
    """The name that Seldon gives a predictor's Service."""
    return f"{deployment}-{predictor}"
