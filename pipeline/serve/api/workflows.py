"""/api/v1/workflows: what there is, starting one, and what is done to one."""

from functools import partial
from typing import Any

from starlette.routing import BaseRoute

from pipeline.serve.api.requests import Call, route
from pipeline.serve.fields import Cleaner
from pipeline.serve.listing import listed

_ALL = "/api/v1/workflows/{namespace}"
_ONE = "/api/v1/workflows/{namespace}/{name}"


def _list(call: Call) -> Any:
    return listed(call.service.runs, call.namespace, call.query)


def _get(call: Call) -> Any:
    return Cleaner(call.query.get("fields", "")).clean(call.service.runs.object(call.name, call.namespace))


def _create(call: Call) -> Any:
    options = call.body.get("createOptions") or {}
    dry = call.flag("serverDryRun") or bool(options.get("dryRun") if isinstance(options, dict) else False)
    return call.service.submitter.create(call.body.get("workflow"), call.namespace, dry=dry)


def _submit(call: Call) -> Any:
    kind, name = str(call.body.get("resourceKind") or ""), str(call.body.get("resourceName") or "")
    options = call.body.get("submitOptions")
    return call.service.submitter.submit(kind, name, options if isinstance(options, dict) else {}, call.namespace)


def _lint(call: Call) -> Any:
    return call.service.submitter.lint(call.body.get("workflow"))


def _delete(call: Call) -> Any:
    call.service.controller.delete(call.name)
    return {}


def _changed(what: str, call: Call) -> Any:
    """Do something to a run; the run as it stands then."""
    controller = call.service.controller
    actions = {
        "stop": partial(controller.stop, call.name, call.body),
        "terminate": partial(controller.stop, call.name, {}, terminate=True),
        "suspend": partial(controller.suspend, call.name),
        "resume": partial(controller.resume, call.name, call.body),
        "set": partial(controller.answer, call.name, call.body),
        "retry": partial(controller.retry, call.name, call.body),
    }
    return call.service.runs.object(actions[what](), call.namespace)


def _resubmit(call: Call) -> Any:
    memoized = call.flag("memoized")
    return call.service.submitter.resubmit(call.name, call.body.get("parameters"), call.namespace, memoized=memoized)


def routes() -> list[BaseRoute]:
    """Those of Workflows. A namespace may be empty: the path then has two slashes, or ends."""
    return [
        route("GET", _ALL, _list),
        route("GET", "/api/v1/workflows/", _list),
        route("POST", _ALL, _create),
        route("POST", f"{_ALL}/submit", _submit),
        route("POST", f"{_ALL}/lint", _lint),
        route("GET", _ONE, _get),
        route("DELETE", _ONE, _delete),
        *(
            route("PUT", f"{_ONE}/{what}", partial(_changed, what))
            for what in ("stop", "terminate", "suspend", "resume", "set", "retry")
        ),
        route("PUT", f"{_ONE}/resubmit", _resubmit),
    ]
