"""Datasets: labelled rows that know how they are split, what is naive about them, and which rows belong together.

`Series` is a dataset of hours or days, `table_dataset.Table` one of rows without a time. Training, scoring and judging
need no more than this.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final, Literal

import numpy as np
import pandas as pd

from steps.errors import CheckFailed
from steps.learning import split
from steps.learning.split import Fold, Mask
from steps.summaries import dataset as summaries
from steps.summaries import intervals
from steps.summaries.dataset import SeriesDataset
from steps.summaries.intervals import DAY, HOUR, Frequency, Interval

Trials = Mapping[str, Sequence[object]]  # by family, the list of its parameters
Task = Literal["regression", "classification"]
Answers = np.ndarray[Any, np.dtype[np.float64]]

NEWEST: Final = pd.Timedelta(days=14)  # of a series, on which a refreshed model is compared with the live one

# of the row, not of what a model sees; `location` is both
ROW: Final = ("location", "time", "value", "target_at", "target")


class Dataset(ABC):
    """Labelled rows.

    Contract. `rows` has the column `target` (in `unit`; for a classification the class's number) and the `features`. No
    row of the holdout, nor anything derived from one, is in the training part; the folds divide the training part only.
    All of this follows from the rows' own time or content, so it never changes.
    """

    task: Task
    fingerprint: str
    parameter: str
    unit: str
    rows: pd.DataFrame
    guarded: ClassVar[str] = ""  # how `guard` differs from holding rows back, in words

    @property
    @abstractmethod
    def features(self) -> tuple[str, ...]:
        """What a model sees."""

    @property
    def target(self) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        """The target of each row, in `unit`."""
        return self.rows["target"].to_numpy(dtype=np.float64)

    @property
    def sequence(self) -> int | None:
        """Which state of a history this is; None without a history."""
        return None

    @property
    def until(self) -> datetime | None:
        """The last hour of a series (UTC); None if rows have no time."""
        return None

    @abstractmethod
    def training(self) -> Mask:
        """The rows of the training part."""

    @abstractmethod
    def holdout(self) -> Mask:
        """The rows of the holdout."""

    @abstractmethod
    def folds(self, part: "np.ndarray[Any, np.dtype[np.intp]]", count: int) -> list[Fold]:
        """The folds of the rows at the positions `part`, all of the training part."""

    @abstractmethod
    def known(self, earlier: "Dataset") -> Mask:
        """The rows that `earlier`, a dataset of the same kind, has too."""

    @abstractmethod
    def later(self, earlier: "Dataset") -> Mask:
        """The rows that came after `earlier`, and that a model which learned from it can be scored on."""

    @abstractmethod
    def guard(self, later: Mask) -> list[Fold]:
        """How to score a recipe on `later` rows that it does not learn from, with as much else to learn from as there
        is; empty if there are none."""

    @abstractmethod
    def naive(self, learned: Mask, scored: Mask) -> Sequence[tuple[str, Answers]]:
        """The naive predictors: their names, and their answers to the `scored` rows, knowing the `learned` ones."""

    @abstractmethod
    def blocks(self, scored: Mask, hours: int) -> "np.ndarray[Any, Any]":
        """A label for each scored row; rows of the same label are drawn together. `hours`: the length of a block in a
        series."""

    @abstractmethod
    def span(self, scored: Mask, hours: int) -> str:
        """What those blocks are, for people: 74 days, or 296 rows."""

    @abstractmethod
    def about(self) -> dict[str, Any]:
        """How the rows are split and what is learned from them, as JSON values."""

    @abstractmethod
    def summary(self, trials: Trials) -> summaries.Dataset:
        """What it holds; with its rows, all that `restore` of its class needs."""

    def _common(self, trials: Trials) -> dict[str, Any]:
        return {
            "fingerprint": self.fingerprint,
            "parameter": self.parameter,
            "unit": self.unit,
            "rows": len(self.rows),
            "features": len(self.features),
            "trials": {family: len(parameters) for family, parameters in trials.items()},
        }


@dataclass(frozen=True)
class Series(Dataset):
    """Hours or days of locations: what was known at t, and what came at t + horizon, all of it observed and nothing
    filled in.

    Columns of `rows`, by target time and location: location, time (t), value (the parameter at t), target_at
    (t + horizon), target (the parameter then), and the features (float32). Times are UTC; values are in `unit`. Rows
    with `target_at` from `holdout_from` on are the holdout. `notes`: what a reader of its scores should know.
    """

    fingerprint: str
    parameter: str
    unit: str
    horizon_hours: int
    holdout_from: datetime
    rows: pd.DataFrame
    notes: tuple[str, ...] = ()
    frequency: Frequency = "hourly"
    task: Task = "regression"

    @property
    def interval(self) -> Interval:
        """How far apart its times are."""
        return intervals.of(self.frequency)

    @property
    def horizon(self) -> pd.Timedelta:
        """The horizon, which is also the embargo between rows that are learned from and rows that are scored."""
        return pd.Timedelta(hours=self.horizon_hours)

    @property
    def features(self) -> tuple[str, ...]:
        """`location` and every column that is not the row's own."""
        return ("location", *(name for name in self.rows.columns if name not in ROW))

    @property
    def value(self) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        """The parameter at t of each row, in `unit`: the answer of persistence."""
        return self.rows["value"].to_numpy(dtype=np.float64)

    @property
    def until(self) -> datetime:
        last: datetime = self.rows["target_at"].max().to_pydatetime()
        return last

    def training(self) -> Mask:
        return split.training(self.rows["target_at"], self.holdout_from, self.horizon)

    def holdout(self) -> Mask:
        return split.holdout(self.rows["target_at"], self.holdout_from)

    def folds(self, part: "np.ndarray[Any, np.dtype[np.intp]]", count: int) -> list[Fold]:
        return split.folds(self.rows["target_at"].iloc[part], count, self.horizon)

    def known(self, earlier: Dataset) -> Mask:
        here, there = (pd.MultiIndex.from_frame(one.rows[["location", "target_at"]]) for one in (self, earlier))
        known: Mask = here.isin(there)
        return known

    def later(self, earlier: Dataset) -> Mask:
        """Those whose target came after all of the earlier ones."""
        later: Mask = (self.rows["target_at"] > earlier.rows["target_at"].max()).to_numpy()
        return later

    def guard(self, later: Mask) -> list[Fold]:
        """The newest days are scored, at most `NEWEST`; what ended an embargo before them is learned from."""
        target_at = self.rows["target_at"]
        if not later.any():
            return []
        begin = max(target_at[later].min(), target_at.max() - NEWEST + pd.Timedelta(hours=1))
        learn = (target_at < begin - self.horizon).to_numpy()
        return [Fold(learn, (target_at >= begin).to_numpy())] if learn.any() else []

    def naive(self, learned: Mask, scored: Mask) -> Sequence[tuple[str, Answers]]:
        """Persistence (what is now will be), each location's mean of the learned rows, and of days the last one on the
        same weekday."""
        means = self.rows.loc[learned].groupby("location")["target"].mean()
        whole = float(self.target[learned].mean())  # for a location that has only just begun
        mean = self.rows.loc[scored, "location"].map(means).fillna(whole).to_numpy(dtype=np.float64)
        found = [("persistence", self.value[scored]), ("training mean", mean)]
        return [*found, ("same weekday", self._a_week_before()[scored])] if self.interval is DAY else found

    def _a_week_before(self) -> Answers:
        """What came a week before each row's target (or the value at t, where nothing is known of that day)."""
        place, at, week = self.rows["location"], self.rows["target_at"], pd.Timedelta(days=7)
        known = pd.Series(self.target, pd.MultiIndex.from_arrays([place, at]))
        now = pd.Series(self.value, pd.MultiIndex.from_arrays([place, self.rows["time"]]))
        wanted = pd.MultiIndex.from_arrays([place, at - week])
        before = known.combine_first(now).reindex(wanted).to_numpy()
        return np.where(np.isnan(before), self.value, before)

    def blocks(self, scored: Mask, hours: int) -> "np.ndarray[Any, Any]":
        """Stretches of so many hours: neighbouring hours, and locations at the same hour, are alike."""
        blocks: np.ndarray[Any, Any] = self.rows.loc[scored, "target_at"].dt.floor(f"{hours}h").to_numpy()
        return blocks

    def span(self, scored: Mask, hours: int) -> str:
        count = len(np.unique(self.blocks(scored, hours)))
        length = f"{hours // 24} days" if hours % 24 == 0 else f"{hours} hours"
        return f"{count} {'days' if hours == 24 else f'blocks of {length}'}"

    def about(self) -> dict[str, Any]:
        return {"horizon_hours": self.horizon_hours, "holdout_from": self.holdout_from.isoformat()}

    def summary(self, trials: Trials) -> SeriesDataset:
        target_at = self.rows["target_at"]
        return SeriesDataset(
            first=target_at.min().to_pydatetime(),
            last=target_at.max().to_pydatetime(),
            locations=tuple(sorted(int(location) for location in self.rows["location"].unique())),
            embargo_hours=self.horizon_hours,
            notes=self.notes,
            frequency=self.frequency,
            **self._common(trials),
            **self.about(),
        )

    @classmethod
    def restore(cls, summary: SeriesDataset, rows: pd.DataFrame) -> "Series":
        """The series with that summary."""
        return cls(
            fingerprint=summary.fingerprint,
            parameter=summary.parameter,
            unit=summary.unit,
            horizon_hours=summary.horizon_hours,
            holdout_from=summary.holdout_from,
            rows=rows,
            notes=summary.notes,
            frequency=summary.frequency,
        )


def label(features: pd.DataFrame, horizon_hours: int, interval: Interval = HOUR) -> pd.DataFrame:
    """The rows of `features` whose value is observed at t and at t + horizon, with that target.

    Raises:
        CheckFailed: there are none.
    """
    places = np.flatnonzero(features["value"].notna())
    own = features[["location", "time", "value"]].iloc[places]
    later = own.rename(columns={"time": "target_at", "value": "target"})
    now = own[["location"]].assign(target_at=own["time"] + pd.Timedelta(hours=horizon_hours), place=places)
    found = now.merge(later, on=["location", "target_at"], how="inner")
    if found.empty:
        both = f"both then and {interval.ahead(horizon_hours)} later"
        raise CheckFailed(
            f"of {len(features)} {interval.name}s none is observed {both}, "
            "so there is nothing to learn from; take a longer time, other locations or another parameter"
        )
    found = found.sort_values(["target_at", "location"], ignore_index=True)
    rows = features.take(found["place"].to_numpy()).reset_index(drop=True)  # of what is wide, the only copy
    return rows.assign(target_at=found["target_at"], target=found["target"])
