"""A recipe: what competes, and what is trained again. The one place where a model is trained and asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from steps.contract.declaration import Judged, load
from steps.errors import BadInput
from steps.learning.dataset import Dataset
from steps.learning.split import Mask
from steps.models import Model
from steps.models.base import Array

SEED: Final = 0


@dataclass(frozen=True)
class Recipe:
    """A model family by its name in the declaration, its parameters, and its features (None: all there are)."""

    family: str
    parameters: Mapping[str, Any]
    features: tuple[str, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        features = None if self.features is None else list(self.features)
        return {"family": self.family, "parameters": dict(self.parameters), "features": features}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """The recipe that was stored.

        Raises:
            BadInput: it is none.
        """
        try:
            features = stored.get("features")
            return cls(str(stored["family"]), dict(stored["parameters"]), None if features is None else tuple(features))
        except (LookupError, TypeError, ValueError) as error:
            raise BadInput(f"{stored!r:.200} is not a recipe; wanted family, parameters and features") from error


def train(learning: Judged, recipe: Recipe, dataset: Dataset, chosen: Mask) -> Model:
    """The model that `recipe` gives on the `chosen` rows, computed by one thread.

    Raises:
        BadInput: the project has no such family, the family no such parameter, or the dataset no such feature.
    """
    family: type[Model] = load(learning.family(recipe.family).model)
    features = dataset.features if recipe.features is None else recipe.features
    unknown = [name for name in features if name not in dataset.rows]
    if unknown:
        raise BadInput(f"the dataset has no feature {', '.join(unknown[:5])}, which the recipe asks for")
    with threadpool_limits(1):
        return family.fit(dataset.rows.loc[chosen, list(features)], dataset.target[chosen], recipe.parameters, SEED)


def ask(model: Model, rows: pd.DataFrame) -> Array:
    """The model's answers to `rows`, which have its features among their columns."""
    with threadpool_limits(1):
        return model.predict(rows[list(model.features)].to_numpy(dtype=np.float64))
