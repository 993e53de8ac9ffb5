"""Whether a file's new rows come from the world of the history, where classes are learned: features and labels alike.

A classifier tries to tell the new rows from those of the history (a two-sample test: D. Lopez-Paz and M. Oquab,
Revisiting Classifier Two-Sample Tests, 2017). That alone would refuse too much: the best wines, or a file sorted by
alcohol, are told by one column. So it must still tell them without the third of the columns that differ most, and also
by what the column that differs most does not explain of the others. Numbers count by their rank, and the classifier is
linear, so that decimals give no file away.

A file may be a mixture. So only those of its rows are looked at that the columns that differ most put at the edge of
the history, if they are two fifths of it at least.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.special import ndtri

from steps.contract.declaration import TableDeclaration
from steps.features.table import features

TOLD: Final = 0.92  # AUC; red wine against any part of itself stays below 0.91, from 60 white ones it is 0.94 and more
_FEWEST_NEW: Final = 30
_FEWEST_KNOWN: Final = 100
_FEWEST_FAR: Final = 25
_FEWEST_COLUMNS: Final = 3
_FAR_SHARE: Final = 0.4
_EDGE: Final = 0.95  # of the history lies before it
_MOST_ROWS: Final = 10_000  # of either side
_FOLDS: Final = 5
_RIDGE: Final = 0.1  # of ranks as standard normal values, whose variance is 1
_NAMED: Final = 3

_Array = np.ndarray[Any, np.dtype[np.float64]]


class Known:
    """The rows that new ones are compared with. Only so many are held sorted as are compared, however many files add
    some: the first by their hash, which amounts to a random draw."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self.count = 0
        self._parts: list[pd.DataFrame] = []
        self.add(rows)

    def add(self, rows: pd.DataFrame) -> None:
        """These are known from now on, too."""
        if len(rows):
            self.count += len(rows)
            self._parts.append(rows)

    def drawn(self) -> pd.DataFrame:
        """The rows that are compared."""
        self._parts = [_drawn(pd.concat(self._parts))]
        return self._parts[0]


def reason(new_rows: pd.DataFrame, known: Known, declaration: TableDeclaration) -> str | None:
    """Why a file's new rows come from a different world than the known ones; None if they do not, or if there are too
    few to tell."""
    if len(new_rows) < _FEWEST_NEW or known.count < _FEWEST_KNOWN:
        return None
    there, new = _columns(known.drawn(), declaration), _columns(_drawn(new_rows), declaration)
    if len(there.columns) < _FEWEST_COLUMNS:
        return None
    told = _Told.of(_ranks(there.to_numpy(), new.to_numpy()))
    if told.far.sum() < max(_FEWEST_FAR, _FAR_SHARE * len(new)) or (auc := told.auc()) < TOLD:
        return None
    far, names = new[told.far], [there.columns[at] for at in told.order[:_NAMED]]
    differ = ", ".join(f"{name} {far[name].median():.4g} against {there[name].median():.4g}" for name in names)
    share = "all" if told.far.all() else f"{told.far.mean():.0%}"
    return (
        f"its {len(new_rows):,} new rows look like another table's than the {known.count:,} of the history: {share} of "
        f"them can be told from it even without the columns that differ most (AUC {auc:.2f}, wanted below {TOLD:g}); "
        f"medians: {differ}; drop it where it belongs, or, if it belongs here: pipeline inbox release KEY --why …"
    )


def _drawn(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values("row").head(_MOST_ROWS)


def _columns(rows: pd.DataFrame, declaration: TableDeclaration) -> pd.DataFrame:
    """The features and the label, as numbers."""
    label = rows[declaration.target.name].to_numpy(dtype=np.float64)
    return features(rows, declaration).assign(**{declaration.target.name: label})


@dataclass(frozen=True, eq=False)
class _Told:
    """Known and new rows, as ranks; the columns by how much they differ, and which new rows those that differ most put
    at the edge of the known ones."""

    known: _Array
    new: _Array
    order: Any
    far: Any

    @classmethod
    def of(cls, ranks: tuple[_Array, _Array]) -> "_Told":
        known, new = ranks
        single = [abs(_auc(known[:, at], new[:, at]) - 0.5) for at in range(known.shape[1])]
        order = np.argsort(-np.array(single), kind="stable")
        most = order[: max(len(order) // 3, 1)]
        weights = _direction(known[:, most], new[:, most])
        far = new[:, most] @ weights > np.quantile(known[:, most] @ weights, _EDGE)
        return cls(known, new, order, far)

    def auc(self) -> float:
        """How well the far rows are told without the columns that differ most, or by what the first of them does not
        explain, whichever is worse."""
        known, far = self.known, self.new[self.far]
        rest = self.order[max(len(self.order) // 3, 1) :]
        first, others = self.order[0], self.order[1:]
        explained = np.linalg.lstsq(np.vander(known[:, first], 3), known[:, others], rcond=None)[0]
        left = [one[:, others] - np.vander(one[:, first], 3) @ explained for one in (known, far)]
        return min(_cross_validated(known[:, rest], far[:, rest]), _cross_validated(*left))


def _ranks(known: _Array, new: _Array) -> tuple[_Array, _Array]:
    """The ranks of all values in each column, as the standard normal values at them."""
    ranks = _ranked(np.concatenate([known, new]))
    normal = ndtri(ranks / (len(ranks) + 1))
    return normal[: len(known)], normal[len(known) :]


def _ranked(values: _Array) -> _Array:
    """Ranks from 1, equal values having the mean of theirs."""
    ranks: _Array = pd.DataFrame(values).rank().to_numpy().reshape(values.shape)
    return ranks


def _direction(known: _Array, new: _Array) -> _Array:
    """Fisher's linear discriminant, from the known to the new rows."""
    within = (np.cov(known, rowvar=False) + np.cov(new, rowvar=False)) / 2
    square = np.atleast_2d(within) + _RIDGE * np.eye(known.shape[1])
    found: _Array = np.linalg.solve(square, new.mean(axis=0) - known.mean(axis=0))
    return found


def _cross_validated(known: _Array, new: _Array) -> float:
    """The AUC of discriminants that have not seen the rows that they are asked about."""
    ours, theirs = np.empty(len(known)), np.empty(len(new))
    for fold in range(_FOLDS):
        own, other = np.arange(len(known)) % _FOLDS == fold, np.arange(len(new)) % _FOLDS == fold
        weights = _direction(known[~own], new[~other])
        middle = (known[~own].mean(axis=0) + new[~other].mean(axis=0)) / 2
        ours[own], theirs[other] = (known[own] - middle) @ weights, (new[other] - middle) @ weights
    return _auc(ours, theirs)


def _auc(known: _Array, new: _Array) -> float:
    """How often a new value is above a known one (the Mann-Whitney statistic)."""
    above = _ranked(np.concatenate([known, new]))[len(known) :].sum() - len(new) * (len(new) + 1) / 2
    return float(above / len(known) / len(new))
