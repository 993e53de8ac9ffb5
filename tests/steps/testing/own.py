"""A project's own package, as a test writes it: a declaration, a feature function, a model family."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FAMILY = """\
from dataclasses import dataclass
from typing import Any

import numpy as np

from own.sums import mean_of
from steps.models import Model
from steps.models.base import numbers, parameters_of


@dataclass(frozen=True, eq=False)
class Line(Model):
    features: tuple[str, ...]
    floor: float
    means: Any
    weights: Any
    level: float

    @classmethod
    def fit(cls, rows, target, parameters, seed):
        parameters_of("line", parameters, {"ridge": 1.0})
        values = rows.to_numpy(float)
        means = mean_of(values)
        filled = np.where(np.isnan(values), means, values) - means
        gram = filled.T @ filled + np.eye(len(means))
        weights = np.linalg.solve(gram, filled.T @ (target - target.mean()))
        return cls(tuple(rows.columns), float(target.min()), means, weights, float(target.mean()))

    def predict(self, values):
        filled = np.where(np.isnan(values), self.means, values) - self.means
        return np.maximum(filled @ self.weights + self.level, self.floor)

    def importance(self):
        shares = np.abs(self.weights)
        return dict(zip(self.features, (shares / (shares.sum() or 1)).tolist(), strict=True))

    def state(self, folder):
        lists = {"means": self.means.tolist(), "weights": self.weights.tolist()}
        return {"floor": self.floor, "level": self.level, **lists}

    @classmethod
    def restore(cls, features, state, folder):
        width = len(features)
        means, weights = numbers(state["means"], width), numbers(state["weights"], width)
        return cls(features, float(state["floor"]), means, weights, float(state["level"]))
"""
SUMS = """\
import numpy as np


def mean_of(values):
    there = ~np.isnan(values)
    return np.where(there, values, 0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
"""
FEATURES = """\
import numpy as np

from steps.features import table


def build(rows, declaration):
    return table.build(rows, declaration).assign(area=rows["length"] * rows["diameter"])
"""


@contextmanager
def forgotten() -> Iterator[None]:
    """Whatever is imported of it meanwhile is not there afterwards."""
    path = [*sys.path]
    yield
    sys.path[:] = path
    for name in [name for name in sys.modules if name.partition(".")[0] == "own"]:
        del sys.modules[name]
    sys.path_importer_cache.clear()


def write(folder: Path, **changed: str) -> Path:
    """The package `own` in `folder`; `changed`: the texts of modules that are others, or more."""
    package = folder / "own"
    package.mkdir(parents=True, exist_ok=True)
    texts = {"__init__": "", "models": FAMILY, "sums": SUMS, "features": FEATURES, "unused": ""} | changed
    for name, text in texts.items():
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    return package
