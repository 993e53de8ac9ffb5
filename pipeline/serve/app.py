"""The application: every route, behind the guard."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import anyio
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from pipeline.errors import PipelineError
from pipeline.laptop.machine import LocalMachine
from pipeline.serve import ui
from pipeline.serve.answers import on_problem
from pipeline.serve.api import about, files, manifests, rest, streams, workflows
from pipeline.serve.guard import LOOPBACK, Guard
from pipeline.serve.pages import routes as pages
from pipeline.serve.problems import Problem
from pipeline.serve.state import Service


def application(
    machine: LocalMachine, *, hosts: Collection[str] = LOOPBACK, token: str = "", folder: Path | None = None
) -> Starlette:
    """What uvicorn serves. `hosts`, `token`: as of a `Guard`. `folder`: of the Argo UI's files."""
    service = Service(machine)
    parts = (about, streams, workflows, manifests, files, rest, pages)
    routes = [each for part in parts for each in part.routes()]
    routes += ui.routes(folder) if folder is not None else [pages.root()]

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(service.changes.look)
            yield
            tasks.cancel_scope.cancel()

    return assembled(service, routes, hosts=hosts, token=token, lifespan=lifespan)


def assembled(
    service: Service,
    routes: Sequence[BaseRoute],
    *,
    hosts: Collection[str],
    token: str,
    lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]] | None = None,
) -> Starlette:
    """Routes behind the guard, with errors in Argo Server's form."""
    app = Starlette(
        routes=routes,
        middleware=[Middleware(Guard, hosts=hosts, token=token)],
        exception_handlers={Problem: on_problem, PipelineError: on_problem, OSError: on_problem, Exception: on_problem},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.service = service
    return app
