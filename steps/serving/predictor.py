"""Seldon's user class: one model, loaded once, that answers requests and says which it is."""

import json
import logging
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from seldon_core.user_model import SeldonNotImplementedError

from steps.backends.modelstore import example
from steps.errors import StepError
from steps.models.base import Array
from steps.monitoring.asked import Model
from steps.release import stored
from steps.serving.entities import Entities
from steps.serving.keeping import Keeper
from steps.serving.measures import Measures, Store, spared
from steps.serving.pages import pages
from steps.serving.reading import numbers, order, table
from steps.serving.saying import Saying, moment
from steps.settings import setting

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
            found = stored.load(setting("MODEL_URI"), setting("MODEL_DIGEST"))
            self._model, self._features = found.model, list(found.model.features)
            self._saying = Saying(found.about, found.bands, self._features)
            self._measures = Measures(_labels(self._identity))
            self._keeper = Keeper(self._named(), self._measures)
            version = int(setting("MODEL_VERSION"))
            self._entities = Entities(setting("PROJECT"), setting("PARAMETER"), version, self._features)
        except StepError as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(error.exit_code)
        shown = example(found.known) | self._saying.example()
        self.model_error_handler = pages(json.dumps(shown), self._measures)
        log.info("serving %s", self._identity)

    def tell(self, store: Store) -> None:
        """Called before anything is answered: where metrics go."""
        self._store = spared(store)

    def load(self) -> None:
        """Called by the wrapper in each process that answers, before its first request."""
        self._keeper.start()
        self._entities.start()
        self._measures.start(self._store)

    def close(self) -> None:
        """Called in each of them after its last."""
        self._keeper.close()

    def predict_raw(self, message: object) -> dict[str, Any]:
        """Answer a REST request, from its JSON to the answer's."""
        if not isinstance(message, dict | list | str | int | float | bool | None):
            raise SeldonNotImplementedError("gRPC goes by predict")
        given = message.get("meta") if isinstance(message, dict) else None
        given = given if isinstance(given, dict) else {}
        if isinstance(message, dict) and "jsonData" in message:
            found = self._entities.find(message)
            values, answers = found.values, self._model.predict(found.values)
            features = [one | self._saying.day(moment(one["target_at"], "target_at")) for one in found.told]
            told = {"features": features} | self._saying.band(values, answers, found.bands)
        else:
            names, rows = table(message)
            target = self._saying.target(_tags(given))
            values, answers = self._answered(rows, names)
            told = target | self._saying.band(values, answers)
        puid = {"puid": given["puid"]} if isinstance(given.get("puid"), str) else {}
        self._measures.predicted(self._features, values, answers)
        if _may_be_kept(given):
            self._keeper.offer(puid.get("puid", ""), values, answers)
        meta = {"tags": self.tags() | self._saying.always() | told, **puid}
        return {"data": {"names": self.class_names(), "ndarray": answers.reshape(-1, 1).tolist()}, "meta": meta}

    def predict(self, X: Any, names: Sequence[str] | None, meta: object = None) -> Array:  # noqa: ARG002
        """The predictions for rows whose columns are `names`: shape (rows, 1), in the parameter's unit.

        Raises:
            SeldonMicroserviceException: status 400, with what is wrong in one line.
        """
        rows = X.tolist() if isinstance(X, np.ndarray) else X
        return self._answered(rows, list(names or ()))[1].reshape(-1, 1)

    def _answered(self, rows: list[Any], names: list[str]) -> tuple[Array, Array]:
        """The values in the model's order (shape rows × features), and its answers (shape rows)."""
        places = order(self._features, names)
        values = numbers(rows, names)[:, places]
        return values, self._model.predict(values)

    def tags(self) -> dict[str, str | int]:
        """What every answer says about the model that gave it."""
        return dict(self._identity)

    def class_names(self) -> list[str]:
        """The name of the answer's one column."""
        return [str(self._identity["parameter"])]

    def health_status(self) -> str:
        """The server is up only with its model loaded."""
        return "ready"

    def _named(self) -> Model:
        identity = self._identity
        decision = int(identity.get("decision", 0))
        return Model(str(identity["project"]), int(identity["version"]), decision, tuple(self._features))

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


def _labels(identity: dict[str, str | int]) -> dict[str, str]:
    return {name: str(identity.get(name, "")) for name in ("project", "version", "decision")}


def _may_be_kept(meta: dict[str, Any]) -> bool:
    """Whether the sender has not asked for the opposite: `"meta": {"tags": {"keep": false}}`, as `verify` does."""
    return _tags(meta).get("keep") is not False


def _tags(meta: dict[str, Any]) -> dict[str, Any]:
    """What a request says of itself."""
    tags = meta.get("tags")
    return tags if isinstance(tags, dict) else {}
