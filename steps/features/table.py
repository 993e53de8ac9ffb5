"""What a model sees of a table's row: its numbers as they are, and an indicator for each level of a category but the
first, for which all are 0."""

import numpy as np
import pandas as pd

from steps.contract.declaration import TableDeclaration


def features(rows: pd.DataFrame, declaration: TableDeclaration) -> pd.DataFrame:
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
