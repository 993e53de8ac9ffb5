"""The Argo UI's own files, where a user has them: served as they are, with the address under which the page is found.

https://github.com/argoproj/argo-workflows/tree/main/ui
"""

import re
from pathlib import Path
from typing import Final

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from pipeline.errors import UserError

POLICY: Final = (
    "default-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; object-src 'none'; "
    "frame-ancestors 'self'"
)
_BASE: Final = re.compile(r'<base href="[^"]*"')


def check(folder: Path) -> Path:
    """The folder of the UI's files.

    Raises:
        UserError: they are not there.
    """
    found = folder.absolute()
    if not (found / "index.html").is_file():
        raise UserError(f"{folder} has no index.html; wanted the files of the Argo UI (dist/app of its build)")
    return found


def routes(folder: Path) -> list[BaseRoute]:
    """Every path that is nothing else: one of its files, or its page, which knows its own paths."""

    async def endpoint(request: Request) -> Response:
        return await run_sync(_file, folder, str(request.path_params.get("path", "")))

    return [Route("/{path:path}", endpoint, methods=["GET"])]


def _file(folder: Path, path: str) -> Response:
    headers = {"Content-Security-Policy": POLICY}
    wanted = (folder / path).resolve()
    if path and wanted.is_relative_to(folder.resolve()) and wanted.is_file() and wanted.name != "index.html":
        return FileResponse(wanted, headers=headers)
    page = (folder / "index.html").read_text(encoding="utf-8")
    return HTMLResponse(_BASE.sub('<base href="/"', page), headers=headers)
