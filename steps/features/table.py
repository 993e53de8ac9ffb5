"""What a model sees of a table's row.

`build` is what a declaration names unless it says otherwise: numbers as they are, and an indicator for each level of a
category but the first, for which all are 0. A function of the project's own has the same signature, and keeps to what
`steps.testing.check_features` looks at.
"""

import numpy as np
import pandas as pd

from steps.contract.code import load
from steps.contract.declaration import TableDeclaration
from steps.errors import BadInput

_TAKEN = {"row", "copy_of", "target"}  # columns of a dataset that are no features


def features(rows: pd.DataFrame, declaration: TableDeclaration) -> pd.DataFrame:
    """The features of `rows`, float64, by the function that the project declares.

    Raises:
        BadInput: the function cannot be loaded, or gives something else.
    """
    name = declaration.learning.features
    found = load(name)(rows, declaration)
    if not isinstance(found, pd.DataFrame) or len(found) != len(rows):
        raise BadInput(f"{name} gives {_of(found)} for {len(rows):,} rows; wanted a DataFrame with a row for each")
    wrong = [str(each) for each in found.columns if not isinstance(each, str) or each in _TAKEN]
    texts = [str(each) for each in found.columns if not pd.api.types.is_numeric_dtype(found[each].dtype)]
    if wrong or texts or not len(found.columns) or not found.columns.is_unique:
        what = f"the column {(wrong or texts)[0]!r}" if wrong or texts else f"the columns {list(found.columns)!r:.80}"
        raise BadInput(f"{name} gives {what}; wanted numbers, each column with a name of its own, not {_listed()}")
    return found.astype("float64").set_axis(rows.index)


def build(rows: pd.DataFrame, declaration: TableDeclaration) -> pd.DataFrame:
    """The features of `rows`, float64, in the declared order; without the target."""
    found: dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]] = {}
    for column in declaration.table.columns:
        if column.name == declaration.learning.target:
            continue
        if not column.levels:
            found[column.name] = rows[column.name].to_numpy(dtype=np.float64)
        for level in column.levels[1:]:
            found[f"{column.name}={level}"] = (rows[column.name] == level).to_numpy(dtype=np.float64)
    return pd.DataFrame(found, index=rows.index)


def _of(found: object) -> str:
    return f"a DataFrame of {len(found):,} rows" if isinstance(found, pd.DataFrame) else f"a {type(found).__name__}"


def _listed() -> str:
    return ", ".join(sorted(_TAKEN))
