"""What we add to the wrapper's application: an example page, a limit on a request's size, errors with their own status
code, and what is counted."""

import json
import time
from typing import Any

from flask import Blueprint, Response, g, request
from seldon_core.flask_utils import SeldonMicroserviceException
from seldon_core.gunicorn_utils import StandaloneApplication
from werkzeug.exceptions import HTTPException

from steps.serving.measures import Measures

MAX_BYTES = 32 * 1024 * 1024


def pages(example: str, measures: Measures) -> Blueprint:
    """The additions, as what Seldon's wrapper takes for an error handler. `example`: a request, as JSON."""
    added = Blueprint("pages", __name__)

    @added.record_once
    def bound(state: Any) -> None:
        state.app.config["MAX_CONTENT_LENGTH"] = MAX_BYTES

    @added.app_errorhandler(HTTPException)
    def answered(error: HTTPException) -> Response:
        wanted = " (send it with Content-Type: application/json)" if error.code == 415 else ""
        status = SeldonMicroserviceException(f"{error.name}{wanted}", reason="BAD_REQUEST").to_dict()
        return Response(json.dumps(status), error.code, mimetype="application/json")

    @added.get("/example")
    def show() -> Response:
        return Response(example, mimetype="application/json")

    @added.before_app_request
    def begin() -> None:
        g.began = time.perf_counter()

    @added.after_app_request
    def counted(response: Response) -> Response:
        if request.endpoint == "Predict":
            reason = _reason(response) if response.status_code >= 400 else ""
            measures.answered(time.perf_counter() - g.began, response.status_code, reason)
        return response

    return added


def _reason(response: Response) -> str:
    try:
        return str(json.loads(response.get_data())["status"]["reason"])
    except (ValueError, LookupError, TypeError):
        return ""


def _configure(application: Any) -> None:
    """Seldon's own settings for gunicorn, and what it has no option for: no control socket, an end of ours, and a way
    to the store of metrics, which the wrapper hands to nobody but the hook that empties it.

    With a control socket the prediction server and the metrics server would share one file under HOME, which a
    read-only root does not allow.
    """
    _seldons_own(application)
    application.cfg.set("control_socket_disable", True)
    if empty := application.options.get("worker_exit"):
        application.user_object.tell(empty.keywords["seldon_metrics"])

        def end(server: object, worker: object) -> None:
            application.user_object.close()
            empty(server, worker)

        application.cfg.set("worker_exit", end)


_seldons_own = StandaloneApplication.load_config
StandaloneApplication.load_config = _configure
