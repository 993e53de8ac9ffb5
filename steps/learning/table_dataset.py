"""A dataset of a table's rows, each known by its content.

A row's digest says where it belongs: its first digits decide whether it is held out, others which fold it is in. A row
that is a copy of an earlier one up to rounding belongs where that one does. So a row never changes sides as data grow,
and no copy of it is on the other side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from steps.learning.dataset import Answers, Dataset, Task, Trials
from steps.learning.split import Fold, Mask
from steps.summaries.dataset import TableDataset

_MOST_BLOCKS = 1000
_GUARD_FOLDS = 5


@dataclass(frozen=True)
class Table(Dataset):
    """Columns of `rows`: row (its digest, 32 hexadecimal digits, each once), copy_of (the digest of the row that it
    copies, its own if it is no copy; missing in datasets of earlier versions), target, and the features (float64)."""

    fingerprint: str
    parameter: str
    unit: str
    task: Task
    holdout_share: float
    number: int
    rows: pd.DataFrame
    guarded: ClassVar[str] = " (cross-fitted)"

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(name for name in self.rows.columns if name not in {"row", "copy_of", "target"})

    @property
    def sequence(self) -> int | None:
        return self.number

    def training(self) -> Mask:
        return ~self.holdout()

    def holdout(self) -> Mask:
        return self._digits(0, 8) < self.holdout_share * 16**8

    def folds(self, part: "np.ndarray[Any, np.dtype[np.intp]]", count: int) -> list[Fold]:
        """Cross-validation: each row is scored in one fold and learned from in the others."""
        fold = self._digits(8, 16)[part] % count
        return [Fold(fold != number, fold == number) for number in range(count)]

    def known(self, earlier: Dataset) -> Mask:
        return self.rows["row"].isin(earlier.rows["row"]).to_numpy()

    def later(self, earlier: Dataset) -> Mask:
        """All that are new, but for copies of earlier ones: rows have no time."""
        return ~self._originals.isin(earlier.rows["row"]).to_numpy()

    def guard(self, later: Mask) -> list[Fold]:
        """Cross-fitting: each later row is scored once, by what was learned from all rows but those of its own fold, in
        which its copies are too."""
        fold = self._digits(8, 16) % _GUARD_FOLDS
        scored = [later & (fold == number) for number in range(_GUARD_FOLDS)]
        return [Fold(~score, score) for score in scored if score.any()]

    def naive(self, learned: Mask, scored: Mask) -> Sequence[tuple[str, Answers]]:
        """The mean of the learned rows, or their most frequent class."""
        target, rows = self.target[learned], int(scored.sum())
        if self.task == "regression":
            return [("training mean", np.full(rows, target.mean()))]
        classes, counts = np.unique(target, return_counts=True)
        return [("majority class", np.full(rows, classes[np.argmax(counts)]))]

    def blocks(self, scored: Mask, hours: int) -> "np.ndarray[Any, Any]":  # noqa: ARG002 - it has no hours
        """Single rows with their copies; if there are very many, several together, by their content."""
        if int(scored.sum()) <= _MOST_BLOCKS:
            return pd.factorize(self._originals[scored])[0]
        return self._digits(16, 24)[scored] % _MOST_BLOCKS

    def span(self, scored: Mask, hours: int) -> str:  # noqa: ARG002 - it has no hours
        rows, different = int(scored.sum()), self._originals[scored].nunique()
        return f"{rows:,} rows" if rows == different else f"{rows:,} rows ({rows - different:,} of them copies)"

    def about(self) -> dict[str, Any]:
        return {"task": self.task, "holdout_share": self.holdout_share, "sequence": self.number}

    def summary(self, trials: Trials) -> TableDataset:
        copies = int((self._originals != self.rows["row"]).sum())
        held_out = int(self.holdout().sum())
        return TableDataset(held_out=held_out, copies=copies, **self._common(trials), **self.about())

    @classmethod
    def restore(cls, summary: TableDataset, rows: pd.DataFrame) -> "Table":
        """The table with that summary."""
        return cls(
            fingerprint=summary.fingerprint,
            parameter=summary.parameter,
            unit=summary.unit,
            task=summary.task,
            holdout_share=summary.holdout_share,
            number=summary.sequence,
            rows=rows,
        )

    @property
    def _originals(self) -> "pd.Series[str]":
        return self.rows["copy_of" if "copy_of" in self.rows else "row"]

    def _digits(self, first: int, last: int) -> "np.ndarray[Any, np.dtype[np.int64]]":
        return np.array([int(row[first:last], 16) for row in self._originals], dtype=np.int64)
