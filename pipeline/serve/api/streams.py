"""What does not end: watches, and the logs of runs that go on."""

from collections.abc import AsyncIterator
from typing import Any

import anyio
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from pipeline.serve.answers import stream
from pipeline.serve.api.requests import Call, streaming
from pipeline.serve.logs import log_stream
from pipeline.serve.watching import Watch


async def _watch(request: Request, call: Call) -> Response:
    service = call.service
    found = await run_sync(Watch, service.runs, service.changes, call.namespace, call.query)
    return stream(request, found.events())


async def _log(request: Request, call: Call) -> Response:
    query = call.query | ({"podName": call.path["pod"]} if "pod" in call.path else {})
    found = await run_sync(log_stream, call.service.runs, call.name, query)
    return stream(request, found.entries())


async def _silent(request: Request, _call: Call) -> Response:
    """Kubernetes has events of its own, and Argo Events objects; here there are none."""

    async def nothing() -> AsyncIterator[dict[str, Any]]:
        await anyio.sleep_forever()
        yield {}

    return stream(request, nothing())


def routes() -> list[BaseRoute]:
    """The streams."""
    return [
        streaming("/api/v1/workflow-events/{namespace}", _watch),
        streaming("/api/v1/workflow-events/", _watch),
        streaming("/api/v1/workflows/{namespace}/{name}/log", _log),
        streaming("/api/v1/workflows/{namespace}/{name}/{pod}/log", _log),
        *(
            streaming(f"/api/v1/stream/{kind}/{namespace}", _silent)
            for kind in ("events", "event-sources", "sensors")
            for namespace in ("{namespace}", "")
        ),
    ]
