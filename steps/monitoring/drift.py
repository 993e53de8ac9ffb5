"""Which inputs have moved most: the last days against the same season of what the model has learned from.

It explains an alarm and never raises one: of a few dozen features one has always moved, and most of it is weather.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from steps.summaries.decision import Seasons
from steps.summaries.monitoring import Drift

SHOWN: Final = 10
_QUARTERS: Final = [0.25, 0.5, 0.75]
_MOST_ROWS: Final = 200_000  # of which quartiles are taken


def seasons(rows: pd.DataFrame, features: Sequence[str]) -> Seasons:
    """The quartiles of each feature in each month of the year that `rows` have, by their `time` (UTC)."""
    drawn = rows if len(rows) <= _MOST_ROWS else rows.iloc[:: len(rows) // _MOST_ROWS + 1]
    wanted = [name for name in features if name != "location"]
    return {f"{month}": quartiles(own[wanted]) for month, own in drawn.groupby(drawn["time"].dt.month)}


def quartiles(rows: pd.DataFrame) -> dict[str, tuple[float, float, float]]:
    """Those of each column that has values."""
    known = rows.quantile(_QUARTERS).dropna(axis=1)
    values = known.to_numpy(dtype=np.float64).T
    return {
        str(name): (float(low), float(middle), float(high))
        for name, (low, middle, high) in zip(known.columns, values, strict=True)
    }


def ranked(recent: pd.DataFrame, usual: Seasons) -> tuple[Drift, ...]:
    """The features whose median in `recent` rows lies furthest from that of their month, in interquartile ranges, the
    furthest first; none where the model has not learned from that month."""
    if recent.empty:
        return ()
    return moved(recent, usual.get(f"{recent['time'].max().month}", {}))


def moved(recent: pd.DataFrame, usual: Mapping[str, tuple[float, float, float]]) -> tuple[Drift, ...]:
    """The same, with the quartiles of each feature that are usual at any time."""
    now = recent[[name for name in usual if name in recent]].median().dropna()
    found = []
    for name, median in now.items():
        low, middle, high = usual[str(name)]
        spread = max(high - low, 1e-9 * max(abs(middle), 1.0))
        found.append(Drift(feature=str(name), shift=float(np.clip((median - middle) / spread, -1e6, 1e6))))
    return tuple(sorted(found, key=lambda one: -abs(one.shift))[:SHOWN])
