"""A real, small model of each family, and the folder that a decision would register."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from steps.backends import modelstore
from steps.backends.modelstore import KnownRows
from steps.backends.objects import artifacts
from steps.models import Model, bands
from steps.models.about import FILE, About
from steps.models.bands import Bands, Errors
from steps.models.lightgbm import LightGBM
from steps.models.linear import Linear

FAMILIES: dict[str, type[Model]] = {"linear": Linear, "lightgbm": LightGBM}
BANDS = Bands(0.8, 1.0, 2.0, {0: Errors((-0.5, 0.0, 0.5), 1000, 0.2), 9000001: Errors((-0.2, 0.0, 0.4), 1000, 0.2)})
FEATURES = ["location", "lag_0", "lag_24", "cal_hour", "wx_temperature"]


def table(rows: int = 400, seed: int = 1) -> pd.DataFrame:
    """Rows with the features, some of them missing."""
    random = np.random.default_rng(seed)
    columns: dict[str, Any] = {name: random.normal(30, 10, rows) for name in FEATURES}
    columns |= {"location": random.choice([9000001, 9000002], rows), "cal_hour": random.integers(0, 24, rows)}
    frame = pd.DataFrame(columns, columns=FEATURES).astype("float64")
    frame.loc[::7, "lag_24"] = np.nan
    return frame


def train(family: str = "linear", seed: int = 1) -> Model:
    """A model of `table`."""
    rows = table(seed=seed)
    target = rows["lag_0"].to_numpy() * 0.7 + rows["lag_24"].fillna(30).to_numpy() * 0.2 + float(seed)
    return FAMILIES[family].fit(rows, target, {"trees": 20} if family == "lightgbm" else {}, seed)


def known(model: Model, rows: int = 8) -> KnownRows:
    """Known rows of the model, with some values missing."""
    values = np.random.default_rng(9).normal(30, 10, (rows, len(model.features)))
    values[::3, -1] = np.nan
    values[:, model.features.index("location")] = 9000001
    listed = [[None if np.isnan(value) else float(value) for value in row] for row in values]
    return KnownRows(list(model.features), listed, model.predict(values).tolist())


def pack(
    model: Model,
    folder: Path,
    rows: KnownRows | None = None,
    around: Bands | None = None,
    about: About | None = None,
) -> str:
    """Write the model's folder as `decide` does; its digest."""
    model.save(folder)
    if about:
        (folder / FILE).write_bytes(about.to_bytes())
    if around:
        (folder / bands.FILE).write_bytes(around.to_bytes())
    (folder / modelstore.KNOWN_ROWS).write_bytes((rows or known(model)).to_bytes())
    return modelstore.digest({path.name: path.read_bytes() for path in folder.iterdir()})


def upload(folder: Path, name: str) -> str:
    """Put a packed folder into the object store; its address."""
    bucket = artifacts()
    for path in folder.iterdir():
        bucket.put(f"{name}/{path.name}", path.read_bytes())
    return f"s3://{bucket.name}/{name}"
