"""The files that nodes read and wrote, for looking at and for `argo cp`. They are somebody else's content on the
server's own address, so a browser shows them in a sandbox."""

import html
import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from pipeline.engine.places import folder_of
from pipeline.engine.views import NodeView
from pipeline.serve.guard import SANDBOX
from pipeline.serve.problems import Problem, not_found
from pipeline.serve.runs import Runs

_HEADERS: Final = {"Content-Security-Policy": SANDBOX, "X-Content-Type-Options": "nosniff"}
_LOG: Final = "main-logs"


def file_of(runs: Runs, run: str, node: str, side: str, artifact: str) -> Path:
    """Where an artifact of a node is. `side`: inputs or outputs.

    Raises:
        Problem: there is no such run, node or artifact.
    """
    view = runs.view(runs.item(run).name)
    found: NodeView | None = next((each for each in view.nodes if each.id == node), None)
    if found is None:
        raise not_found("nodes", node)
    if artifact == _LOG and found.log is not None:
        return found.log / "stdout.log"
    given: Mapping[str, Any] = found.inputs if side == "inputs" else found.outputs
    path = given.get("artifacts", {}).get(artifact)
    if not path:
        raise Problem(5, f"the node {found.display_name} has no {side.removesuffix('s')} artifact {artifact:.80}")
    return Path(path)


def served(runs: Runs, run: str, place: Path, below: str, address: str) -> Response:
    """The file, or what is in the folder. `below`: what is wanted of a folder; `address`: the path that was asked for.

    Raises:
        Problem: it is not there, or it is outside the run's folder.
    """
    home = folder_of(runs.home, runs.item(run).name).resolve()
    place = (place / below).resolve() if below else place.resolve()
    if not place.is_relative_to(home) or not place.exists():
        raise Problem(5, "there is no such file")
    if place.is_file():
        kind = mimetypes.guess_type(place.name)[0] or "application/octet-stream"
        return FileResponse(
            place, media_type=kind, filename=place.name, content_disposition_type="inline", headers=_HEADERS
        )
    if not address.endswith("/"):
        return RedirectResponse(f"{quote(address)}/", 307)
    names = sorted(f"{each.name}/" if each.is_dir() else each.name for each in place.iterdir())
    links = "".join(
        f'<li><a href="./{html.escape(quote(name), quote=True)}">{html.escape(name)}</a></li>' for name in names
    )
    return HTMLResponse(f"<!doctype html><meta charset=utf-8><ul>{links}</ul>", headers=_HEADERS)
