"""Starting a run from a page."""

from collections.abc import Mapping
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from pipeline.serve.api.requests import Call


def started(call: Call, template: str, given: Mapping[str, str]) -> Response:
    """Start a run of a WorkflowTemplate, and show it."""
    parameters = [f"{name}={value}" for name, value in given.items()]
    made = call.service.submitter.submit("WorkflowTemplate", template, {"parameters": parameters}, "")
    return RedirectResponse(f"/runs/{quote(made['metadata']['name'], safe='')}", 303)
