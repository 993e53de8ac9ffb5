"""Whether a column gives the label away: it is a function of it, or the label one of the column.

A class made from the label, its logarithm or a code for it cannot be known where the label is not; a model that learns
from it scores splendidly and is of no use. Exact functions of any shape have a coefficient of 1 (less 3 per row), one
with 2 % of noise 0.9 to 0.98. What honestly goes with a label has less: at most 0.20 in red wine and 0.37 in abalone,
and of any two columns of either, taken for the label, at most 0.85, an abalone's length and diameter.
"""

from typing import Final

import numpy as np
import pandas as pd

from steps.checking import dependence
from steps.contract.declaration import Column, TableDeclaration

_ALLOWED: Final = 0.94
_ROWS: Final = 100  # with fewer it is not judged
_DRAWN: Final = 20_000


def found(rows: pd.DataFrame, declaration: TableDeclaration) -> list[str]:
    """In words, the columns of `rows` that give the target away."""
    if len(rows) < _ROWS:
        return []
    label = declaration.target
    values = {column.name: _numbers(rows[column.name], column) for column in declaration.table.columns}
    lines = []
    for name, own in values.items():
        of_label = _functional(own, values[label.name])
        of_column = _functional(values[label.name], own)
        if name != label.name and max(of_label, of_column) > _ALLOWED:
            function = f"{name!r} is a function of it" if of_label >= of_column else f"it is a function of {name!r}"
            fit = f"by {max(of_label, of_column):.2f} (at most {_ALLOWED} is allowed)"
            lines.append(f"the column {name!r} gives {label.name!r} away: {function} {fit}")
    return lines


def _numbers(values: "pd.Series[float]", column: Column) -> dependence.Array:
    numbers = values.map({level: number for number, level in enumerate(column.levels)}) if column.levels else values
    return numbers.to_numpy(dtype=np.float64)


def _functional(values: dependence.Array, of: dependence.Array) -> float:
    """How far the values are a function `of` the others."""
    ranked = dependence.ranks(values)
    order = dependence.order(of, _DRAWN)
    return float(dependence.functional(ranked[order], dependence.spread(ranked[order]))[0])
