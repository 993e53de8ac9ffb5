"""Routes as functions of a `Call`: what every one of them needs of a request. They run in threads, as the journal and
the manifests are read from disk."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pipeline.serve.answers import answer, body_of
from pipeline.serve.problems import unimplemented
from pipeline.serve.state import Service


@dataclass(frozen=True)
class Call:
    """One request. `query`: the last value of each key."""

    service: Service
    path: dict[str, str]
    query: dict[str, str]
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def namespace(self) -> str:
        """Empty for all of them."""
        return self.path.get("namespace", "")

    @property
    def name(self) -> str:
        return self.path["name"]

    def flag(self, name: str) -> bool:
        """A yes of the body or the query."""
        return str(self.body.get(name, self.query.get(name, ""))).lower() == "true"


Handler = Callable[[Call], Any]


async def call_of(request: Request) -> Call:
    """What a request asks for."""
    body = await body_of(request) if request.method in ("POST", "PUT", "PATCH") else {}
    path = {name: str(value) for name, value in request.path_params.items()}
    return Call(request.app.state.service, path, dict(request.query_params), body)


def route(method: str, path: str, handler: Handler) -> Route:
    """A route that answers with an object."""

    async def endpoint(request: Request) -> Response:
        call = await call_of(request)
        found = await run_sync(handler, call)
        return found if isinstance(found, Response) else answer(found)

    return Route(path, endpoint, methods=[method])


def streaming(path: str, handler: Callable[[Request, Call], Awaitable[Response]]) -> Route:
    """A route that answers with a stream."""

    async def endpoint(request: Request) -> Response:
        return await handler(request, await call_of(request))

    return Route(path, endpoint, methods=["GET"])


def missing(path: str, what: str) -> Route:
    """A route of Argo Server's that there is none of here."""

    async def endpoint(_request: Request) -> Response:
        raise unimplemented(what)

    return Route(path, endpoint, methods=["GET", "POST", "PUT", "DELETE"])
