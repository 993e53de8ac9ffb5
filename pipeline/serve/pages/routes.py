"""The paths of the pages. What a page is made of is imported when somebody looks at one: 30 MB that clients of the API
need not pay for."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from tempfile import NamedTemporaryFile

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from pipeline.errors import PipelineError
from pipeline.serve.answers import LARGEST_BODY
from pipeline.serve.api.requests import Call
from pipeline.serve.pages.frame import page
from pipeline.serve.problems import Problem, as_problem
from steps.pages import markup
from steps.pages.parts import note

_STATIC = Path(__file__).parent / "static"
_STYLE = Path(markup.__file__).with_name("style.css")


def routes() -> list[BaseRoute]:
    """Those of people."""
    return [
        *looking(),
        _shown("/runs/{name}/report", "run", "report_page"),
        *acting(),
        Route("/inbox/{name}/files/{file}", _put, methods=["PUT"]),
    ]


def acting() -> list[BaseRoute]:
    """Those behind the pages' buttons."""
    return [
        _acting(f"/{name}", module) for name, module in (("runs", "run"), ("projects", "projects"), ("inbox", "inbox"))
    ]


def looking() -> list[BaseRoute]:
    """Those that change nothing."""
    return [
        _shown("/runs", "runs", "runs_page"),
        _shown("/runs/{name}", "run", "run_page"),
        _shown("/projects", "projects", "projects_page"),
        _shown("/projects/{name}", "projects", "project_page"),
        _shown("/inbox", "inbox", "inbox_page"),
        _shown("/data", "data", "data_page"),
        _shown("/documents", "documents", "documents_page"),
        _shown("/health", "machine", "health_page"),
        Route("/static/style.css", _style),
        Mount("/static", StaticFiles(directory=_STATIC)),
    ]


def root() -> BaseRoute:
    """What the server's address itself shows."""
    return Route("/", lambda _: RedirectResponse("/runs", 307))


async def _style(_request: Request) -> Response:
    return FileResponse(_STYLE, media_type="text/css")


def _shown(path: str, module: str, maker: str) -> Route:
    def make(call: Call) -> Response:
        found: Response = getattr(import_module(f"pipeline.serve.pages.{module}"), maker)(call)
        return found

    async def endpoint(request: Request) -> Response:
        given = {name: str(value) for name, value in request.path_params.items()}
        return await _made(make, Call(request.app.state.service, given, dict(request.query_params)))

    return Route(path, endpoint, methods=["GET"])


def _acting(place: str, module: str) -> Route:
    async def endpoint(request: Request) -> Response:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > LARGEST_BODY:
                return _sorry(Problem(3, "the form is too large"))
        given = {name: str(value) for name, value in request.path_params.items()}
        call = Call(request.app.state.service, given, {}, {"form": body.decode("utf-8", "replace")})

        def act(call: Call) -> Response:
            found: Response = import_module(f"pipeline.serve.pages.{module}").act(given["what"], call)
            return found

        return await _made(act, call)

    return Route(f"{place}/{{name}}/{{what}}", endpoint, methods=["POST"])


async def _put(request: Request) -> Response:
    """A file that was dropped into a page, in as many parts as it comes; what is not there whole is not dropped."""
    given = {name: str(value) for name, value in request.path_params.items()}
    call = Call(request.app.state.service, given, {})
    with NamedTemporaryFile(dir=call.service.machine.home, prefix="dropped-") as file:
        async for part in request.stream():
            await run_sync(file.write, part)
        file.flush()

        def put(call: Call) -> Response:
            found: Response = import_module("pipeline.serve.pages.inbox").put(call, Path(file.name))
            return found

        try:
            return await run_sync(put, call)
        except PipelineError as error:
            return PlainTextResponse(f"{error}\n", as_problem(error).status)


async def _made(make: Callable[[Call], Response], call: Call) -> Response:
    try:
        return await run_sync(make, call)
    except Problem as problem:
        return _sorry(problem)
    except PipelineError as error:
        return _sorry(as_problem(error))


def _sorry(problem: Problem) -> Response:
    found = page("That did not work", ["pipeline runs"], note(problem.message))
    found.status_code = problem.status
    return found
