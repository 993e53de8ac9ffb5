"""The model server: `seldon-core-microservice steps.serving.Predictor --service-type MODEL`.

It loads the one model that MODEL_URI, MODEL_VERSION and MODEL_DIGEST pin, and does not start with any other. A request
names its features, in any order. A wrong request is answered in one line with status 400, where Seldon's wrapper alone
would answer 500 or, worse, a number. `GET /example` returns a request to try.

| variable | what |
|---|---|
| MODEL_URI, MODEL_VERSION, MODEL_DIGEST | the model |
| PROJECT, PARAMETER | its project, and what it predicts; repeated in its answers |
| MODEL_DECISION, MODEL_DATASET | the decision that deployed it, and its dataset; repeated too, if set |
"""

import json
import logging
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from flask import Blueprint, Response
from seldon_core.flask_utils import SeldonMicroserviceException
from seldon_core.gunicorn_utils import StandaloneApplication
from seldon_core.user_model import SeldonNotImplementedError
from werkzeug.exceptions import HTTPException

from steps.backends.modelstore import request_body
from steps.errors import StepError
from steps.models.base import Array
from steps.release import stored
from steps.settings import setting

MAX_ROWS = 10_000
MAX_BYTES = 32 * 1024 * 1024
_SHOWN = 5  # names in a message

log = logging.getLogger(__name__)


class Predictor:
    """Seldon's user class, with the methods that the wrapper looks for."""

    def __init__(self) -> None:
        try:
            self._identity: dict[str, str | int] = {
                "project": setting("PROJECT"),
                "parameter": setting("PARAMETER"),
                "version": int(setting("MODEL_VERSION")),
                "digest": setting("MODEL_DIGEST"),
                **_origin(),
            }
            self._model, self._known = stored.load(setting("MODEL_URI"), setting("MODEL_DIGEST"))
        except StepError as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(error.exit_code)
        self._features = list(self._model.features)
        self.model_error_handler = _pages(json.dumps(request_body(self._known, 1)))
        log.info("serving %s", self._identity)

    def predict_raw(self, message: object) -> dict[str, Any]:
        """Answer a REST request, from its JSON to the answer's."""
        if not isinstance(message, dict | list | str | int | float | bool | None):
            raise SeldonNotImplementedError("gRPC goes by predict")
        names, rows = _table(message)
        answers = self.predict(rows, names)
        meta: dict[str, Any] = {"tags": self.tags()}
        given = message.get("meta") if isinstance(message, dict) else None
        if isinstance(given, dict) and isinstance(given.get("puid"), str):
            meta["puid"] = given["puid"]
        return {"data": {"names": self.class_names(), "ndarray": answers.tolist()}, "meta": meta}

    def predict(self, X: Any, names: Sequence[str] | None, meta: object = None) -> Array:  # noqa: ARG002
        """The predictions for rows whose columns are `names`: shape (rows, 1), in the parameter's unit.

        Raises:
            SeldonMicroserviceException: status 400, with what is wrong in one line.
        """
        order = _order(self._features, list(names or ()))
        rows = X.tolist() if isinstance(X, np.ndarray) else X
        values = _numbers(rows, list(names or ()))
        return self._model.predict(values[:, order]).reshape(-1, 1)

    def tags(self) -> dict[str, str | int]:
        """What every answer says about the model that gave it."""
        return dict(self._identity)

    def class_names(self) -> list[str]:
        """The name of the answer's one column."""
        return [str(self._identity["parameter"])]

    def health_status(self) -> str:
        """The server is up only with its model loaded."""
        return "ready"

    def init_metadata(self) -> dict[str, Any]:
        """The answer of `/metadata`, in Seldon's form."""
        inputs = {"names": self._features, "shape": [len(self._features)]}
        return {
            "name": self._identity["project"],
            "versions": [str(self._identity["version"])],
            "platform": "learning-pipelines",
            "inputs": [{"messagetype": "ndarray", "schema": inputs}],
            "outputs": [{"messagetype": "ndarray", "schema": {"names": self.class_names(), "shape": [1]}}],
            "custom": {"digest": self._identity["digest"]},
        }


def _origin() -> dict[str, str | int]:
    """The decision that put the model here and its dataset's fingerprint, if the deployment gives them.

    They lead from an answer to the raw files behind it: `pipeline models PROJECT VERSION`.
    """
    decision, dataset = setting("MODEL_DECISION", ""), setting("MODEL_DATASET", "")
    return ({"decision": int(decision)} if decision else {}) | ({"dataset": dataset} if dataset else {})


def _bad(message: str) -> SeldonMicroserviceException:
    return SeldonMicroserviceException(message, status_code=400, reason="BAD_INPUT")


def _table(message: object) -> tuple[list[str], list[Any]]:
    """The names and rows of a request.

    Raises:
        SeldonMicroserviceException: it has none of the two.
    """
    data = message.get("data") if isinstance(message, dict) else None
    if not isinstance(data, dict):
        raise _bad('the request has no "data"; wanted {"data": {"names": [...], "ndarray": [[...]]}}')
    names = data.get("names")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _bad('"names" must be the list of the features, as GET /metadata gives them')
    if isinstance(data.get("ndarray"), list):
        return names, data["ndarray"]
    tensor = data.get("tensor")
    if isinstance(tensor, dict):
        shape, values = tensor.get("shape"), tensor.get("values")
        if isinstance(values, list) and names and shape == [len(values) // len(names), len(names)]:
            return names, [values[start : start + len(names)] for start in range(0, len(values), len(names))]
        raise _bad(f'"tensor" has shape {shape}; wanted [rows, {len(names)}] and as many values')
    raise _bad('"data" has neither "ndarray" nor "tensor"')


def _order(features: list[str], names: list[str]) -> list[int]:
    """Where each of the model's features is among `names`."""
    place = {name: index for index, name in enumerate(names)}
    problems = {
        "twice": sorted({name for name in names if names.count(name) > 1}) if len(place) < len(names) else [],
        "missing": [name for name in features if name not in place],
        "not the model's": sorted(set(place).difference(features)),
    }
    wrong = [f"{word}: {_some(found)}" for word, found in problems.items() if found]
    if wrong:
        raise _bad(
            f"the features do not fit; {'; '.join(wrong)} (GET /metadata lists the {len(features)} of the model)"
        )
    return [place[name] for name in features]


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(name[:60] for name in names[:_SHOWN]) + more


def _numbers(rows: list[Any], names: list[str]) -> Array:
    """The rows as float64; NaN for null."""
    if not rows:
        raise _bad("there are no rows to predict from; wanted at least one")
    if len(rows) > MAX_ROWS:
        raise _bad(f"{len(rows)} rows at once; wanted at most {MAX_ROWS}, send them in parts")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list) or len(row) != len(names):
            got = f"{len(row)} values" if isinstance(row, list) else f"{row!r:.40}"
            raise _bad(f"row {number} is {got}; wanted a list of {len(names)}, one for each name")
        for name, value in zip(names, row, strict=True):
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
                raise _bad(f"row {number}, {name[:60]}: {value!r:.40} is not a number; wanted one, or null if missing")
            if isinstance(value, int) and abs(value) > sys.float_info.max:
                raise _bad(f"row {number}, {name[:60]}: out of range; wanted a number, or null if missing")
    values = np.array(rows, dtype=np.float64)
    if np.isinf(values).any():
        row_at, column_at = np.argwhere(np.isinf(values))[0]
        raise _bad(f"row {row_at + 1}, {names[column_at][:60]}: infinite; wanted a number, or null if missing")
    return values


def _pages(example: str) -> Blueprint:
    """What we add to the wrapper's application: an example page, a limit on a request's size, and errors with their own
    status code."""
    pages = Blueprint("pages", __name__)

    @pages.record_once
    def bound(state: Any) -> None:
        state.app.config["MAX_CONTENT_LENGTH"] = MAX_BYTES

    @pages.app_errorhandler(HTTPException)
    def answered(error: HTTPException) -> Response:
        wanted = " (send it with Content-Type: application/json)" if error.code == 415 else ""
        status = SeldonMicroserviceException(f"{error.name}{wanted}", reason="BAD_REQUEST").to_dict()
        return Response(json.dumps(status), error.code, mimetype="application/json")

    @pages.get("/example")
    def show() -> Response:
        return Response(example, mimetype="application/json")

    return pages


def _configure(application: Any) -> None:
    """Seldon's own settings for gunicorn, plus one it has no option for: no control socket.

    The prediction server and the metrics server would share one file under HOME, which a read-only root does not allow.
    """
    _seldons_own(application)
    application.cfg.set("control_socket_disable", True)


_seldons_own = StandaloneApplication.load_config
StandaloneApplication.load_config = _configure
