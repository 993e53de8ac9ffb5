"""The paths of artifacts, which are not below /api."""

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from pipeline.serve.artifacts import file_of, served
from pipeline.serve.problems import not_found
from pipeline.serve.state import Service


def _answer(service: Service, path: dict[str, str], side: str, address: str) -> Response:
    run = path.get("name") or _named(service, path["uid"])
    place = file_of(service.runs, run, path["node"], side, path["artifact"])
    return served(service.runs, run, place, path.get("below", "").strip("/"), address)


def _named(service: Service, uid: str) -> str:
    for item in service.runs.items():
        if item.row["uid"] == uid:
            return item.name
    raise not_found("workflows", uid)


def _file(path: str, side: str = "") -> Route:
    async def endpoint(request: Request) -> Response:
        given = {name: str(value) for name, value in request.path_params.items()}
        wanted = side or given["side"]
        return await run_sync(_answer, request.app.state.service, given, wanted, request.url.path)

    return Route(path, endpoint, methods=["GET"])


def routes() -> list[BaseRoute]:
    """Those of the UI, with a folder's contents, and those of `argo cp`."""
    whole = "/artifact-files/{namespace}/{kind}/{name}/{node}/{side}/{artifact}"
    return [
        _file(whole),
        _file(f"{whole}/{{below:path}}"),
        _file("/artifacts/{namespace}/{name}/{node}/{artifact}", "outputs"),
        _file("/input-artifacts/{namespace}/{name}/{node}/{artifact}", "inputs"),
        _file("/artifacts-by-uid/{uid}/{node}/{artifact}", "outputs"),
        _file("/input-artifacts-by-uid/{uid}/{node}/{artifact}", "inputs"),
    ]
