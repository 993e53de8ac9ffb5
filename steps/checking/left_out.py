"""How many values of accepted days were left out, and why: each is counted once, for the first reason that there is."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from steps.checking import words
from steps.checking.profile import UNUSABLE, every
from steps.checking.sensors import Chosen
from steps.checking.table import Table
from steps.summaries.intervals import Interval

_Flags = np.ndarray[Any, np.dtype[np.bool_]]


def counted(
    table: Table,
    faults: pd.DataFrame,
    judged: pd.DataFrame,
    chosen: Chosen,
    *,
    uncovered: _Flags,
    accepted: _Flags,
    interval: Interval,
) -> Counter[str]:
    """The rows of accepted files that are in no hour (or day), by reason; and what was undeclared or repeated in any
    file.

    Args:
        faults: for each row whether it is `missing`, a `code`, …, or in an `unknown_unit`.
        judged: `profile.of_series`, and whether each is `seldom`, `stuck` or `unusable`.
        uncovered: which rows are in no hour, or day, that is covered enough.
        accepted: which files are.
    """
    codes, number = table.rows["code"].to_numpy(), table.rows["series"].to_numpy()
    left = accepted[table.rows["file"].to_numpy()]
    counts: Counter[str] = Counter()

    def of_rows(flags: _Flags, say: Callable[[pd.Series], str]) -> None:
        nonlocal left
        which, many = np.unique(number[flags & left], return_counts=True)
        for one, rows in zip(which.tolist(), many.tolist(), strict=True):
            counts[say(judged.iloc[one])] += rows
        left = left & ~flags

    def of_series(flags: "_Flags | pd.Series[bool]", what: Callable[[pd.Series], str]) -> None:
        of_rows(np.asarray(flags)[number], lambda one: words.of_sensor(one, what(one)))

    of_series(judged["unknown_unit"].notna(), lambda one: f"in an unknown unit {words.quoted(one['unknown_unit'])}")
    for code in np.unique(codes[~np.isnan(codes)]):
        of_rows(codes == code, partial(words.of_sensor, what=f"of {code:g}, an error code"))
    for name in UNUSABLE:
        of_rows(faults[name].to_numpy(), partial(_named, name=name))
    of_series(judged["seldom"], lambda one: f"every {every(one['minutes'])}, too seldom for {interval.name}s")
    of_series(judged["stuck"], lambda _: "that stands still")
    of_series(judged["unusable"], lambda _: "that is mostly unusable")
    of_rows(uncovered, lambda _: f"of {interval.one} that they cover too little of")
    rejected = judged.index.isin([one for some in chosen.rejected.values() for one in some])
    of_series(rejected, lambda _: "that differs from the sensor that was used")
    counts.update({words.undeclared(name): rows for name, rows in table.undeclared.items()})
    counts["repeated"] = table.repeated
    return +counts


def _named(_: pd.Series, name: str) -> str:
    return name
