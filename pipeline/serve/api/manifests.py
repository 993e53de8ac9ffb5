"""/api/v1/workflow-templates and /api/v1/cron-workflows: reading and writing what runs are made of."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.routing import BaseRoute

from pipeline.engine.manifest import Entry
from pipeline.laptop.cron_log import CronLog
from pipeline.serve import selectors
from pipeline.serve.api.requests import Call, route
from pipeline.serve.library import Manifest
from pipeline.serve.listing import number
from pipeline.serve.objects import cron_workflow, template
from pipeline.serve.store import of_kind


@dataclass(frozen=True)
class _Kind:
    """`path`: of the API; `field`: where a request has the object."""

    name: str
    path: str
    field: str


_TEMPLATES = _Kind("WorkflowTemplate", "workflow-templates", "template")
_CRONS = _Kind("CronWorkflow", "cron-workflows", "cronWorkflow")


def _object(call: Call, found: Manifest) -> dict[str, Any]:
    document = found.document(call.namespace)
    if found.entry.kind == "WorkflowTemplate":
        return template(document)
    return cron_workflow(document, _status(call, found.entry))


def _status(call: Call, entry: Entry) -> Any:
    """What the watch knows of a CronWorkflow; what cannot be run here has no status."""
    from pipeline.engine.schedule import Status  # noqa: PLC0415 - loaded for CronWorkflows only
    from pipeline.errors import PipelineError  # noqa: PLC0415

    try:
        found = call.service.library.resolved(dict(entry.document), str(entry.file))
        cron = found.manifests.named(found.name).cron
    except PipelineError:
        cron = None
    if cron is None:
        return Status()
    log = CronLog(call.service.machine.journal)
    return log.status(cron, tuple(run.run for run in log.open() if run.cron == cron.name))


def _list(kind: _Kind, call: Call) -> dict[str, Any]:
    wanted, pattern = (
        selectors.labels(call.query.get("listOptions.labelSelector", "")),
        call.query.get("namePattern", ""),
    )
    all_ = call.service.library.all(kind.name)
    found = [each for each in all_ if wanted(_labels(each.entry)) and pattern in each.entry.name]
    limit, start = number(call.query, "listOptions.limit"), number(call.query, "listOptions.continue")
    page = found[start : start + limit] if limit else found[start:]
    metadata = {"resourceVersion": "1"} | ({"continue": str(start + limit)} if start + len(page) < len(found) else {})
    return {"metadata": metadata, "items": [_object(call, each) for each in page] or None}


def _labels(entry: Entry) -> dict[str, str]:
    return {name: str(value) for name, value in ((entry.document.get("metadata") or {}).get("labels") or {}).items()}


def _get(kind: _Kind, call: Call) -> dict[str, Any]:
    return _object(call, call.service.library.get(kind.name, call.name))


def _create(kind: _Kind, call: Call) -> dict[str, Any]:
    return _object(call, call.service.store.create(kind.name, call.body.get(kind.field)))


def _update(kind: _Kind, call: Call) -> dict[str, Any]:
    document = call.body.get(kind.field)
    metadata = document.get("metadata") if isinstance(document, dict) else None
    own = metadata.get("name") if isinstance(metadata, dict) else ""
    return _object(call, call.service.store.update(kind.name, call.path.get("name") or str(own or ""), document))


def _delete(kind: _Kind, call: Call) -> dict[str, Any]:
    call.service.store.delete(kind.name, call.name)
    return {}


def _lint(kind: _Kind, call: Call) -> dict[str, Any]:
    document = of_kind(call.body.get(kind.field), kind.name)
    call.service.library.resolved(document, kind.field)
    return document


def _suspend(suspended: bool, call: Call) -> dict[str, Any]:
    return _object(call, call.service.store.suspend(call.name, suspended=suspended))


def routes() -> list[BaseRoute]:
    """Those of both kinds."""
    found: list[BaseRoute] = []
    for kind in (_TEMPLATES, _CRONS):
        whole, one = f"/api/v1/{kind.path}/{{namespace}}", f"/api/v1/{kind.path}/{{namespace}}/{{name}}"
        by_method: list[tuple[str, str, Callable[[_Kind, Call], Any]]] = [
            ("GET", f"/api/v1/{kind.path}/", _list), ("GET", whole, _list), ("POST", whole, _create),
            ("POST", f"{whole}/lint", _lint), ("GET", one, _get), ("PUT", one, _update),
            ("PUT", f"{whole}/", _update),  # `argo` leaves the name out of the path
            ("DELETE", one, _delete),
        ]  # fmt: skip
        found += [route(method, path, partial(handler, kind)) for method, path, handler in by_method]
    one = f"/api/v1/{_CRONS.path}/{{namespace}}/{{name}}"
    found.append(route("PUT", f"{one}/suspend", partial(_suspend, True)))
    found.append(route("PUT", f"{one}/resume", partial(_suspend, False)))
    return found
