"""A model becomes the folder that is registered, served and loaded: its own files, `known_rows.json`, `about.json`,
`bands.json`.

The known answers come from the model as it is read back, so every decision tests the storing.
"""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from steps import models
from steps.backends import modelstore
from steps.backends.modelstore import KnownRows
from steps.backends.tracking import Package
from steps.errors import CheckFailed
from steps.learning.dataset import Dataset, Series
from steps.learning.judge import known_rows
from steps.models import Model, about, bands
from steps.models.about import About
from steps.models.bands import Bands

_EXAMPLE_ROWS = 3


@dataclass(frozen=True)
class Packed:
    """A model in its folder, ready to be registered, and the digest of its files."""

    package: Package
    digest: str
    pickled: bytes  # the model for people who load it by hand; our code never reads it


def pack(model: Model, dataset: Dataset, folder: Path, around: Bands | None = None) -> Packed:
    """Write `model`, which was trained on `dataset`, and the bands around its forecasts into a new `folder`.

    Raises:
        CheckFailed: the model that is read back answers differently.
    """
    model.save(folder)
    known = known_rows(dataset, models.load(folder))
    if known != known_rows(dataset, model):
        raise CheckFailed(f"the {type(model).__name__} model answers differently once stored; it is not registered")
    (folder / modelstore.KNOWN_ROWS).write_bytes(known.to_bytes())
    (folder / about.FILE).write_bytes(_about(dataset).to_bytes())
    if around:
        (folder / bands.FILE).write_bytes(around.to_bytes())
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    table, answers = _example(known)
    return Packed(
        Package(folder, "steps.flavor", _requirements(files), table, answers),
        modelstore.digest(files),
        pickle.dumps(model),
    )


def _about(dataset: Dataset) -> About:
    """What the model's numbers mean; the example is the last of the known rows, which is the dataset's last."""
    if not isinstance(dataset, Series):
        return About(dataset.unit)
    time = dataset.rows["time"].iloc[-1].isoformat(timespec="seconds").replace("+00:00", "Z")
    return About(dataset.unit, dataset.horizon_hours, time, dataset.frequency)


def _requirements(files: Mapping[str, bytes]) -> list[str]:
    """What loading the model needs besides `steps`, at the versions that trained it."""
    libraries = ["numpy", "pandas"]
    libraries += ["lightgbm"] if b"steps.models.lightgbm:" in files["model.json"] else []
    return [f"{name}=={installed(name)}" for name in libraries]


def _example(known: KnownRows) -> tuple[pd.DataFrame, "np.ndarray[Any, np.dtype[np.float64]]"]:
    """A few complete rows with their answers; rows with missing values only if there are no others."""
    whole = [number for number, row in enumerate(known.rows) if None not in row] or list(range(len(known.rows)))
    chosen = whole[:_EXAMPLE_ROWS]
    table = pd.DataFrame([known.rows[number] for number in chosen], columns=known.features, dtype="float64")
    return table, np.array([known.answers[number] for number in chosen])
