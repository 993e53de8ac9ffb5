"""What a cluster has and a laptop has not: empty lists where a client only looks, and 501 where it wants something."""

from typing import Any

from starlette.routing import BaseRoute, Route

from pipeline.serve.api.requests import Call, missing, route

_EMPTY = ("cluster-workflow-templates", "archived-workflows", "event-sources", "sensors", "workflow-event-bindings")
_LABELS = ("archived-workflows-label-keys", "archived-workflows-label-values")


def _nothing(_call: Call) -> dict[str, Any]:
    return {"metadata": {}, "items": []}


def routes() -> list[BaseRoute]:
    """Those that come after all others."""
    found: list[BaseRoute] = []
    for name in _EMPTY:
        paths = (f"/api/v1/{name}", f"/api/v1/{name}/", f"/api/v1/{name}/{{namespace}}")
        found += [route("GET", path, _nothing) for path in paths if name != "archived-workflows" or "{" not in path]
    found += [route("GET", f"/api/v1/{name}", lambda _: {"items": []}) for name in _LABELS]
    rest: Route = missing("/api/{rest:path}", "this part of Argo Server's API")
    return [*found, rest]
