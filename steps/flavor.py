"""How MLflow loads our models: `mlflow.pyfunc.load_model("models:/openaq@champion").predict(frame)`."""

from pathlib import Path
from typing import Any

import pandas as pd

from steps.models import Model, load
from steps.models.base import Array


class Loaded:
    """A model that takes a table with the features as named columns, in any order; other columns are ignored."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def predict(self, table: pd.DataFrame, params: dict[str, Any] | None = None) -> Array:  # noqa: ARG002 - MLflow's signature
        """The prediction for each row, in the unit of the target parameter."""
        return self._model.predict(table[list(self._model.features)].to_numpy(dtype="float64"))


def _load_pyfunc(path: str) -> Loaded:
    """What MLflow looks for in a loader module."""
    return Loaded(load(Path(path)))
