"""What the pages' script listens to: that something has changed, and the log of a run's pods."""

import heapq
from collections.abc import AsyncIterator, Iterator
from operator import itemgetter
from typing import Any, Final

import anyio
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from pipeline.engine.views import NodeView, pod_name
from pipeline.serve.answers import stream
from pipeline.serve.api.requests import Call, streaming
from pipeline.serve.cluster.kubernetes import Kubernetes, NotThere

_LOOK_SECONDS: Final = 2.0
_GONE: Final = "its pod is gone, and its log with it; where logs are archived, see: argo logs"


async def _changes(_request: Request, call: Call) -> Response:
    async def changes() -> AsyncIterator[dict[str, Any]]:
        told = -1
        while True:
            version = await run_sync(call.service.runs.version)
            if version != told:
                told = version
                yield {"type": "MODIFIED"}
            await anyio.sleep(_LOOK_SECONDS)

    return stream(_request, changes())


async def _log(request: Request, call: Call) -> Response:
    kubernetes: Kubernetes = call.service.kubernetes  # type: ignore[attr-defined]
    view = await run_sync(call.service.runs.view, call.name)
    wanted = call.query.get("podName", "")
    nodes = [each for each in view.nodes if each.type == "Pod" and each.started_at and wanted in ("", each.id)]
    last = call.query.get("logOptions.tailLines", "1000")

    async def entries() -> AsyncIterator[dict[str, Any]]:
        lines = heapq.merge(*(_lines(kubernetes, view.id, each, last) for each in nodes), key=itemgetter(0))
        while (found := await run_sync(next, lines, None)) is not None:
            _, pod, content = found
            yield {"content": content, "podName": pod}

    return stream(request, entries())


def _lines(kubernetes: Kubernetes, run: str, node: NodeView, last: str) -> Iterator[tuple[str, str, str]]:
    """Each with its time before it, as Kubernetes gives it."""
    pod = pod_name(run, node)
    try:
        for line in kubernetes.log(pod, timestamps="true", tailLines=last if last.isdecimal() else "1000"):
            yield line.partition(" ")[0], pod, line
    except NotThere:
        at = f"{node.started_at:%Y-%m-%dT%H:%M:%S}.000Z"
        yield at, pod, f"{at} {_GONE} {run}"


def routes() -> list[BaseRoute]:
    """The paths of a laptop's server, as the pages know them."""
    return [
        streaming("/api/v1/workflow-events/", _changes),
        streaming("/api/v1/workflows/-/{name}/log", _log),
    ]
