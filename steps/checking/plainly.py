"""A plain look at a frame: whether an expectation that Great Expectations would evaluate finds nothing there.

It takes microseconds, where importing Great Expectations takes seconds and each of its runs a tenth of one. It only
ever says that nothing fails; what fails is Great Expectations' to say. A test holds that the two agree.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd


def checked(frame: pd.DataFrame, name: str, given: Mapping[str, Any]) -> int | None:
    """How many values the expectation of that name looks at, if none fails; None if one may."""
    look = _LOOKS.get(name)
    return None if look is None else look(frame, **given)


def _there(frame: pd.DataFrame, column: str) -> int | None:
    return len(frame) if frame[column].notna().all() else None


def _absent(frame: pd.DataFrame, column: str) -> int | None:
    return len(frame) if frame[column].isna().all() else None


def _between(
    frame: pd.DataFrame,
    column: str,
    min_value: float | None = None,
    max_value: float | None = None,
    strict_min: bool = False,
) -> int | None:
    values = frame[column].dropna()
    low = min_value is None or (values > min_value if strict_min else values >= min_value).all()
    return len(values) if low and (max_value is None or (values <= max_value).all()) else None


def _one_of(frame: pd.DataFrame, column: str, value_set: Sequence[Any]) -> int | None:
    values = frame[column].dropna()
    return len(values) if values.isin(value_set).all() else None


def _greater(
    frame: pd.DataFrame, column_A: str, column_B: str, ignore_row_if: str, or_equal: bool = False
) -> int | None:
    if ignore_row_if != "either_value_is_missing":
        return None
    both = frame[[column_A, column_B]].dropna()
    larger, other = both[column_A], both[column_B]
    return len(both) if (larger >= other if or_equal else larger > other).all() else None


def _unique(frame: pd.DataFrame, column_list: Sequence[str], ignore_row_if: str) -> int | None:
    if ignore_row_if != "any_value_is_missing":
        return None
    whole = frame[list(column_list)].dropna()
    return None if whole.duplicated().any() else len(whole)


_LOOKS: Mapping[str, Callable[..., int | None]] = {
    "ExpectColumnValuesToNotBeNull": _there,
    "ExpectColumnValuesToBeNull": _absent,
    "ExpectColumnValuesToBeBetween": _between,
    "ExpectColumnValuesToBeInSet": _one_of,
    "ExpectColumnPairValuesAToBeGreaterThanB": _greater,
    "ExpectCompoundColumnsToBeUnique": _unique,
}
