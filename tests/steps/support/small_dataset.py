"""A small dataset in the lake, its trials run, ready to be decided."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from steps.backends import caching, objects
from steps.contract import declaration
from steps.learning import lake, split, trials
from steps.learning.dataset import Series, label
from tests.steps.support.released import DECLARATION

PROJECT = declaration.parse(DECLARATION)
START = datetime(2003, 1, 1, 1, tzinfo=UTC)
DRAWN: dict[str, list[dict[str, Any]]] = {
    "linear": [{"alpha": 30.0, "interactions": False}, {"alpha": 3000.0, "interactions": True}],
    "lightgbm": [{"trees": 20, "leaves": 7}],
}


def series(name: str, *, learnable: bool = True, hours: int = 1200) -> Series:
    """A dataset of two locations. What `wx_wind` says of the next day is there to be learned, or is noise."""
    random = np.random.default_rng(5)
    frames = []
    for location in (9000001, 9000002):
        times = pd.date_range(START, periods=hours, freq="h")
        wind = random.normal(0, 1, hours)
        later = np.roll(wind, 24) if learnable else random.normal(0, 1, hours)
        value = 40 + 5 * later + random.normal(0, 1, hours)
        features = {"lag_0": value, "wx_wind": wind, "cal_hour": times.hour}
        keys = pd.DataFrame({"location": location, "time": times, "value": value})
        frames.append(keys.assign(**{name: np.asarray(part, dtype="float32") for name, part in features.items()}))
    rows = label(pd.concat(frames, ignore_index=True), 24)
    cut = split.holdout_from(rows["target_at"], PROJECT.learning.holdout_share)
    return Series(caching.digest(name), "no2", "µg/m³", 24, cut, rows)


def store(name: str, *, learnable: bool = True, hours: int = 1200, last: int | None = None) -> str:
    """Save such a dataset; its fingerprint. All trials have their results but the `last` ones."""
    dataset = series(name, learnable=learnable, hours=hours)
    lake.save(objects.lake(), "openaq", dataset, DRAWN)
    listed = [(family, number, one) for family, ones in DRAWN.items() for number, one in enumerate(ones)]
    for one in listed[:last]:
        lake.remember(objects.lake(), dataset.fingerprint, trials.evaluate(dataset, PROJECT.learning, *one))
    return dataset.fingerprint
