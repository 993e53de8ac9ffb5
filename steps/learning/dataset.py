"""A dataset: rows that say what was known at t and what came at t + horizon, all of it observed, nothing filled."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd

from steps.errors import CheckFailed

# of the row, not of what a model sees; `location` is both
ROW: Final = ("location", "time", "value", "target_at", "target")


@dataclass(frozen=True)
class Dataset:
    """Labelled rows, by target time and location.

    Columns of `rows`: location, time (t), value (the parameter at t), target_at (t + horizon), target (the parameter
    then), and the features (float32). Times are UTC; values are in `unit`. Rows with `target_at` from `holdout_from` on
    are the holdout.
    """

    fingerprint: str
    parameter: str
    unit: str
    horizon_hours: int
    holdout_from: datetime
    rows: pd.DataFrame

    @property
    def horizon(self) -> pd.Timedelta:
        """The horizon, which is also the embargo between rows that are learned from and rows that are scored."""
        return pd.Timedelta(hours=self.horizon_hours)

    @property
    def features(self) -> tuple[str, ...]:
        """What a model sees: `location` and every column that is not the row's own."""
        return ("location", *(name for name in self.rows.columns if name not in ROW))

    @property
    def target(self) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        """The target of each row, in `unit`."""
        return self.rows["target"].to_numpy(dtype=np.float64)

    @property
    def value(self) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        """The parameter at t of each row, in `unit`: what persistence answers."""
        return self.rows["value"].to_numpy(dtype=np.float64)


def label(features: pd.DataFrame, horizon_hours: int) -> pd.DataFrame:
    """The rows of `features` whose value is observed at t and at t + horizon, with that target.

    Raises:
        CheckFailed: there is none.
    """
    horizon = pd.Timedelta(hours=horizon_hours)
    seen = features[features["value"].notna()]
    later = seen[["location", "time", "value"]].rename(columns={"time": "target_at", "value": "target"})
    rows = seen.assign(target_at=seen["time"] + horizon).merge(later, on=["location", "target_at"], how="inner")
    if rows.empty:
        raise CheckFailed(
            f"of {len(features)} hours none is observed both then and {horizon_hours} hours later, "
            "so there is nothing to learn from; take a longer time, other locations or another parameter"
        )
    return rows.sort_values(["target_at", "location"], ignore_index=True)
