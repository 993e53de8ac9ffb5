"""A row's identity: the same values are the same row, in any order, file or spelling."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pandas as pd

from steps.contract.declaration import Table

_PART = 100_000
_BETWEEN = "\x1f"  # ASCII's unit separator, which occurs in no number and no declared level


def identified(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """The frame, of the declared columns, with `row` before them: the first 32 hex digits of the SHA-256 of the row's
    canonical form, which is each number as Python writes a float, and each level's text, in the declared order."""
    names = [column.name for column in table.columns]
    parts = [
        pd.Series(list(_digests(frame.iloc[start : start + _PART], names)), dtype="str")
        for start in range(0, len(frame), _PART)
    ]
    row = pd.concat(parts, ignore_index=True) if parts else pd.Series([], dtype="str")
    return pd.DataFrame({"row": row, **{name: frame[name] for name in names}}, copy=False)


def _digests(part: pd.DataFrame, names: list[str]) -> Iterator[str]:
    written = [_written(part[name]) for name in names]
    return (sha256(_BETWEEN.join(row).encode()).hexdigest()[:32] for row in zip(*written, strict=True))


def _written(column: "pd.Series[Any]") -> list[str]:
    """Each value's text; as columns repeat values, each different one is formatted once."""
    codes, values = pd.factorize(column, use_na_sentinel=False)
    texts = [one if isinstance(one, str) else repr(float(one)) for one in values]
    return [texts[code] for code in codes]
