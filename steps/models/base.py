"""The contract of a model family, and how a stored model is read.

A model is stored as plain JSON and text, never as a pickle: reading one runs no code other than `steps.models` and the
project's own packages (`steps.contract.code`), so a folder from elsewhere can at worst be refused.
"""

import inspect
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from steps.contract import code
from steps.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[np.float64]]

FORMAT: Final = 1
_FILE: Final = "model.json"
_OURS = re.compile(r"steps\.models\.[a-z_]+:[A-Za-z_]+")


class Model(ABC):
    """A trained model: what a family derives from, one of ours or one of a project's own package.

    Contract. `fit` is a pure function: the same rows, target, parameters and seed give the same model, to the bit, on
    processors of one family, as long as one thread computes. Rows may hold NaN anywhere, columns may be constant or
    empty, and a model still answers with finite numbers; a row's answer is the same, to the bit, whatever other rows it
    comes with. `features` are the columns of `fit`'s rows in their order, and
    `predict` wants exactly these; a column `location` (ids) and those of the calendar (`cal_*`, see
    `steps.features.hourly`) are treated as such, all others as plain numbers. A model never answers below the smallest
    target it has seen: concentrations have a floor, and no known ceiling.

    For a classification the target holds numbers of classes, and each answer is one that was seen.

    `load` reverses `save`: the loaded model gives exactly the same answers. `predict` and `restore` need numpy, and
    what else the image has that serves; what only `fit` needs, such as pandas or scikit-learn, `fit` imports.

    `steps.testing.check_family` tries all this.
    """

    features: tuple[str, ...]

    @classmethod
    @abstractmethod
    def fit(cls, rows: "pd.DataFrame", target: Array, parameters: Mapping[str, Any], seed: int) -> Self:
        """Learn `target` (its unit; finite) from `rows`. Missing parameters have defaults.

        Raises:
            BadInput: the family has no parameter of that name.
        """

    @abstractmethod
    def predict(self, values: Array) -> Array:
        """The prediction for each row of `values`, shape (rows, features), in the target's unit."""

    @abstractmethod
    def importance(self) -> dict[str, float]:
        """Each feature's share of the model's answers; they add up to 1 (or are all 0, for a constant)."""

    @abstractmethod
    def state(self, folder: Path) -> dict[str, Any]:
        """What `restore` needs, as JSON values; anything else is written into `folder`."""

    @classmethod
    @abstractmethod
    def restore(cls, features: tuple[str, ...], state: Mapping[str, Any], folder: Path) -> Self:
        """The model with that `state`. May raise any error on a state that it did not write."""

    def save(self, folder: Path) -> None:
        """Write the model into `folder`, which is created."""
        folder.mkdir(parents=True, exist_ok=True)
        kind = type(self)
        text = {"format": FORMAT, "model": f"{kind.__module__}:{kind.__name__}", "features": list(self.features)}
        body = json.dumps(text | {"state": self.state(folder)}, sort_keys=True, allow_nan=False)
        (folder / _FILE).write_text(body, encoding="utf-8")


def load(folder: Path) -> Model:
    """The model that was saved in `folder`.

    Raises:
        BadInput: it is missing or incomplete, or of a class that is neither ours nor the project's own.
    """
    path = folder / _FILE
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        features = tuple(stored["features"])
        if stored["format"] != FORMAT or not all(isinstance(name, str) for name in features):
            raise ValueError(f"format {stored['format']}, wanted {FORMAT} with a list of features' names")
        return _family(stored["model"]).restore(features, stored["state"], folder)
    except BadInput as error:  # of its code, which is not there
        raise BadInput(f"{path} is not a model that can be read here: {error}") from error
    except (OSError, ArithmeticError, LookupError, TypeError, ValueError, RecursionError, AttributeError) as error:
        raise BadInput(f"{path} is not a model: {_one_line(error)}; train again") from error


def parameters_of(family: str, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """`defaults` with what is `given`.

    Raises:
        BadInput: one of those given is not among them.
    """
    unknown = sorted(set(given).difference(defaults))
    if unknown:
        raise BadInput(f"{family} has no parameter {', '.join(unknown)}; it has {', '.join(sorted(defaults))}")
    return {**defaults, **given}


def numbers(values: object, *shape: int) -> Array:
    """`values` as float64 of that shape, all finite.

    Raises:
        ValueError: they are not.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.shape != shape or not np.isfinite(array).all():
        raise ValueError(f"numbers of shape {array.shape}, wanted finite ones of shape {shape}")
    return array


def covers_the_year(features: tuple[str, ...], values: Array) -> bool:
    """Whether the rows cover every twelfth of the year, so that a season can be told from a trend."""
    if not {"cal_year_sin", "cal_year_cos"} <= set(features):
        return False
    sine, cosine = (values[:, features.index(name)] for name in ("cal_year_sin", "cal_year_cos"))
    angle = np.arctan2(sine, cosine)[np.isfinite(sine + cosine)]
    return len(np.unique(np.floor(12 * (angle + np.pi) / (2 * np.pi)) % 12)) == 12


def _family(name: object) -> type[Model]:
    ours = isinstance(name, str) and _OURS.fullmatch(name)
    if not isinstance(name, str) or (name.startswith("steps.") and not ours):
        raise ValueError(f"its class is {name!r}, wanted steps.models.module:Class, or one of the project's own")
    found = code.load(name)
    if not (isinstance(found, type) and issubclass(found, Model)) or inspect.isabstract(found):
        raise ValueError(f"its class {name!r} is not a model's")
    return found


def _one_line(error: Exception) -> str:
    lines = str(error).splitlines() or [""]
    return f"{type(error).__name__} {lines[0][:200]}".strip()
