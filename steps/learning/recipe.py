"""The one place where a recipe becomes a model, and a model is asked."""

from typing import Final

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from steps.contract.code import load
from steps.contract.declaration import Judged
from steps.errors import BadInput
from steps.learning.dataset import Dataset
from steps.learning.split import Mask
from steps.models import Model
from steps.models.base import Array
from steps.summaries.decision import Recipe

SEED: Final = 0


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
