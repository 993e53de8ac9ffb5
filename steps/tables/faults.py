"""Whether an alarm about a table's model is the data's or the world's.

What comes is checked before it is accepted: ranges, units by their header, copies, another table's rows. Some faults
only show in many files: a column that has got stuck, or that is written in another unit within its range.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from steps.contract.declaration import TableDeclaration
from steps.monitoring.cause import Cause
from steps.pages.words import count
from steps.tables.looks import Look

_FEWEST: Final = 3  # looks that an alarm rests on
_STUCK: Final = 0.5  # of the rows have one value
_NEAR: Final = 0.1  # of a factor
_MISTAKABLE: Final = {
    "a power of ten": 10.0,
    "two powers of ten": 100.0,
    "three powers of ten": 1000.0,
    "inches for centimetres": 2.54,
    "inches for millimetres": 25.4,
    "feet for metres": 0.3048,
    "pounds for kilograms": 0.45359,
    "ounces for grams": 28.35,
}


def judge(
    recent: pd.DataFrame, learned: pd.DataFrame, looks: list[Look], refused: int, declaration: TableDeclaration
) -> tuple[Cause, str]:
    """The cause, and what it is taken from, in words. `recent`: the rows since the evidence began to grow, of those
    `looks`; `learned`: those that the model knows; `refused`: files that were since then."""
    since = f"since {looks[0].day:%F}"
    faults = [*_stuck(recent, learned, declaration, since), *_scaled(recent, learned, declaration, since)]
    if refused > len(looks):
        faults.append(f"{count(refused, 'file was', 'files were')} refused {since}, {len(looks)} counted")
    if faults:
        return "data", f"The data are broken: {'; '.join(faults)}."
    if len(looks) < _FEWEST:
        return "unclear", f"It rests on {count(len(looks), 'file')} alone."
    return "world", "The data are in order: few files were refused, no column is stuck or in another unit."


def _numbers(declaration: TableDeclaration) -> list[str]:
    return [column.name for column in declaration.table.columns if not column.levels]


def _stuck(recent: pd.DataFrame, learned: pd.DataFrame, declaration: TableDeclaration, since: str) -> Iterator[str]:
    for name in _numbers(declaration):
        now, before = (float(rows[name].value_counts(normalize=True).max()) for rows in (recent, learned))
        if now > _STUCK and before < _STUCK / 2:
            yield f"{now:.0%} of the rows {since} have the same {name}"


def _scaled(recent: pd.DataFrame, learned: pd.DataFrame, declaration: TableDeclaration, since: str) -> Iterator[str]:
    """Columns whose values have become a factor larger or smaller over their whole range."""
    for name in _numbers(declaration):
        now, before = (
            np.quantile(rows[name].to_numpy(dtype=np.float64), [0.25, 0.5, 0.75]) for rows in (recent, learned)
        )
        if not ((before > 0).all() and (now > 0).all()):
            continue
        for words, factor in _MISTAKABLE.items():
            for wanted in (factor, 1 / factor):
                if (np.abs(now / before / wanted - 1) < _NEAR).all():
                    yield f"{name} is {wanted:.3g} times what it was {since} ({words})"
