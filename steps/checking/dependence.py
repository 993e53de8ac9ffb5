"""How far one thing is a function of another, of whatever shape: Chatterjee's coefficient.

Put in the order of `y`, the values of a function of `y` change little from one to the next, those of anything else as
much as two drawn at random: 0 for what has nothing to do with `y`, 1 for its function, monotone or not (Chatterjee
2021, https://doi.org/10.1080/01621459.2020.1758115).
"""

from typing import Any, Final

import numpy as np
import pandas as pd

Array = np.ndarray[Any, np.dtype[np.float64]]

_SEED: Final = 8737
_CONSTANT: Final = 1e-6  # the spread of ranks


def ranks(columns: Any) -> Array:
    """Each column's ranks from 0 to 1, ties alike; NaN stays."""
    found: Array = pd.DataFrame(columns).rank(pct=True).to_numpy(dtype=np.float64)
    return found


def later(values: Array, hours: Any) -> Array:
    """A column for each of so many `hours`: the values that much later (earlier, if negative), NaN where there are
    none."""
    most = int(np.abs(hours).max())
    around = np.pad(values, most, constant_values=np.nan)
    found: Array = around[np.arange(len(values))[:, None] + hours + most]
    return found


def order(values: Array, most: int) -> "np.ndarray[Any, np.dtype[np.intp]]":
    """The positions of the finite `values`, or of a draw of at most so many, from the lowest to the highest; ties come
    in any order."""
    random = np.random.default_rng(_SEED)
    chosen = np.flatnonzero(np.isfinite(values))
    if len(chosen) > most:
        chosen = random.choice(chosen, most, replace=False)
    found: np.ndarray[Any, np.dtype[np.intp]] = chosen[np.lexsort((random.random(len(chosen)), values[chosen]))]
    return found


def spread(ranked: Array) -> Array:
    """The mean difference between two values of a column, drawn at random; NaN where it has fewer than two."""
    values, known = np.sort(ranked, axis=0), np.isfinite(ranked).sum(axis=0)
    weights = 2.0 * np.arange(1, len(values) + 1)[:, None] - known - 1
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Array = 2 * np.nansum(weights * values, axis=0) / (known * (known - 1.0))
    return found


def functional(ordered: Array, usual: Array) -> Array:
    """How far each column, in the order of something, is a function of it; `usual`: the columns' `spread`."""
    steps = np.abs(np.diff(ordered, axis=0))
    known = np.isfinite(steps)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Array = 1 - np.where(known, steps, 0.0).sum(axis=0) / known.sum(axis=0) / usual
    return np.where(np.isfinite(found) & (usual > _CONSTANT), found, 0.0)
